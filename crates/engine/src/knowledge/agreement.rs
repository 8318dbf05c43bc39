//! A model that costs is given a project's code when the person said yes to how much.

use mira_index::Needs;
use mira_protocol::project::ProjectRef;
use mira_protocol::vectors::{AgreeVectors, VectorsEstimate};
use mira_protocol::{Code, Failure, dollars};

use super::meaning::Sense;
use super::{Held, Knowledge, from_index};
use crate::clock::now_ms;
use crate::failure::from_store;
use crate::vectors::Missing;

/// What a question to the person begins its hint with.
const HOW: &str = "Say yes in the settings of vectors, or with `mira index embedder`.";

/// More than was agreed to by so much is asked anew: sizes change while a question is read.
const ROOM: f64 = 1.2;

pub(super) fn is_question(problem: &Missing) -> bool {
    problem.hint == HOW
}

impl Knowledge {
    pub async fn estimate(&self, request: ProjectRef) -> Result<VectorsEstimate, Failure> {
        let held = self.of(&request.project_id).await?;
        self.estimate_of(&held).await
    }

    /// Yes to what was shown; refused where it is not that any more.
    pub async fn agree(&self, request: AgreeVectors) -> Result<VectorsEstimate, Failure> {
        let held = self.of(&request.project_id).await?;
        let now = self.estimate_of(&held).await?;
        let same = now.model == request.model && now.dimensions == request.dimensions;
        if !same || now.tokens as f64 > request.tokens as f64 * ROOM {
            let text = "It is not what was shown any more: another model, or more code.";
            return Err(Failure::new(Code::Conflict, text).hint("Look at it again."));
        }
        self.0
            .store
            .agree_embeddings(
                &request.project_id,
                &request.model,
                request.dimensions,
                request.tokens,
                now_ms(),
            )
            .await
            .map_err(from_store)?;
        self.nudge();
        self.say(&held);
        self.estimate_of(&held).await
    }

    async fn estimate_of(&self, held: &Held) -> Result<VectorsEstimate, Failure> {
        held.until_fresh().await;
        let sense = held.sense();
        let (Ok(meaning), Ok(maker)) = (&sense.meaning, &sense.parts.maker) else {
            let missing = sense.meaning.as_ref().err();
            let missing = missing.map(ToString::to_string).unwrap_or_default();
            return Err(Failure::new(Code::Conflict, missing));
        };
        let needs = held.index.needs(meaning).await.map_err(from_index)?;
        Ok(VectorsEstimate {
            model: maker.embedder.model().to_string(),
            dimensions: u32::try_from(maker.embedder.dimensions()).unwrap_or(u32::MAX),
            pieces: needs.pieces,
            tokens: needs.tokens,
            cost_micro_usd: cost(&sense, &needs),
            is_paid: maker.is_paid,
            is_agreed: self.is_agreed(held, &sense, &needs).await,
        })
    }

    async fn is_agreed(&self, held: &Held, sense: &Sense, needs: &Needs) -> bool {
        let Ok(maker) = &sense.parts.maker else {
            return false;
        };
        if !maker.is_paid || needs.pieces == 0 {
            return true;
        }
        let model = maker.embedder.model().as_str();
        let dimensions = u32::try_from(maker.embedder.dimensions()).unwrap_or(u32::MAX);
        let agreed = self
            .0
            .store
            .agreed_embeddings(&held.project.id, model, dimensions)
            .await;
        let agreed = agreed.ok().flatten();
        agreed.is_some_and(|tokens| needs.tokens as f64 <= tokens as f64 * ROOM)
    }

    /// What the person is to be asked; none where they said yes.
    pub(super) async fn question(
        &self,
        held: &Held,
        sense: &Sense,
        needs: &Needs,
    ) -> Option<Missing> {
        if self.is_agreed(held, sense, needs).await {
            return None;
        }
        let cost = cost(sense, needs).map_or("its price is not known".to_owned(), |cost| {
            format!("about {}", dollars(cost))
        });
        Some(Missing {
            why: format!(
                "{} pieces of this project, about {} tokens, would be sent to {} ({cost}), and you \
                 were not asked yet",
                needs.pieces,
                needs.tokens,
                sense
                    .parts
                    .maker
                    .as_ref()
                    .map_or("a model", |maker| maker.embedder.model().as_str()),
            ),
            hint: HOW.to_owned(),
        })
    }
}

fn cost(sense: &Sense, needs: &Needs) -> Option<mira_protocol::MicroUsd> {
    let prices = sense.parts.maker.as_ref().ok()?.prices?;
    Some(prices.micro_usd(&mira_llm::Usage {
        input: needs.tokens,
        ..mira_llm::Usage::default()
    }))
}
