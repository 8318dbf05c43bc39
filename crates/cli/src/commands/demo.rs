//! `mira demo`: the recorded conversation, watched in the terminal.

use std::io;

use mira_engine::settings::Settings;
use mira_protocol::operation::OperationRef;
use mira_protocol::system::Nothing;
use mira_protocol::{Failure, calls};

use super::say;
use crate::input::Input;
use crate::render::diff;
use crate::render::style::Style;
use crate::turn::{Ending, Turn};
use crate::{exit, host};

pub async fn run(settings: Settings) -> Result<u8, Failure> {
    let history = settings.data_dir.join("history");
    let client = host::client(settings).await?;
    let style = Style::of(&io::stdout());
    let started = client.call(calls::DemoStart(Nothing {})).await?;
    let project = started.project.path;
    say(&style.dim(&started.note))?;
    say(&style.dim(&format!("Its throw-away project is {project}.")))?;

    let mut input = match Input::new(history) {
        Input::Pipe(_) => Input::AlwaysYes,
        input => input,
    };
    let operation_id = started.operation.operation_id;
    let mut feed = client.follow(started.session_id, 0);
    let mut turn = Turn::new(client.clone(), style);
    let ending = turn.watch(&mut feed, &operation_id, &mut input).await?;
    let code = match ending {
        Ending::Completed => {
            let changes = calls::OperationChanges(OperationRef { operation_id });
            let changes = client.call(changes).await?;
            say(&diff::changes(&changes, style, 40))?;
            say(&style.dim(&format!("Take it back with: mira undo --project {project}")))?;
            0
        }
        Ending::Failed(failure) => exit::code(&failure),
        Ending::Cancelled | Ending::Quit => exit::INTERRUPTED,
    };
    client.close().await;
    Ok(code)
}
