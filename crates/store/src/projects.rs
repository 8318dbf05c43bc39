//! Projects: folders that were opened.

use mira_protocol::{ProjectId, UtcMs};

use crate::{Store, StoreError};

/// A project as stored; whether its folder is there is for the engine to look.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectRow {
    pub id: ProjectId,
    pub name: String,
    pub path: String,
    pub description: String,
    pub created_at: UtcMs,
    pub last_opened_at: UtcMs,
}

struct Columns {
    id: String,
    name: String,
    path: String,
    description: String,
    created_at: i64,
    last_opened_at: i64,
}

impl From<Columns> for ProjectRow {
    fn from(row: Columns) -> Self {
        Self {
            id: ProjectId(row.id),
            name: row.name,
            path: row.path,
            description: row.description,
            created_at: row.created_at,
            last_opened_at: row.last_opened_at,
        }
    }
}

impl Store {
    /// The project of a canonical path: found (also a forgotten one, which is remembered again)
    /// or made with that name.
    pub async fn open_project(
        &self,
        path: &str,
        name: &str,
        at: UtcMs,
    ) -> Result<ProjectRow, StoreError> {
        let id = ProjectId::new();
        let row = sqlx::query_as!(
            Columns,
            r#"INSERT INTO projects (id, name, path, created_at, last_opened_at)
               VALUES (?1, ?2, ?3, ?4, ?4)
               ON CONFLICT (path) DO UPDATE SET
                 last_opened_at = excluded.last_opened_at, removed_at = NULL
               RETURNING id AS "id!", name AS "name!", path AS "path!",
                 description AS "description!", created_at AS "created_at!",
                 last_opened_at AS "last_opened_at!""#,
            id.0,
            name,
            path,
            at,
        )
        .fetch_one(&mut *self.writer().await)
        .await?;
        Ok(row.into())
    }

    /// A project, also a forgotten one.
    pub async fn project(&self, id: &ProjectId) -> Result<ProjectRow, StoreError> {
        let row = sqlx::query_as!(
            Columns,
            "SELECT id, name, path, description, created_at, last_opened_at
             FROM projects WHERE id = ?1",
            id.0
        )
        .fetch_optional(self.reader())
        .await?;
        row.map(ProjectRow::from).ok_or_else(|| missing(id))
    }

    /// Projects that are not forgotten, last opened first.
    pub async fn projects(&self) -> Result<Vec<ProjectRow>, StoreError> {
        let rows = sqlx::query_as!(
            Columns,
            "SELECT id, name, path, description, created_at, last_opened_at
             FROM projects WHERE removed_at IS NULL ORDER BY last_opened_at DESC, rowid DESC"
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows.into_iter().map(ProjectRow::from).collect())
    }

    /// Changes what is given.
    pub async fn update_project(
        &self,
        id: &ProjectId,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE projects SET name = coalesce(?2, name),
               description = coalesce(?3, description) WHERE id = ?1",
            id.0,
            name,
            description,
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        if changed == 0 {
            Err(missing(id))
        } else {
            Ok(())
        }
    }

    /// Hides a project from the list; its sessions and remembered answers stay.
    pub async fn forget_project(&self, id: &ProjectId, at: UtcMs) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE projects SET removed_at = ?2 WHERE id = ?1",
            id.0,
            at
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        if changed == 0 {
            Err(missing(id))
        } else {
            Ok(())
        }
    }
}

fn missing(id: &ProjectId) -> StoreError {
    StoreError::NotFound {
        what: "project",
        id: id.0.clone(),
    }
}
