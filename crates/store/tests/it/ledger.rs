//! The ledger adds up, in every view and in the sums that are kept.

use mira_protocol::ProjectId;
use mira_protocol::budget::{CapKey, CapPeriod, ListCalls, Settlement, SpendBy, SpendQuery};
use mira_protocol::operation::Tier;
use mira_store::{CachedAnswer, LedgerRow, ReservedCall, Store};

use crate::support::*;

/// Noon of 2026-11-26 by UTC: the same day in every inhabited zone but a few.
const NOON: i64 = 1_795_694_400_000;

fn row(day: &str, model: &str, cost: Option<i64>) -> LedgerRow {
    LedgerRow {
        day: day.into(),
        usage: usage(),
        cost_micro_usd: cost,
        ..LedgerRow::new(NOON, "chat", "openai", model)
    }
}

/// Rows of two projects, three days, two months, every kind of end.
async fn filled() -> (Store, ProjectId) {
    let store = Store::in_memory().await.unwrap();
    let project = store.open_project("/a", "a", 1).await.unwrap().id;
    let ses = session(&store, "ses_a", Some(&project)).await;
    let op = operation(&store, &ses, "op_1", 1).await;
    let rows = [
        LedgerRow {
            session_id: Some(ses.clone()),
            operation_id: Some(op.clone()),
            project_id: Some(project.clone()),
            tier: Some(Tier::Code),
            ..row("2026-11-25", "a", Some(5))
        },
        LedgerRow {
            session_id: Some(ses.clone()),
            project_id: Some(project.clone()),
            outcome: "error".into(),
            ..row("2026-11-26", "a", Some(7))
        },
        LedgerRow {
            settlement: Settlement::Kept,
            ..row("2026-11-26", "b", Some(100))
        },
        row("2026-12-01", "c", None),
        LedgerRow {
            cache_hit: true,
            saved_micro_usd: 9,
            expected_cached_tokens: Some(50),
            prefix_break: Some("another model".into()),
            purpose: "title".into(),
            ..row("2026-12-01", "a", Some(0))
        },
    ];
    for row in rows {
        store.settle(None, &row).await.unwrap();
    }
    (store, project)
}

#[tokio::test]
async fn every_view_adds_up_the_same_rows() {
    let (store, project) = filled().await;
    for by in [
        SpendBy::Day,
        SpendBy::Month,
        SpendBy::Model,
        SpendBy::Tier,
        SpendBy::Project,
        SpendBy::Session,
        SpendBy::Purpose,
        SpendBy::Operation,
    ] {
        let query = SpendQuery {
            by,
            ..SpendQuery::default()
        };
        let rows = store.spend(&query).await.unwrap();
        let sum = |of: fn(&mira_protocol::budget::Spend) -> i64| -> i64 {
            rows.iter().map(|row| of(&row.spend)).sum()
        };
        assert_eq!(sum(|s| s.cost_micro_usd), 112, "{by:?}");
        assert_eq!(sum(|s| s.calls as i64), 5, "{by:?}");
        assert_eq!(sum(|s| s.unpriced_calls as i64), 1, "{by:?}");
        assert_eq!(sum(|s| s.failed_calls as i64), 1, "{by:?}");
        assert_eq!(sum(|s| s.kept_micro_usd), 100, "{by:?}");
        assert_eq!(sum(|s| s.saved_micro_usd), 9, "{by:?}");
        assert_eq!(sum(|s| s.usage.input_tokens as i64), 500, "{by:?}");
    }
    let query = SpendQuery {
        by: SpendBy::Model,
        project_id: Some(project.clone()),
        ..SpendQuery::default()
    };
    let rows = store.spend(&query).await.unwrap();
    assert_eq!((rows.len(), rows[0].spend.cost_micro_usd), (1, 12));
    assert_eq!(
        store
            .spend_label(SpendBy::Project, project.as_str())
            .await
            .unwrap(),
        "a"
    );
    let savings = store.savings(&SpendQuery::default()).await.unwrap();
    assert_eq!((savings.hits, savings.hit_saved_micro_usd), (1, 9));
    assert_eq!(savings.breaks[0].reason, "another model");
}

#[tokio::test]
async fn kept_sums_are_those_of_the_rows_and_can_be_made_anew() {
    let (store, project) = filled().await;
    let spent = |period: &'static str| store.spent_in(period, None);
    assert_eq!(spent("2026-11-26").await.unwrap(), 107);
    assert_eq!(spent("2026-11").await.unwrap(), 112);
    assert_eq!(store.spent_in("2026-11", Some(&project)).await.unwrap(), 12);
    assert_eq!(store.calls_in("2026-12-01").await.unwrap(), 2);
    assert_eq!(store.wrong_summaries().await.unwrap(), 0);
    let report = store.rebuild_summaries().await.unwrap();
    assert_eq!(
        (report.rows, report.days, report.months, report.corrected),
        (5, 3, 2, 0)
    );
    // Somebody meddles with the file.
    sqlx::query("UPDATE budget_summary SET cost_micro_usd = 1 WHERE period = '2026-11'")
        .execute(&mut crate::open::raw(store.path()).await)
        .await
        .unwrap();
    // Of the month there are two lines: of the project, and of none.
    assert_eq!(store.wrong_summaries().await.unwrap(), 2);
    assert_eq!(store.rebuild_summaries().await.unwrap().corrected, 2);
    assert_eq!(spent("2026-11").await.unwrap(), 112);
}

#[tokio::test]
async fn what_was_kept_is_reconciled_once() {
    let (store, _) = filled().await;
    let kept = ListCalls {
        kept: true,
        ..ListCalls::default()
    };
    let calls = store.ledger(&kept).await.unwrap().calls;
    assert_eq!(calls.len(), 1);
    let ids = [calls[0].id];
    assert_eq!(store.reconcile(&ids, Some(40)).await.unwrap(), 1);
    assert_eq!(store.reconcile(&ids, Some(0)).await.unwrap(), 0);
    assert_eq!(store.spent_in("2026-11-26", None).await.unwrap(), 47);
    assert_eq!(store.wrong_summaries().await.unwrap(), 0);
    let call = store.ledger_call(ids[0]).await.unwrap();
    assert_eq!(
        (call.settlement, call.cost_micro_usd),
        (Settlement::Reconciled, Some(40))
    );
}

#[tokio::test]
async fn a_reservation_ends_with_its_row_and_survives_a_crash_without_it() {
    let store = Store::in_memory().await.unwrap();
    let reserved = ReservedCall {
        id: "res_1".into(),
        session_id: None,
        operation_id: None,
        project_id: None,
        call: Some(3),
        at: NOON,
        day: "2026-11-26".into(),
        purpose: "chat".into(),
        provider: "openai".into(),
        model: "m".into(),
        tier: Some(Tier::Fast),
        price_version: "in 1".into(),
        micro_usd: Some(50),
        input_tokens: 10,
        route: None,
    };
    store.reserve(&reserved).await.unwrap();
    assert_eq!(store.open_reservations().await.unwrap(), [reserved]);
    let row = row("2026-11-26", "m", Some(4));
    store.settle(Some("res_1"), &row).await.unwrap();
    assert!(store.open_reservations().await.unwrap().is_empty());
    assert_eq!(store.spent_in("2026-11-26", None).await.unwrap(), 4);
}

#[tokio::test]
async fn raises_count_for_their_window_alone() {
    let (store, project) = filled().await;
    let of = |project_id| CapKey {
        period: CapPeriod::Day,
        project_id,
    };
    let (all, one) = (of(None), of(Some(project.clone())));
    store.raise_cap(&all, "2026-11-26", 5, 1).await.unwrap();
    store.raise_cap(&all, "2026-11-26", 6, 2).await.unwrap();
    assert_eq!(store.raised(&all, "2026-11-26").await.unwrap(), 11);
    assert_eq!(store.raised(&all, "2026-11-27").await.unwrap(), 0);
    assert_eq!(store.raised(&one, "2026-11-26").await.unwrap(), 0);
    for limit in [Some(9), Some(8), None] {
        store
            .set_project_cap(CapPeriod::Day, &project, limit, 3)
            .await
            .unwrap();
        let caps = store.project_caps().await.unwrap();
        assert_eq!(caps.first().map(|(_, limit)| *limit), limit);
    }
}

#[tokio::test]
async fn answers_are_kept_by_project_for_a_time_and_up_to_a_size() {
    let store = Store::in_memory().await.unwrap();
    let answer = |key: &str, project: &str, at| CachedAnswer {
        key_hash: key.into(),
        project_id: project.into(),
        provider: "openai".into(),
        model: "m".into(),
        response: "x".repeat(40),
        cost_micro_usd: 7,
        created_at: at,
        expires_at: at + 100,
    };
    store.cache_answer(&answer("k", "p", 1), 100).await.unwrap();
    let get =
        |key: &'static str, project: &'static str, now| store.cached_answer(key, project, now);
    assert_eq!(
        get("k", "p", 50).await.unwrap().map(|(_, cost)| cost),
        Some(7)
    );
    assert!(
        get("k", "q", 50).await.unwrap().is_none(),
        "another project"
    );
    assert!(get("k", "p", 101).await.unwrap().is_none(), "too old");
    store
        .cache_answer(&answer("l", "p", 51), 100)
        .await
        .unwrap();
    store
        .cache_answer(&answer("m", "p", 52), 100)
        .await
        .unwrap();
    let kept = async || {
        let saved = store.savings(&SpendQuery::default()).await.unwrap();
        (saved.entries, saved.entry_bytes)
    };
    assert_eq!(kept().await, (2, 80));
    assert!(
        get("k", "p", 53).await.unwrap().is_none(),
        "longest not used"
    );
    store.clear_answers().await.unwrap();
    assert_eq!(kept().await, (0, 0));
}
