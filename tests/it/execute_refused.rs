//! A server that refuses every change: the apply stops, skips the remaining actions, and reports the reason.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use trunkline::execute::{Ending, Execution, Outcome, SkipReason, execute};
use trunkline::model::{AccountId, Live};
use trunkline::plan::{AccountTarget, Action, Plan, PlannedAction};
use trunkline::state::{Binding, Journal, Location, LockHolder, Store};

use crate::support::bodies::{account_with_secrets, live_account, one};
use crate::support::server::{Reply, Server};
use crate::support::{budget, patient};

const ACTIONS: usize = 40;
/// The refused actions in a row after which the rest is skipped.
const LIMIT: usize = 3;
/// The same for a server that fails.
const FAILURES: usize = 10;

/// The requests that a server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refuses {
    /// Changes only: the read before a destructive action succeeds.
    Changes,
    Everything,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    refusal: fn() -> Reply,
    refuses: Refuses,
    /// The changes that succeed before the refusals begin.
    accepted: usize,
    reason: SkipReason,
}

fn revoked() -> Reply {
    Reply::json(
        401,
        json!({ "errors": [{ "code": "20002", "title": "API key revoked" }] }).to_string(),
    )
}

fn without_body() -> Reply {
    Reply::json(401, "")
}

fn too_many() -> Reply {
    Reply::too_many("0")
}

/// Disables accounts, and returns the outcomes and the accounts whose change was sent.
async fn apply(case: Case, parallelism: usize) -> (Vec<Outcome>, BTreeSet<String>) {
    let changes = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |_, seen| {
        let path = seen.target.trim_start_matches("/v2/managed_accounts/");
        let (id, change) = path.split_once("/actions/").map_or((path, false), |(id, _)| (id, true));
        let before = changes.fetch_add(usize::from(change), Ordering::SeqCst);
        let refused = before >= case.accepted && (change || case.refuses == Refuses::Everything);
        if refused { (case.refusal)() } else { Reply::json(200, one(&account_with_secrets(id))) }
    })
    .await;
    let session = patient(&server.origin, budget(2));
    let binding = Binding {
        organization: "acme".to_owned(),
        manager: None,
        base_url: session.reader().base_url(),
    };
    let store = Store::new(&Location::None);
    let holder = LockHolder::this("test");
    let journal = Journal::open(store, &binding, &holder, Duration::ZERO).await.unwrap();
    let disable = |place: usize| {
        let account = live_account(&format!("a{place}"));
        let target = AccountTarget::Live(AccountId::new(format!("a{place}")));
        PlannedAction::declared(Action::DisableAccount { target, email: account.email })
    };
    let plan = Plan { actions: (0..ACTIONS).map(disable).collect(), ..Plan::default() };
    let live = Live::default();
    let execution = Execution { parallelism, ..Execution::new(&plan, &live, &session, &journal) };
    let (_stop, stopped) = watch::channel(false);
    let outcomes = execute(&execution, stopped).await;
    journal.close().await.unwrap();
    let sent = server.seen().into_iter().filter_map(|seen| {
        let path = seen.target.trim_start_matches("/v2/managed_accounts/");
        path.split_once("/actions/").map(|(id, _)| id.to_owned())
    });
    (outcomes, sent.collect())
}

async fn stops(case: Case) {
    for parallelism in [1, 4] {
        let (outcomes, sent) = apply(case, parallelism).await;
        let count = |is: fn(&Ending) -> bool| outcomes.iter().filter(|one| is(&one.ending)).count();
        let (done, failed, skipped) = (
            count(|ending| matches!(ending, Ending::Done)),
            count(|ending| matches!(ending, Ending::Failed(_))),
            count(|ending| matches!(ending, Ending::Skipped(_))),
        );
        let what = format!("{case:?}, {parallelism} at once: {done} {failed} {skipped}");
        assert_eq!((outcomes.len(), done + failed + skipped), (ACTIONS, ACTIONS), "{what}");
        assert_eq!(done, case.accepted, "{what}");
        let limit = if case.reason == SkipReason::ServerFails { FAILURES } else { LIMIT };
        // Only what was in flight is still sent.
        assert!((limit..limit + parallelism).contains(&failed), "{what}");
        assert!(sent.len() < done + limit + parallelism, "{what}: {sent:?}");
        for outcome in &outcomes {
            if let Ending::Skipped(reason) = outcome.ending {
                assert_eq!(reason, case.reason, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_is_revoked_during_an_apply_stops_it() {
    for refusal in [revoked, without_body] {
        for refuses in [Refuses::Changes, Refuses::Everything] {
            stops(Case { refusal, refuses, accepted: 5, reason: SkipReason::KeyRefused }).await;
        }
    }
}

#[tokio::test]
async fn a_rate_limit_that_refuses_every_change_without_a_wait_stops_an_apply() {
    let (refusal, reason) = (too_many, SkipReason::RateLimited);
    let cases = [Refuses::Changes, Refuses::Everything]
        .into_iter()
        .flat_map(|refuses| [0, 7].map(|accepted| Case { refusal, refuses, accepted, reason }));
    // At once: nearly all of the time is spent waiting.
    futures_util::future::join_all(cases.map(stops)).await;
}

#[tokio::test]
async fn a_server_that_fails_every_change_stops_an_apply() {
    let (refusal, reason): (fn() -> Reply, _) = (|| Reply::json(503, ""), SkipReason::ServerFails);
    for accepted in [0, 7] {
        stops(Case { refusal, refuses: Refuses::Changes, accepted, reason }).await;
    }
}
