//! `mira models`: what each model costs, holds and is used for, and how long it will be there.

use mira_protocol::provider::{ModelInfo, ModelList, ProviderName};
use mira_protocol::system::Nothing;
use mira_protocol::{Failure, calls};

use super::{say, say_json, table};
use crate::args::ModelsArgs;
use crate::client::Client;
use crate::render::text::{clean, count, tier_word};

pub async fn run(client: &Client, args: ModelsArgs) -> Result<u8, Failure> {
    let mut list = match args.refresh {
        true => client.call(calls::ModelRefresh(Nothing {})).await?,
        false => client.call(calls::ModelList(Nothing {})).await?,
    };
    if let Some(only) = args.provider.map(ProviderName::from) {
        list.models.retain(|model| model.provider == only);
        list.embeddings.retain(|model| model.provider == only);
    }
    if args.json.json {
        say_json(&list)?;
    } else {
        say(&shown(&list))?;
    }
    Ok(0)
}

fn shown(list: &ModelList) -> String {
    let head = [
        "MODEL",
        "PROVIDER",
        "CONTEXT",
        "IN/CACHED/WRITE/OUT $/MTOK",
        "TIERS",
        "",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(list.models.iter().map(|model| row(model, list)));
    for model in &list.embeddings {
        rows.push(vec![
            clean(&model.id),
            model.provider.as_str().to_owned(),
            count(model.max_input_tokens),
            dollars(Some(model.usd_per_mtok)),
            "embeddings".to_owned(),
            match &model.price_unconfirmed {
                Some(why) => format!(
                    "{} numbers; price not confirmed: {}",
                    model.dimensions,
                    clean(why)
                ),
                None => format!("{} numbers", model.dimensions),
            },
        ]);
    }
    let mut text = table(&rows);
    for told in &list.lists {
        let said = match &told.problem {
            Some(problem) => clean(problem),
            None => format!("{} models in its own list", told.models),
        };
        text.push_str(&format!("{}: {said}\n", told.provider.as_str()));
    }
    text
}

fn row(model: &ModelInfo, list: &ModelList) -> Vec<String> {
    let tiers: Vec<&str> = list
        .tiers
        .iter()
        .filter(|tier| tier.model == model.id && tier.provider == model.provider)
        .map(|tier| tier_word(tier.tier))
        .collect();
    vec![
        clean(&model.id),
        model.provider.as_str().to_owned(),
        model.context_tokens.map_or_else(|| "?".into(), count),
        prices(model),
        tiers.join(","),
        remarks(model),
    ]
}

fn prices(model: &ModelInfo) -> String {
    if model.input_usd_per_mtok.is_none() {
        return "not known".to_owned();
    }
    let all = [
        model.input_usd_per_mtok,
        model.cached_usd_per_mtok,
        model.cache_write_usd_per_mtok,
        model.output_usd_per_mtok,
    ];
    all.map(dollars).join("/")
}

fn dollars(value: Option<f64>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| value.to_string())
}

fn remarks(model: &ModelInfo) -> String {
    let mut said = Vec::new();
    if let (Some(over), Some(times)) = (model.long_over_tokens, model.long_input)
        && let Some(out) = model.long_output
    {
        said.push(format!("over {}: ×{times} in, ×{out} out", count(over)));
    }
    match (&model.notice, &model.shut_down) {
        (Some(notice), _) => said.push(clean(notice)),
        (None, Some(day)) => said.push(format!("shut down on {}", clean(day))),
        (None, None) => {}
    }
    if let Some(why) = &model.price_unconfirmed {
        said.push(format!("price not confirmed: {}", clean(why)));
    }
    if model.listed == Some(false) {
        said.push("not in the provider's list".to_owned());
    }
    said.join("; ")
}
