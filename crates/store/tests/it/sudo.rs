//! Requests for more rights: answered once, taken once, and only as they were asked.

use mira_protocol::sudo::{
    AddSudoBlock, AddSudoPermission, ChangeSudoBlock, ListSudo, ListSudoRequests, ReadSudoAudit,
    SudoAudit, SudoMatch, SudoOutcome, SudoRequest, SudoStatus,
};
use mira_store::Store;

use crate::support::{operation, session};

fn request(id: &str, session: &str, operation: &str) -> SudoRequest {
    SudoRequest {
        id: id.into(),
        session_id: session.into(),
        operation_id: operation.into(),
        command: "/usr/bin/id -u".into(),
        argv: vec!["/usr/bin/id".into(), "-u".into()],
        user: "root".into(),
        working_dir: "/".into(),
        reason: String::new(),
        status: SudoStatus::Pending,
        binding: "b1".into(),
        created_at: 1,
        expires_at: 100,
        responded_at: None,
        executed_at: None,
        exit_code: None,
        permission_id: None,
    }
}

#[tokio::test]
async fn an_approval_is_taken_once_for_these_words_before_it_expires() {
    let store = Store::in_memory().await.unwrap();
    let session = session(&store, "ses_1", None).await;
    let operation = operation(&store, &session, "op_1", 1).await;
    let words = ["/usr/bin/id".to_owned(), "-u".to_owned()];
    let other = ["/usr/bin/id".to_owned(), "-g".to_owned()];
    for (id, answer) in [("a", true), ("late", true), ("no", false)] {
        let asked = request(id, session.as_str(), operation.as_str());
        store.add_sudo_request(&asked).await.unwrap();
        let taken = store.take_sudo_request(&id.into(), &words, "b1", 10).await;
        assert!(!taken.unwrap(), "nobody answered {id}");
        let status = if answer {
            SudoStatus::Approved
        } else {
            SudoStatus::Denied
        };
        assert!(
            store
                .answer_sudo_request(&id.into(), status, 5)
                .await
                .unwrap()
        );
        assert!(
            !store
                .answer_sudo_request(&id.into(), SudoStatus::Approved, 6)
                .await
                .unwrap(),
            "the first answer counts"
        );
    }
    let take = async |id: &str, words: &[String], binding: &str, at| {
        store
            .take_sudo_request(&id.into(), words, binding, at)
            .await
            .unwrap()
    };
    assert!(!take("a", &other, "b1", 10).await, "other words");
    assert!(!take("a", &words, "b2", 10).await, "another binding");
    assert!(!take("late", &words, "b1", 100).await, "too late");
    assert!(!take("no", &words, "b1", 10).await, "denied");
    assert!(take("a", &words, "b1", 10).await);
    assert!(!take("a", &words, "b1", 11).await, "a replay");
    store
        .end_sudo_request(&"a".into(), SudoStatus::Executed, Some(0))
        .await
        .unwrap();
    assert!(!take("a", &words, "b1", 12).await, "a replay after the end");
    // After a crash nothing waits any more.
    assert_eq!(store.close_sudo_requests(50).await.unwrap(), 1);
    let all = store
        .sudo_requests(&ListSudoRequests::default(), 10)
        .await
        .unwrap();
    let mut states: Vec<_> = all
        .iter()
        .map(|one| (one.id.as_str(), one.status))
        .collect();
    states.sort_by_key(|(id, _)| *id);
    assert_eq!(
        states,
        [
            ("a", SudoStatus::Executed),
            ("late", SudoStatus::Cancelled),
            ("no", SudoStatus::Denied)
        ]
    );
}

fn counts() -> ListSudo {
    ListSudo::default()
}

fn having(text: &str, removed: bool) -> ListSudo {
    ListSudo {
        search: Some(text.into()),
        removed,
    }
}

#[tokio::test]
async fn lists_requests_and_audit_are_searched_alike() {
    let store = Store::in_memory().await.unwrap();
    let session = session(&store, "ses_1", None).await;
    let operation = operation(&store, &session, "op_1", 1).await;
    let add = AddSudoPermission {
        name: "updates".into(),
        description: String::new(),
        matches: SudoMatch::Prefix("apt-get update".into()),
        requires_approval: None,
        notes: "on Mondays".into(),
    };
    let permission = store.add_sudo_permission(&add, 1).await.unwrap();
    let mut asked = request("a", session.as_str(), operation.as_str());
    asked.reason = "the list of packages is old".into();
    store.add_sudo_request(&asked).await.unwrap();
    let entry = SudoAudit {
        id: 0,
        at: 1,
        outcome: SudoOutcome::Blocked,
        command: "rm -r /".into(),
        working_dir: "/srv/harbor".into(),
        session_id: session.clone(),
        operation_id: operation.clone(),
        request_id: None,
        rule: Some("recursive_root_deletion".into()),
        authorized_by: String::new(),
        exit_code: None,
        duration_ms: None,
        output: String::new(),
        detail: "it would delete the system".into(),
    };
    store.add_sudo_audit(&entry).await.unwrap();
    // How many permissions, entries of the block list, requests and lines of the audit have it.
    let found = async |text: &str| {
        let list = having(text, false);
        let requests = ListSudoRequests {
            search: Some(text.into()),
            ..ListSudoRequests::default()
        };
        let audit = ReadSudoAudit {
            search: Some(text.into()),
            ..ReadSudoAudit::default()
        };
        (
            store.sudo_permissions(&list).await.unwrap().len(),
            store.sudo_blocklist(&list).await.unwrap().len(),
            store.sudo_requests(&requests, 10).await.unwrap().len(),
            store.sudo_audit(&audit, 10).await.unwrap().len(),
        )
    };
    assert_eq!(found("APT-GET").await, (1, 0, 0, 0));
    assert_eq!(found("mondays").await, (1, 0, 0, 0));
    assert_eq!(found("Root_Deletion").await, (0, 1, 0, 1));
    assert_eq!(found("packages").await, (0, 0, 1, 0));
    assert_eq!(found("/bin/id").await, (0, 0, 1, 0));
    assert_eq!(found("harbor").await, (0, 0, 0, 1));
    assert_eq!(found("%").await, (0, 0, 0, 0), "no wildcards");

    store
        .remove_sudo_permission(permission, Some(8))
        .await
        .unwrap();
    assert_eq!(found("mondays").await, (0, 0, 0, 0));
    let removed = store.sudo_permissions(&having("mondays", true)).await;
    let times: Vec<_> = removed.unwrap().iter().map(|one| one.removed_at).collect();
    assert_eq!(times, [Some(8)]);
}

#[tokio::test]
async fn lists_are_edited_and_what_is_removed_comes_back() {
    let store = Store::in_memory().await.unwrap();
    let blocks = store.sudo_blocklist(&counts()).await.unwrap();
    assert_eq!(blocks.len(), 11);
    assert!(blocks.iter().all(|one| one.is_default && one.enabled));
    let off = ChangeSudoBlock {
        id: blocks[0].id,
        enabled: Some(false),
        severity: None,
        notes: None,
    };
    store.change_sudo_block(&off).await.unwrap();
    assert!(
        store
            .remove_sudo_block(blocks[0].id, Some(1))
            .await
            .is_err(),
        "Mira's own stay"
    );
    let own = AddSudoBlock {
        name: "reboots".into(),
        description: String::new(),
        matches: SudoMatch::Prefix("reboot".into()),
        severity: None,
        notes: String::new(),
    };
    let own = store.add_sudo_block(&own, 1).await.unwrap();
    store.remove_sudo_block(own, Some(2)).await.unwrap();
    assert_eq!(store.sudo_blocklist(&counts()).await.unwrap().len(), 11);
    store.remove_sudo_block(own, None).await.unwrap();
    let blocks = store.sudo_blocklist(&counts()).await.unwrap();
    assert_eq!(blocks.iter().filter(|one| one.enabled).count(), 11);

    let add = AddSudoPermission {
        name: "updates".into(),
        description: String::new(),
        matches: SudoMatch::Exact("apt-get update".into()),
        requires_approval: None,
        notes: String::new(),
    };
    let id = store.add_sudo_permission(&add, 1).await.unwrap();
    let mut one = store.sudo_permissions(&counts()).await.unwrap().remove(0);
    assert!(one.requires_approval && one.enabled && one.use_count == 0);
    one.matches = SudoMatch::Pattern("apt-get (update|check)".into());
    one.enabled = false;
    store.save_sudo_permission(&one).await.unwrap();
    store.use_sudo_permission(id, 7).await.unwrap();
    store.remove_sudo_permission(id, Some(8)).await.unwrap();
    assert!(store.sudo_permissions(&counts()).await.unwrap().is_empty());
    store.remove_sudo_permission(id, None).await.unwrap();
    let back = store.sudo_permissions(&counts()).await.unwrap().remove(0);
    assert_eq!((back.use_count, back.last_used_at), (1, Some(7)));
    assert_eq!(back.matches, one.matches);
}
