//! `--describe`: a model names concepts, clusters or patterns; what that costs is said before.

use std::io::Write;

use mira_protocol::naming::{AskNaming, Described, NamedKind, NamingOffer};
use mira_protocol::project::{Project, ProjectRef};
use mira_protocol::{Code, Failure, calls, dollars};

use crate::client::Client;
use crate::render::text::{clean, plural};

/// Asks for what the model has not named as it is now. Ctrl-C ends the request.
pub async fn describe(client: &Client, project: &Project, kind: NamedKind) -> Result<(), Failure> {
    let asked = AskNaming {
        project_id: project.id.clone(),
        kind,
    };
    let offer = client.call(calls::CodeNaming(asked.clone())).await?;
    if offer.to_name == 0 {
        if offer.items == 0 {
            say("There is nothing to name, so no model is asked.");
        }
        return Ok(());
    }
    if let Some(obstacle) = offer.obstacle {
        return Err(obstacle);
    }
    say(&before(&offer));
    let of = ProjectRef {
        project_id: project.id.clone(),
    };
    let described = tokio::select! {
        described = client.call(calls::CodeDescribe(asked)) => described?,
        _ = tokio::signal::ctrl_c() => {
            client.call(calls::CodeStopDescribing(of)).await?;
            let text = "Stopped. Nothing was named; what the request may have cost stays spent.";
            return Err(Failure::new(Code::Cancelled, text));
        }
    };
    say(&after(&described));
    Ok(())
}

/// Beside the answer, which may be read by a program.
fn say(text: &str) {
    // Nowhere left to say that this failed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn before(offer: &NamingOffer) -> String {
    let cost = match (offer.expected_micro_usd, offer.worst_micro_usd) {
        (Some(expected), Some(worst)) => {
            format!("about {}, at most {}", dollars(expected), dollars(worst))
        }
        _ => "its price is not known".to_owned(),
    };
    format!(
        "Asking {} to name {}: {cost}.",
        clean(offer.model.as_deref().unwrap_or("the model")),
        plural(u64::from(offer.to_name), "item")
    )
}

fn after(described: &Described) -> String {
    let cost = described
        .cost_micro_usd
        .map_or("an unknown price".to_owned(), dollars);
    format!(
        "{} named {} for {cost}.",
        clean(&described.model),
        plural(u64::from(described.named), "item")
    )
}
