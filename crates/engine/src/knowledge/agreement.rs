//! A model that costs is given a project's code, commits and messages when the person said yes to how much.

use mira_index::{IndexError, Needs};
use mira_protocol::project::ProjectRef;
use mira_protocol::vectors::{AgreeVectors, VectorsEstimate};
use mira_protocol::{Code, Failure, dollars};
use mira_store::Agreed;

use super::meaning::{Kind, Sense};
use super::{Held, Knowledge, from_index};
use crate::clock::now_ms;
use crate::failure::from_store;
use crate::vectors::Missing;

/// What a question to the person begins its hint with.
const HOW: &str = "Say yes in the settings of vectors, or with `mira index embedder`.";

/// Who said yes to messages is not asked again for so many tokens at once: some come every day.
const FEW_TOKENS: u64 = 20_000;

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
        let is_more = |now: u64, shown: u64| now as f64 > shown as f64 * ROOM;
        // Who knows of no commits says yes to code alone.
        let commits = request.commit_tokens;
        let messages = request.message_tokens;
        let has_grown = is_more(now.tokens, request.tokens)
            || commits > 0 && is_more(now.commit_tokens, commits)
            || messages.is_some_and(|shown| is_more(now.message_tokens, shown.max(FEW_TOKENS)));
        if !same || has_grown {
            let text = "It is not what was shown any more: another model, or more code.";
            return Err(Failure::new(Code::Conflict, text).hint("Look at it again."));
        }
        self.0
            .store
            .agree_embeddings(
                &request.project_id,
                &request.model,
                request.dimensions,
                Agreed {
                    code: request.tokens,
                    commits,
                    messages,
                },
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
        held.commits.until_done().await;
        let sense = held.sense();
        let (Ok(_), Ok(maker)) = (&sense.meaning, &sense.parts.maker) else {
            let missing = sense.meaning.as_ref().err();
            let missing = missing.map(ToString::to_string).unwrap_or_default();
            return Err(Failure::new(Code::Conflict, missing));
        };
        let code = needs(held, &sense, Kind::Code).await.map_err(from_index)?;
        let commits = needs(held, &sense, Kind::Commits).await;
        let commits = commits.map_err(from_index)?;
        self.take_in_messages(held).await.map_err(from_index)?;
        let messages = needs(held, &sense, Kind::Messages).await;
        let messages = messages.map_err(from_index)?;
        let mut is_agreed = true;
        for (kind, needs) in Kind::ALL.iter().zip([&code, &commits, &messages]) {
            is_agreed &= self.is_agreed(held, &sense, *kind, needs).await;
        }
        Ok(VectorsEstimate {
            model: maker.embedder.model().to_string(),
            dimensions: u32::try_from(maker.embedder.dimensions()).unwrap_or(u32::MAX),
            pieces: code.pieces,
            tokens: code.tokens,
            commits: commits.pieces,
            commit_tokens: commits.tokens,
            messages: messages.pieces,
            message_tokens: messages.tokens,
            cost_micro_usd: cost(&sense, code.tokens + commits.tokens + messages.tokens),
            is_paid: maker.is_paid,
            is_agreed,
        })
    }

    async fn is_agreed(&self, held: &Held, sense: &Sense, kind: Kind, needs: &Needs) -> bool {
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
        agreed.ok().flatten().is_some_and(|agreed| {
            let tokens = match kind {
                Kind::Code => agreed.code,
                Kind::Commits => agreed.commits,
                Kind::Messages => agreed.messages.map_or(0, |tokens| tokens.max(FEW_TOKENS)),
            };
            needs.tokens as f64 <= tokens as f64 * ROOM
        })
    }

    /// What the person is to be asked; none where they said yes.
    pub(super) async fn question(
        &self,
        held: &Held,
        sense: &Sense,
        kind: Kind,
    ) -> Result<Option<Missing>, IndexError> {
        let needs = needs(held, sense, kind).await?;
        if self.is_agreed(held, sense, kind, &needs).await {
            return Ok(None);
        }
        let cost = cost(sense, needs.tokens).map_or("its price is not known".to_owned(), |cost| {
            format!("about {}", dollars(cost))
        });
        let maker = sense.parts.maker.as_ref();
        let model = maker.map_or("a model", |maker| maker.embedder.model().as_str());
        let (pieces, tokens) = (needs.pieces, needs.tokens);
        let why = match kind {
            Kind::Code => format!(
                "{pieces} pieces of this project, about {tokens} tokens, would be sent to {model} \
                 ({cost}), and you were not asked yet"
            ),
            Kind::Commits => format!(
                "{pieces} commits of this project, about {tokens} tokens, would be sent to {model} \
                 ({cost}), and you were not asked yet"
            ),
            Kind::Messages => format!(
                "{pieces} messages of this project, about {tokens} tokens, would be sent to {model} \
                 ({cost}), and you were not asked yet"
            ),
        };
        let hint = HOW.to_owned();
        Ok(Some(Missing { why, hint }))
    }
}

async fn needs(held: &Held, sense: &Sense, kind: Kind) -> Result<Needs, IndexError> {
    match sense.of(kind) {
        Err(_) => Ok(Needs::default()),
        Ok(meaning) => held.index.needs(meaning).await,
    }
}

fn cost(sense: &Sense, tokens: u64) -> Option<mira_protocol::MicroUsd> {
    let prices = sense.parts.maker.as_ref().ok()?.prices?;
    Some(prices.micro_usd(&mira_llm::Usage {
        input: tokens,
        ..mira_llm::Usage::default()
    }))
}
