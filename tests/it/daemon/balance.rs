//! A negative balance: critical, notified once, and first everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::drift::{address, shown};
use super::{LARRY, Watch};
use crate::support::proxy::Fault;
use crate::support::site::text;

/// An answer with a balance that is lower at every third read: long enough to be notified as a change.
fn debt(reads: &AtomicU64) -> &'static str {
    let euros = reads.fetch_add(1, Ordering::Relaxed) / 3 + 1;
    let balance = serde_json::json!({ "balance": format!("-{euros}.00"), "currency": "EUR" });
    serde_json::json!({ "data": { "balance": balance } }).to_string().leak()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_balance_is_notified_once_as_critical_although_its_amount_changes() {
    let reads = AtomicU64::new(0);
    let owes = Arc::new(AtomicBool::new(false));
    let in_debt = Arc::clone(&owes);
    let watch = Watch::with(move |method, path, _| {
        let single = path
            .strip_prefix("/v2/managed_accounts/")
            .is_some_and(|id| id.matches('-').count() == 4);
        if single && method == "GET" && in_debt.load(Ordering::Relaxed) {
            Fault::Instead(debt(&reads))
        } else {
            Fault::None
        }
    })
    .await;
    owes.store(true, Ordering::Relaxed);
    let listed = std::fs::read_to_string(&watch.manifest).unwrap();
    let email = format!("email: {LARRY}");
    let with_minimum = listed.replacen(&email, &format!("{email}\n    min_balance: 5"), 1);
    assert_ne!(listed, with_minimum);
    std::fs::write(&watch.manifest, with_minimum).unwrap();

    let daemon = watch.daemon(&["--listen", "127.0.0.1:0"]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    watch.runs(8).await;
    let opened = watch.hook.events();
    let debt = format!("drift_opened {LARRY} negative_balance");
    let notified = opened.iter().filter(|event| event.starts_with(&debt));
    assert_eq!(notified.count(), 1, "{opened:?}");
    assert!(!opened.iter().any(|event| event.starts_with("drift_changed")), "{opened:?}");
    let received = watch.hook.received();
    let body = &received.iter().find(|one| one.text.contains("negative_balance")).unwrap().body;
    assert_eq!(body["severity"], "critical");
    let first = &body["items"][0];
    assert_eq!(
        (&first["code"], &first["severity"]),
        (&"negative_balance".into(), &"critical".into())
    );

    let address = address(&daemon);
    let metrics = shown(&address, "/metrics").await;
    for gauge in ["trunkline_balance_negative", "trunkline_balance_below_minimum"] {
        assert!(metrics.contains(&format!("{gauge}{{organization=\"acme\"}} 1")), "{metrics}");
    }
    let page = shown(&address, "/").await;
    assert!(page.contains("has a negative balance") && page.contains("critical"), "{page}");
    let status = shown(&address, "/api/v1/status").await;
    assert!(status.contains(r#""severity": "critical""#), "{status}");

    // The state of the daemon knows since when.
    let plan = watch.site.ends(&["plan", text(&watch.manifest)], 0).await;
    let line = plan.lines().find(|line| line.contains("negative_balance")).unwrap();
    let today = trunkline::detect::today().unwrap();
    assert!(line.contains(&format!(" EUR since {today} or earlier")), "{line}");
}
