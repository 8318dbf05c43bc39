//! Writes a long conversation into a data directory, for measuring what a screen makes of it:
//! `long_session DATA_DIR MESSAGES` prints the session's id.

use mira_protocol::operation::{OperationState, Usage};
use mira_protocol::session::SessionKind;
use mira_protocol::{EventKind, MessageId, OperationId, SessionId};
use mira_store::{NewOperation, NewSession, OperationRequest, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let usage = "long_session DATA_DIR MESSAGES";
    let folder = std::path::PathBuf::from(words.next().ok_or(usage)?);
    let turns = words.next().ok_or(usage)?.parse::<u64>()? / 2;
    std::fs::create_dir_all(&folder)?;
    let store = Store::open(folder.join("mira.db")).await?;
    let id = SessionId::from("ses_long");
    store
        .create_session(&NewSession {
            id: id.clone(),
            project_id: None,
            name: "A long conversation".into(),
            kind: SessionKind::Voice,
            created_at: 1,
        })
        .await?;
    for turn in 0..turns {
        let at = 1_700_000_000_000 + i64::try_from(turn)? * 60_000;
        let operation = NewOperation {
            id: OperationId(format!("op_{turn}")),
            session_id: id.clone(),
            project_id: None,
            user_message: question(turn),
            request: OperationRequest::default(),
            created_at: at,
        };
        store.begin_operation(&operation, &[asked(turn)]).await?;
        store
            .append(
                &id,
                Some(&operation.id),
                at + 1,
                &[answered(turn), finished(turn)],
            )
            .await?;
    }
    println!("{id}");
    Ok(())
}

fn question(turn: u64) -> String {
    format!("Question {turn}: why does the parser count two lines where the file has one?")
}

fn asked(turn: u64) -> EventKind {
    EventKind::UserMessage {
        message_id: MessageId(format!("q{turn}")),
        content: question(turn),
        attachments: Vec::new(),
        steering: false,
        focus: None,
        fragments: vec![],
    }
}

fn answer(turn: u64) -> String {
    format!(
        "Answer {turn}. It splits at **each** byte of an ending:\n\n- `\\r` ends a line\n- `\\n` ends the next\n\n\
         ```rust\nfor part in text.split(['\\r', '\\n']) {{\n    count += 1;\n}}\n```\n\nCount pairs as one."
    )
}

fn answered(turn: u64) -> EventKind {
    EventKind::AssistantMessage {
        message_id: MessageId(format!("a{turn}")),
        content: answer(turn),
        partial: false,
        superseded: false,
    }
}

fn finished(turn: u64) -> EventKind {
    EventKind::OperationFinished {
        state: OperationState::Completed,
        failure: None,
        content: answer(turn),
        usage: Usage::default(),
        cost_micro_usd: 0,
        duration_ms: 1_000,
        changes: Vec::new(),
    }
}
