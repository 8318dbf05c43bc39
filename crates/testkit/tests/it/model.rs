use std::sync::Arc;

use futures::StreamExt;
use mira_llm::{
    Chunk, ErrorKind, Finish, Item, ItemKind, Model, ModelError, Prompt, ToolChoice, ToolSpec,
};
use mira_testkit::{Fault, Reply, Script, ScriptedModel};
use serde_json::json;
use tokio_util::sync::CancellationToken;

fn prompt(items: Vec<Arc<Item>>) -> Prompt {
    Prompt {
        model: "scripted".into(),
        instructions: "Work.".into(),
        tools: Arc::new([ToolSpec {
            name: "read".into(),
            description: String::new(),
            parameters: json!({ "type": "object", "properties": {} }),
        }]),
        items,
        tool_choice: ToolChoice::Auto,
        effort: None,
        max_output_tokens: None,
        cache_key: "s1".into(),
    }
}

async fn ask(model: &ScriptedModel, items: Vec<Arc<Item>>) -> Vec<Result<Chunk, ModelError>> {
    model
        .stream(prompt(items), CancellationToken::new())
        .collect()
        .await
}

fn call(id: &str) -> Arc<Item> {
    Item::new(ItemKind::Call {
        id: id.into(),
        name: "read".into(),
        arguments: "{}".into(),
    })
}

#[tokio::test]
async fn it_says_its_script_and_refuses_everything_else() {
    let model = ScriptedModel::new(Script::new([
        Reply::text("Hi").and_call("read", json!({})),
        Reply::fault(Fault::Quota),
    ]));
    let chunks = ask(&model, vec![Item::user("a")]).await;
    assert_eq!(chunks[0], Ok(Chunk::Text("Hi".into())));
    assert_eq!(chunks.last(), Some(&Ok(Chunk::Finished(Finish::ToolCalls))));

    let result = Item::new(ItemKind::CallResult {
        id: "c".into(),
        output: "x".into(),
    });
    let quota = ask(&model, vec![Item::user("a"), call("c"), result]).await;
    assert_eq!(
        quota[0].as_ref().map_err(|error| &error.kind),
        Err(&ErrorKind::Quota)
    );
    model.assert_clean();

    let unscripted = ask(&model, vec![Item::user("b")]).await;
    assert!(unscripted[0].is_err());
    assert!(
        model
            .violations()
            .iter()
            .any(|v| v.contains("no reply is scripted"))
    );
}

#[tokio::test]
async fn an_unanswered_call_and_a_rewritten_history_are_violations() {
    let model = ScriptedModel::new(Script::new([Reply::text("ok").always()]));
    ask(&model, vec![Item::user("a"), call("c")]).await;
    ask(&model, vec![Item::user("b")]).await;
    let violations = model.violations().join("\n");
    assert!(violations.contains("No tool output found"), "{violations}");
    assert!(violations.contains("no prefix"), "{violations}");
}
