//! Promises 3 and 4: one entry of the manifest never becomes two accounts, whatever becomes of the
//! request and its answer, and whether or not the API refuses a taken email.
//!
//! The server here is a small account API of its own: it keeps a book of what it has created, loses
//! answers in every way there is, and may show a new account only after some lists.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use trunkline::execute::{Ending, Execution, Outcome, execute, remember};
use trunkline::model::{Code, Create, Email};
use trunkline::plan::{Finding, Plan};
use trunkline::state::{Binding, Journal, Location, LockHolder, StateChange, Store};
use trunkline::telnyx::Session;
use trunkline::{detect, manifest, plan};

use crate::support::server::{Reply, Seen, Server};
use crate::support::{budget, hasty};

const EMAIL: &str = "new@shop.example";

/// A way to lose the answer to a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// The connection is torn down before anything is done.
    Before,
    /// It is done, and the connection is torn down.
    After,
    /// It is done, and half of the answer arrives.
    Midway,
    /// It is done, and no answer ever comes.
    Timeout,
    /// It is done, and a gateway answers with its error page.
    Page,
}

const ALL: [Lost; 5] = [Lost::Before, Lost::After, Lost::Midway, Lost::Timeout, Lost::Page];

/// The server: its accounts, and its faults.
#[derive(Clone, Debug)]
struct Book {
    /// The accounts, and how many more lists do not show each.
    accounts: Vec<(String, String, u32)>,
    /// The number of creates that arrived.
    creates: u32,
    /// The faults of the first creates.
    lose: Vec<Lost>,
    refuses_taken: bool,
    lists_late: u32,
}

impl Book {
    fn new(lose: &[Lost], refuses_taken: bool, lists_late: u32) -> Self {
        Self { accounts: Vec::new(), creates: 0, lose: lose.to_vec(), refuses_taken, lists_late }
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        match (seen.body.is_empty(), path) {
            (true, "/v2/managed_accounts") => self.list(query),
            (false, "/v2/managed_accounts") => self.create(&seen.body),
            _ => Reply::json(404, r#"{"errors":[]}"#),
        }
    }

    fn list(&mut self, query: &str) -> Reply {
        let status = query.contains("filter%5Bstatus%5D%5Beq%5D=");
        let enabled = query.contains("filter%5Bstatus%5D%5Beq%5D=enabled") || !status;
        let mut shown = Vec::new();
        for (id, email, late) in self.accounts.iter_mut().filter(|_| enabled) {
            if *late == 0 {
                shown.push(account(id, email));
            } else {
                *late -= 1;
            }
        }
        let meta = json!({ "total_pages": 1, "total_results": shown.len(), "page_number": 1, "page_size": 250 });
        Reply::json(200, json!({ "data": shown, "meta": meta }).to_string())
    }

    fn create(&mut self, body: &str) -> Reply {
        self.creates += 1;
        let lost = if self.lose.is_empty() { None } else { Some(self.lose.remove(0)) };
        if lost == Some(Lost::Before) {
            return Reply::reset();
        }
        let email =
            serde_json::from_str::<Value>(body).unwrap()["email"].as_str().unwrap().to_owned();
        if self.refuses_taken && self.accounts.iter().any(|(_, taken, _)| *taken == email) {
            let error = json!({ "errors": [{ "code": "10015", "title": "Invalid", "detail": "email is taken" }] });
            return Reply::json(422, error.to_string());
        }
        let id = format!("account-{}", self.accounts.len() + 1);
        let answer = Reply::json(200, json!({ "data": account(&id, &email) }).to_string());
        self.accounts.push((id, email, self.lists_late));
        match lost {
            None | Some(Lost::Before) => answer,
            Some(Lost::After) => Reply::reset(),
            Some(Lost::Midway) => answer.cut(),
            Some(Lost::Timeout) => Reply::silence(),
            Some(Lost::Page) => Reply::html(502),
        }
    }
}

fn account(id: &str, email: &str) -> Value {
    json!({
        "id": id, "email": email, "organization_name": "New", "record_type": "managed_account",
        "manager_account_id": "manager", "managed_account_allow_custom_pricing": false,
        "rollup_billing": false, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "api_user": "manager@shop.example",
    })
}

/// A server with its book, and what one run after another remembers.
struct Site {
    server: Server,
    book: Arc<Mutex<Book>>,
    /// `None`: a file in the folder.
    state: Option<Location>,
    folder: tempfile::TempDir,
}

impl Site {
    async fn open(book: Book) -> Self {
        let book = Arc::new(Mutex::new(book));
        let answering = Arc::clone(&book);
        let server = Server::start(move |_, seen| answering.lock().unwrap().answer(seen)).await;
        Self { server, book, state: None, folder: tempfile::TempDir::new().unwrap() }
    }

    fn session(&self) -> Session {
        // With the patience of the real client: what must not be sent again is not.
        hasty(&self.server.origin, budget(2))
    }

    async fn journal(&self, session: &Session) -> Journal {
        let binding = Binding {
            organization: "shop".to_owned(),
            manager: None,
            base_url: session.reader().base_url(),
        };
        let file = || Location::File(self.folder.path().join("shop.json"));
        let store = Store::new(&self.state.clone().unwrap_or_else(file));
        Journal::open(store, &binding, &LockHolder::this("test"), Duration::ZERO).await.unwrap()
    }

    /// One run of the program: read, plan, apply.
    async fn run(&self, grace: Duration) -> (Plan, Vec<Outcome>) {
        let session = self.session();
        let journal = self.journal(&session).await;
        let text = format!(
            "version: 1\norganization: shop\naccounts: [{{ name: New, email: {EMAIL} }}]\n"
        );
        let desired = manifest::parse("shop.yaml".as_ref(), &text).unwrap();
        let reader = session.reader();
        let live = detect::read(&reader, &desired).await.unwrap();
        let plan = plan::plan(&desired, &live, &journal.state(), "2026-03-01".parse().unwrap());
        remember(&journal, &desired, &live, &plan).await.unwrap();
        let work =
            Execution { create_grace: grace, ..Execution::new(&plan, &live, &session, &journal) };
        let (_stop, stopped) = watch::channel(false);
        let outcomes = execute(&work, stopped).await;
        journal.close().await.unwrap();
        (plan, outcomes)
    }

    async fn record(&self, change: StateChange) {
        let journal = self.journal(&self.session()).await;
        journal.record(change).await.unwrap();
        journal.close().await.unwrap();
    }

    fn accounts(&self) -> usize {
        self.book.lock().unwrap().accounts.len()
    }

    fn creates(&self) -> u32 {
        self.book.lock().unwrap().creates
    }
}

fn is_unresolved(plan: &Plan) -> bool {
    plan.findings.iter().map(Finding::code).any(|code| code == Code::UnresolvedCreate)
}

#[tokio::test]
async fn hint_of_a_lost_create_promises_only_what_the_state_keeps() {
    for (state, wanted) in
        [(None, "not sent again"), (Some(Location::None), "the next run sends the create again")]
    {
        let site = Site::open(Book::new(&[Lost::Before], false, 0)).await;
        let (_, outcomes) = Site { state, ..site }.run(Duration::ZERO).await;
        let [outcome] = &outcomes[..] else { panic!("{outcomes:?}") };
        let Ending::Unknown(fault) = &outcome.ending else { panic!("{outcome:?}") };
        assert!(fault.hint.unwrap().contains(wanted), "{fault:?}");
    }
}

async fn never_two(lost: Lost, refuses_taken: bool, lists_late: u32) {
    let case = format!("{lost:?}, refuses a taken email: {refuses_taken}, late by {lists_late}");
    let site = Site::open(Book::new(&[lost], refuses_taken, lists_late)).await;
    // The look-up before it and those after it are lists too.
    let (_, outcomes) = site.run(Duration::ZERO).await;
    let first = &outcomes[0].ending;
    let known = lost != Lost::Before && lists_late == 0;
    assert_eq!(matches!(first, Ending::Done), known, "{case}: {first:?}");
    assert_eq!(matches!(first, Ending::Unknown(_)), !known, "{case}: {first:?}");
    for _ in 0..6 {
        let (plan, _) = site.run(Duration::ZERO).await;
        assert!(site.accounts() <= 1, "{case}: two accounts");
        assert_eq!(site.creates(), 1, "{case}: it was sent again");
        assert_eq!(plan.actions, [], "{case}");
        let there = site.accounts() == 1 && site.book.lock().unwrap().accounts[0].2 == 0;
        assert!(is_unresolved(&plan) || there, "{case}: reported until the account exists");
    }
    let (plan, _) = site.run(Duration::ZERO).await;
    if lost == Lost::Before {
        assert!(is_unresolved(&plan), "{case}: the outcome is unknown");
        // A person has looked, and settles it.
        site.record(StateChange::Retry(Email::new(EMAIL))).await;
        let (_, outcomes) = site.run(Duration::ZERO).await;
        assert!(matches!(outcomes[0].ending, Ending::Done), "{case}");
    } else {
        assert!(!plan.has_drift(), "{case}: it is adopted by itself: {plan:?}");
    }
    assert_eq!(site.accounts(), 1, "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_one_entry_never_becomes_two_accounts_however_the_answer_is_lost() {
    let mut cases = Vec::new();
    for lost in ALL {
        for refuses_taken in [true, false] {
            for lists_late in [0, 3, 7] {
                cases.push(never_two(lost, refuses_taken, lists_late));
            }
        }
    }
    futures_util::future::join_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_a_create_of_unknown_outcome_is_looked_up_until_the_grace_period_ends() {
    for lost in [Lost::After, Lost::Midway, Lost::Page] {
        // Three lists do not show it; the look-ups of the grace period outlast them.
        let site = Site::open(Book::new(&[lost], false, 3)).await;
        let (_, outcomes) = site.run(Duration::from_secs(20)).await;
        assert!(matches!(outcomes[0].ending, Ending::Done), "{lost:?}: {outcomes:?}");
        assert_eq!(outcomes[0].created.as_deref(), Some("account-1"));
        assert_eq!((site.accounts(), site.creates()), (1, 1), "{lost:?}");
        let (plan, _) = site.run(Duration::ZERO).await;
        assert!(!plan.has_drift(), "{lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_create_that_no_list_shows_yet_is_not_sent_again() {
    let site = Site::open(Book::new(&[], false, 50)).await;
    let (_, outcomes) = site.run(Duration::ZERO).await;
    assert!(matches!(outcomes[0].ending, Ending::Done));
    for _ in 0..3 {
        let (plan, outcomes) = site.run(Duration::ZERO).await;
        assert!(outcomes.is_empty() && !plan.has_drift(), "{plan:?}");
    }
    assert_eq!((site.accounts(), site.creates()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_created_by_another_person_meanwhile_is_adopted_and_left_alone() {
    let site = Site::open(Book::new(&[], false, 0)).await;
    // Hidden from the inventory, and shown to the look-up.
    let there = ("account-1".to_owned(), EMAIL.to_uppercase(), 1);
    site.book.lock().unwrap().accounts.push(there);
    let (plan, outcomes) = site.run(Duration::ZERO).await;
    assert_eq!(plan.actions.len(), 1);
    assert!(matches!(outcomes[0].ending, Ending::Satisfied), "{outcomes:?}");
    assert_eq!((site.accounts(), site.creates()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_was_recorded_as_sent_is_not_sent_after_a_crash() {
    for reached in [true, false] {
        let site = Site::open(Book::new(&[], false, 0)).await;
        // The process died after it had recorded that it sends.
        site.record(StateChange::Sending(Email::new(EMAIL))).await;
        if reached {
            let there = ("account-1".to_owned(), EMAIL.to_owned(), 0);
            site.book.lock().unwrap().accounts.push(there);
        }
        let (plan, _) = site.run(Duration::ZERO).await;
        assert_eq!(is_unresolved(&plan), !reached);
        assert_eq!((site.accounts(), site.creates()), (usize::from(reached), 0));
        let state = site.journal(&site.session()).await.state();
        let state = state.creates.get(&Email::new(EMAIL));
        assert_eq!(state, (!reached).then_some(&Create::Sending), "adopted by itself, or kept");
    }
}
