//! The ledger adds up.

use mira_store::{LedgerRow, Spend, Store};

use crate::support::*;

#[tokio::test]
async fn sums_by_time_and_by_model() {
    let store = Store::in_memory().await.unwrap();
    let ses = session(&store, "ses_a", None).await;
    let op = operation(&store, &ses, "op_1", 1).await;
    for (at, model, cost, of_operation) in [
        (10, "a", Some(5), true),
        (20, "a", Some(7), true),
        (20, "b", Some(100), false),
        (30, "c", None, true),
    ] {
        let row = LedgerRow {
            session_id: Some(ses.clone()),
            operation_id: of_operation.then(|| op.clone()),
            at,
            purpose: "chat".into(),
            provider: "openai".into(),
            model: model.into(),
            usage: usage(),
            cost_micro_usd: cost,
            duration_ms: 1,
            outcome: "stop".into(),
        };
        store.record_call(&row).await.unwrap();
    }
    let spend = |calls, unpriced_calls, cost_micro_usd| Spend {
        calls,
        unpriced_calls,
        cost_micro_usd,
    };
    assert_eq!(store.spend_since(0).await.unwrap(), spend(4, 1, 112));
    assert_eq!(
        store.spend_since(20).await.unwrap(),
        spend(3, 1, 107),
        "from then on, inclusive"
    );
    assert_eq!(store.spend_since(31).await.unwrap(), Spend::default());
    let models: Vec<_> = store
        .spend_by_model(0)
        .await
        .unwrap()
        .into_iter()
        .map(|model| (model.model, model.calls, model.cost_micro_usd))
        .collect();
    assert_eq!(
        models,
        [
            ("b".into(), 1, 100),
            ("a".into(), 2, 12),
            ("c".into(), 1, 0)
        ]
    );
}
