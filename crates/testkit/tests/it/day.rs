//! A whole day: our ledger is the vendor's bill.

use mira_testkit::day;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_of_a_day_is_the_vendors_bill() {
    let day = day::play().await.expect("a day");
    println!("{day}");
    assert_eq!(day.completed + day.failed, day::OPERATIONS);
    assert_eq!(day.vendor, day.ledger);
    assert!(day.agrees(), "{day:#?}");
    // It was a day worth looking at.
    assert_eq!(day.vendor.len(), 4, "every tier was used");
    assert!(day.failed >= 5 && day.failed_calls >= 20);
    assert!(day.kept_calls >= 5 && day.kept_micro_usd > 0);
    assert!(day.cache_hits >= 10 && day.saved_micro_usd > 0);
    assert!(day.vendor.values().any(|line| line.cached > 0));
}
