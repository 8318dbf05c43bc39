//! Who would answer a message, what it weighs, and whether it can be sent.

use mira_protocol::message::{EstimateMessage, EstimatePart, Fragment, Mention, MessageEstimate};
use mira_protocol::project::Project;
use mira_protocol::route::ExplainRoute;
use mira_protocol::{Failure, ProjectId, SessionId};

use super::{Operations, attachments};
use crate::budget::price;
use crate::failure::from_store;
use crate::ports::Want;

/// What an image counts in a prompt, in tokens; vendors differ, and say so only afterwards.
const IMAGE_TOKENS: u64 = 1_000;

impl Operations {
    /// Nothing is stored and no model is asked.
    pub async fn estimate(&self, request: EstimateMessage) -> Result<MessageEstimate, Failure> {
        let session = request.session_id.as_ref();
        let project = self.place_of(session, request.project_id.as_ref()).await?;
        let mut parts: Vec<EstimatePart> = request
            .attachments
            .iter()
            .map(|one| EstimatePart {
                name: one.name.clone(),
                tokens: if one.media_type.starts_with("image/") {
                    IMAGE_TOKENS
                } else {
                    one.size_bytes.div_ceil(4)
                },
                dropped: None,
                problem: attachments::problem(&one.name, &one.media_type, one.size_bytes),
            })
            .collect();
        for mention in &request.mentions {
            parts.push(self.mentioned_part(mention, project.as_ref()).await);
        }
        let files = parts.len() as u32;
        if let Some(project) = &project {
            let EstimateMessage {
                content, mentions, ..
            } = &request;
            let related = self.related(content, mentions, session, project).await;
            parts.extend(related.map(part_of));
        }
        let beside = parts.iter().map(|part| part.tokens).sum::<u64>();
        let message_tokens = (request.content.len() as u64).div_ceil(4) + beside;

        let explained = self
            .explained(
                ExplainRoute {
                    content: request.content.clone(),
                    session_id: request.session_id.clone(),
                    project_id: request.project_id.clone(),
                    tier: request.tier,
                    model: request.model.clone(),
                    files,
                },
                beside,
            )
            .await?
            .decision;
        let want = Want {
            tier: explained.tier,
            model: request.model.or(Some(explained.model)),
        };
        let model = self.models.resolve(&want).await?;
        let images: Vec<String> = request
            .attachments
            .iter()
            .filter(|one| one.media_type.starts_with("image/"))
            .map(|one| one.name.clone())
            .collect();
        let blind = attachments::unseen(&images, &model).map(|failure| failure.message);
        let problems = parts.iter().filter_map(|part| part.problem.clone());
        Ok(MessageEstimate {
            tier: explained.tier,
            reason: explained.reason,
            provider: model.provider,
            accepts_images: model.accepts_images,
            message_tokens,
            input_micro_usd: model
                .prices
                .map(|prices| price::expected(&prices, message_tokens, 0)),
            prompt_tokens: explained.facts.prompt_tokens,
            expected_micro_usd: model.prices.map(|prices| {
                let output = explained
                    .tiers
                    .iter()
                    .find(|cost| cost.tier == explained.tier)
                    .map_or(0, |cost| cost.expected_output_tokens);
                price::expected(&prices, explained.facts.prompt_tokens, output)
            }),
            problems: problems.chain(blind).collect(),
            parts,
            model: model.id,
        })
    }

    /// The project that a message would be about: the one that is named, else the session's.
    pub(super) async fn place_of(
        &self,
        session: Option<&SessionId>,
        project: Option<&ProjectId>,
    ) -> Result<Option<Project>, Failure> {
        let of_session = match session {
            Some(id) => self.store.session(id).await.map_err(from_store)?.project_id,
            None => None,
        };
        match project.cloned().or(of_session) {
            Some(id) => Ok(Some(self.projects.get_by_id(&id).await?)),
            None => Ok(None),
        }
    }

    async fn mentioned_part(&self, mention: &Mention, project: Option<&Project>) -> EstimatePart {
        let read = async {
            let project = match project {
                Some(project) => project.clone(),
                None => self.projects.scratch().await?,
            };
            let workspace = self.workspace(&project, Default::default())?;
            self.resolve_mentions(std::slice::from_ref(mention), &project, &workspace)
                .await
        };
        let name = match mention {
            Mention::File { path } | Mention::Folder { path } => path.clone(),
            Mention::Session { session_id } => session_id.to_string(),
            Mention::Commit { commit } => commit.clone(),
            Mention::Symbol { name, .. } => name.clone(),
            Mention::Related => super::related::NAME.to_owned(),
        };
        match read.await.map(|mut fragments| fragments.pop()) {
            Ok(Some(fragment)) => part_of(fragment),
            Ok(None) => EstimatePart {
                name,
                tokens: 0,
                dropped: None,
                problem: None,
            },
            Err(failure) => EstimatePart {
                name,
                tokens: 0,
                dropped: None,
                problem: Some(failure.message),
            },
        }
    }
}

fn part_of(fragment: Fragment) -> EstimatePart {
    EstimatePart {
        name: fragment.name,
        tokens: fragment.tokens,
        dropped: fragment.dropped,
        problem: None,
    }
}
