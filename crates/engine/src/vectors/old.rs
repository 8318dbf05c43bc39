//! Collections that search does not use any more: shown with what would be lost, removed on a word.

use mira_protocol::vectors::{
    AskOldVectors, MigrationPhase, OldCollection, OldVectors, ProjectVectors, RemoveOldVectors,
    VectorStore,
};
use mira_protocol::{Code, Failure, Topic};
use mira_vectors::{Collection, Filter, ModelId, VectorIndex};

use super::{Vectors, failed};
use crate::projects::Projects;

/// Bytes of a number.
const NUMBER: u64 = 4;

impl Vectors {
    pub async fn old(
        &self,
        request: AskOldVectors,
        projects: &Projects,
    ) -> Result<OldVectors, Failure> {
        let used = self.0.settings.current().vectors_in();
        let store = request.store.unwrap_or(used);
        let index = self.store(store).await.map_err(failed)?;
        let mut old = OldVectors {
            store,
            place: index.place(),
            collections: Vec::new(),
        };
        for collection in index.collections().await.map_err(failed)? {
            if !self.is_in_use(store, &collection).await {
                let one = lost(&*index, &collection, projects).await?;
                old.collections.push(one);
            }
        }
        Ok(old)
    }

    /// # Errors
    /// [`Code::Conflict`] where it is in use, is being moved, or holds more than was shown.
    pub async fn remove_old(
        &self,
        request: RemoveOldVectors,
        projects: &Projects,
    ) -> Result<OldVectors, Failure> {
        let store = request.store;
        let moving = self.migration();
        if moving.is_some_and(|one| one.phase == MigrationPhase::Running) {
            let text = "Vectors are being moved, so none are removed now.";
            return Err(Failure::new(Code::Conflict, text)
                .hint("Wait until that is done, or cancel it: `mira index migrate --cancel`."));
        }
        let index = self.store(store).await.map_err(failed)?;
        let meant = |one: &Collection| {
            one.name == request.name
                && one.model == ModelId::new(request.model.as_str())
                && one.dimensions == request.dimensions as usize
        };
        let there = index.collections().await.map_err(failed)?;
        let Some(collection) = there.into_iter().find(meant) else {
            let what = format!("{} by {}", request.name, request.model);
            return Err(Failure::not_found(format!("A collection {what}")));
        };
        if self.is_in_use(store, &collection).await {
            let text = format!(
                "{} by {} is in use: search would make its vectors anew at once.",
                request.name, request.model
            );
            return Err(Failure::new(Code::Conflict, text)
                .hint("Choose another model first, or move the vectors elsewhere."));
        }
        let points = index.count(&collection, &Filter::all()).await;
        if points.map_err(failed)? > request.points {
            let text = "It holds more than was shown by now.";
            return Err(Failure::new(Code::Conflict, text).hint("Look at it again."));
        }
        index.remove(&collection).await.map_err(failed)?;
        self.0.events.topic(Topic::Vectors);
        let store = Some(store);
        self.old(AskOldVectors { store }, projects).await
    }

    async fn is_in_use(&self, store: VectorStore, collection: &Collection) -> bool {
        store == self.0.settings.current().vectors_in() && self.parts().await.uses(collection)
    }
}

async fn lost(
    index: &dyn VectorIndex,
    collection: &Collection,
    projects: &Projects,
) -> Result<OldCollection, Failure> {
    let points = index.count(collection, &Filter::all()).await;
    let points = points.map_err(failed)?;
    let mut of = Vec::new();
    for project in projects.list().await?.projects {
        let own = Filter::is("project", project.id.as_str());
        let points = index.count(collection, &own).await.map_err(failed)?;
        if points > 0 {
            of.push(ProjectVectors {
                project_id: project.id,
                name: project.name,
                points,
            });
        }
    }
    of.sort_by_key(|one| std::cmp::Reverse(one.points));
    Ok(OldCollection {
        name: collection.name.clone(),
        model: collection.model.to_string(),
        dimensions: u32::try_from(collection.dimensions).unwrap_or(u32::MAX),
        points,
        bytes: points * collection.dimensions as u64 * NUMBER,
        projects: of,
    })
}
