//! Accounts whose id the state or the manifest knows, and that no list shows.

use std::path::Path;

use trunkline::detect::{self, Observation};
use trunkline::manifest;
use trunkline::model::{AccountId, Email, Half, State};
use trunkline::plan::FindingKind;

use crate::support::server::{Reply, Server};
use crate::support::{bodies, once};

/// Observes an organization that lists one account, and answers every read by id with `answer`. The state knows
/// `known` further entries of the manifest.
async fn observe(
    known: usize,
    declared: &str,
    answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> Observation {
    let server = Server::start(move |_, seen| {
        let path = seen.target.split('?').next().unwrap();
        match path.strip_prefix("/v2/managed_accounts") {
            Some("") if seen.target.contains("disabled") | seen.target.contains("blocked") => {
                Reply::json(200, bodies::list(&[]))
            }
            Some("") if seen.target.contains("=cancelled") => Reply::json(200, bodies::list(&[])),
            Some("") => Reply::json(200, bodies::list(&[bodies::account("other")])),
            Some(id) => answer(id.trim_start_matches('/')),
            None if path.ends_with("report") => Reply::json(200, r#"{"data":[]}"#),
            None => Reply::json(200, bodies::list(&[])),
        }
    })
    .await;
    let email = |number| format!("shop{number}@shop.example");
    let entry = |number| format!("  - {{ name: shop{number}, email: {} }}\n", email(number));
    let entries: String = (0..known).map(entry).collect();
    let text = format!(
        "version: 1\norganization: acme\npolicy: {{ max_creates: 99 }}\naccounts:\n{entries}{declared}users:\n  - email: ops@acme.example\n"
    );
    let desired = manifest::parse(Path::new("hidden"), &text).unwrap();
    let emails = (0..known)
        .map(|number| (AccountId::new(format!("known-{number}")), Email::new(email(number))));
    let state = State { emails: emails.collect(), ..State::default() };
    let load = |_| std::future::ready(Ok::<_, std::io::Error>(state));
    detect::observe(&once(&server.origin).reader(), &desired, load).await.unwrap()
}

#[tokio::test]
async fn a_known_account_that_cannot_be_read_is_a_gap_of_the_accounts_only() {
    for reply in [
        || Reply::json(500, ""),
        || Reply::json(403, ""),
        || Reply::json(200, r#"{"data":{"id":"known-0"}}"#),
    ] {
        let live = observe(1, "", move |_| reply()).await.live;
        assert!(live.gaps.iter().all(|gap| gap.half == Half::Accounts), "{:?}", live.gaps);
        assert!(live.gaps[0].reason.contains("known-0"), "{:?}", live.gaps);
    }
}

#[tokio::test]
async fn every_known_account_is_fetched_before_one_counts_as_vanished() {
    let observation = observe(30, "", |id| match id {
        "known-9" => Reply::json(200, bodies::one(&bodies::account("known-9"))),
        _ => Reply::json(404, ""),
    })
    .await;
    assert!(!observation.live.is_complete(Half::Accounts));
    let observation = observe(30, "", |_| Reply::json(404, "")).await;
    assert!(observation.live.is_complete(Half::Accounts));
}

#[tokio::test]
async fn a_declared_id_that_no_list_shows_is_fetched() {
    const ID: &str = "00000000-0000-4000-8000-0000000000bb";
    let declared = format!("  - {{ name: mona, email: mona@shop.example, id: {ID} }}\n");
    let observation =
        observe(0, &declared, |id| Reply::json(200, bodies::one(&bodies::account(id))));
    let observation = observation.await;
    let reasons: Vec<_> = observation.live.gaps.iter().map(|gap| &gap.reason).collect();
    assert!(reasons.len() == 1 && reasons[0].contains("mona@shop.example"), "{reasons:?}");
    let text = format!("version: 1\norganization: acme\naccounts:\n{declared}");
    let desired = manifest::parse(Path::new("hidden"), &text).unwrap();
    let plan = observation.plan(&desired, None);
    let gone = |what: &FindingKind| matches!(what, FindingKind::AccountGone { .. });
    assert!(plan.findings.iter().all(|finding| !gone(&finding.what)), "{:?}", plan.findings);
    assert!(plan.actions.is_empty() && plan.withheld > 0);
}
