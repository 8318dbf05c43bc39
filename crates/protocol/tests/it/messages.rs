//! What clients send: the seed's shapes and ours.

use mira_protocol::approval::Decision;
use mira_protocol::operation::Access;
use mira_protocol::table::METHODS;
use mira_protocol::wire::{ClientMessage, SLASH_COMMANDS};
use mira_protocol::{Code, Failure, Request};
use serde_json::{Value, json};

fn request(message: Value) -> Result<Request, Failure> {
    match ClientMessage::decode(&message.to_string()) {
        Ok(ClientMessage::Request { method, params, .. }) => Ok(Request::decode(&method, params)?),
        Ok(other) => panic!("not a request: {other:?}"),
        Err((_, failure)) => Err(failure),
    }
}

#[test]
fn the_seeds_messages_are_understood_exactly_as_shaped() {
    let chat = request(json!({
        "type": "chat", "content": "User input", "project_id": "proj-123", "session_id": "sess-456",
        "system_access_mode": "project", "metadata": { "file_path": "src/main.rs" }
    }));
    let Ok(Request::OperationStart(start)) = chat else {
        panic!("{chat:?}")
    };
    assert_eq!(start.content, "User input");
    assert_eq!(start.session_id, Some("sess-456".into()));
    assert_eq!(start.access, Access::Project);
    assert_eq!(
        start.focus.unwrap().file_path.as_deref(),
        Some("src/main.rs")
    );

    let fork = request(json!({
        "type": "command", "command": "fork", "args": { "target_session": "parent-id" }
    }));
    let Ok(Request::SessionFork(fork)) = fork else {
        panic!("{fork:?}")
    };
    assert_eq!(fork.session_id, "parent-id".into());

    let create = request(json!({
        "type": "project_command", "method": "create", "params": { "name": "my-project" }
    }));
    assert!(
        matches!(create, Ok(Request::ProjectCreate(_))),
        "{create:?}"
    );

    for method in ["git.diff", "diff"] {
        let diff = request(json!({
            "type": "git_command", "method": method,
            "params": { "project_id": "proj-123", "target": "uncommitted" }
        }));
        assert!(matches!(diff, Ok(Request::GitDiff(_))), "{diff:?}");
    }

    for (approved, decision) in [(true, Decision::Allow), (false, Decision::Deny)] {
        let answer = request(json!({
            "type": "sudo_approval", "approval_id": "req-789", "approved": approved
        }));
        let Ok(Request::ApprovalDecide(answer)) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(answer.approval_id, "req-789".into());
        assert_eq!(answer.decision, decision);
    }
}

#[test]
fn an_approval_without_a_clear_yes_is_a_no() {
    for approved in [json!(null), json!("true"), json!(1)] {
        let answer = request(json!({
            "type": "sudo_approval", "approval_id": "a", "approved": approved
        }));
        let Ok(Request::ApprovalDecide(answer)) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(answer.decision, Decision::Deny);
    }
}

#[test]
fn every_method_is_reached_by_its_own_name() {
    for method in METHODS {
        let message = json!({ "type": "request", "id": 7, "method": method.name, "params": {} });
        match request(message) {
            Ok(_) => {}
            Err(failure) => assert_eq!(failure.code, Code::BadParams, "{}", method.name),
        }
    }
}

#[test]
fn every_slash_command_reaches_a_method() {
    for command in SLASH_COMMANDS {
        let args = json!({ "session_id": "ses_1", "name": "n", "query": "q" });
        let message = json!({ "type": "command", "command": command, "args": args });
        match request(message) {
            Ok(_) => {}
            Err(failure) => assert_eq!(failure.code, Code::BadParams, "{command}: {failure}"),
        }
    }
    let failure = request(json!({ "type": "command", "command": "fly" })).unwrap_err();
    assert_eq!(failure.code, Code::UnknownMethod);
    assert!(failure.hint.unwrap().contains("fork"));
}

#[test]
fn resume_finds_by_id_by_name_and_the_last_one() {
    let resume =
        |args: Value| request(json!({ "type": "command", "command": "resume", "args": args }));
    assert!(matches!(
        resume(json!({ "session_id": "ses_1" })),
        Ok(Request::SessionGet(_))
    ));
    assert!(matches!(
        resume(json!({ "name": "parser" })),
        Ok(Request::SessionList(_))
    ));
    assert!(matches!(
        resume(json!({ "last": true })),
        Ok(Request::SessionLast(_))
    ));
    assert!(matches!(resume(json!({})), Ok(Request::SessionLast(_))));
}

#[test]
fn what_is_not_understood_says_so_and_keeps_the_id() {
    let cases = [
        ("{", Code::BadMessage),
        ("[]", Code::BadMessage),
        (r#"{"id":1}"#, Code::BadMessage),
        (r#"{"id":1,"type":"warp"}"#, Code::UnknownMethod),
        (r#"{"id":1,"type":"git_command"}"#, Code::BadMessage),
        (
            r#"{"id":1,"type":"command","command":"fork","args":[1]}"#,
            Code::BadMessage,
        ),
    ];
    for (text, code) in cases {
        let (id, failure) = ClientMessage::decode(text).unwrap_err();
        assert_eq!(failure.code, code, "{text}");
        assert_eq!(id, text.contains("id").then(|| json!(1)), "{text}");
    }
    let failure = request(json!({ "type": "request", "method": "session.fly" })).unwrap_err();
    assert_eq!(failure.code, Code::UnknownMethod);
    assert!(failure.hint.unwrap().contains("session.fork"));
    let failure = request(json!({ "type": "cancel", "operation": "op_1" })).unwrap_err();
    assert_eq!(failure.code, Code::BadParams);
}
