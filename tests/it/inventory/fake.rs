//! A second Telnyx: a plain organization behind the lists that an inventory reads, to be bent at will.
//!
//! It gives small pages whatever it is asked for, so that a few accounts make a list of several pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use trunkline::detect;
use trunkline::model::{Desired, Live};
use trunkline::telnyx::Error;

use crate::support::bodies;
use crate::support::server::{Reply, Seen, Server};
use crate::support::{budget, patient};

/// The maximum number of accounts on a page.
pub(super) const PAGE: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Enabled,
    Disabled,
    Blocked,
    Cancelled,
}

/// The list and page that a request reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    All,
    Of(Status),
    /// A page of one, for the count.
    Count(Status),
    WithCancelled,
    Report,
    Users,
    Pool,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub list: List,
    pub page: usize,
    /// The how-manieth time it is that the first page of this list was asked for.
    pub read: usize,
    pub by_email: bool,
}

/// All there is, the accounts in order of their creation.
#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub accounts: Vec<(u32, Status)>,
    pub users: Vec<u32>,
    /// The number of the next account.
    next: u32,
    /// The live accounts after each change.
    past: Vec<BTreeMap<u32, Status>>,
}

/// A page of accounts before it is sent.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub accounts: Vec<u32>,
    pub number: usize,
    pub pages: u64,
    pub total: usize,
}

pub(super) fn id(account: u32) -> String {
    format!("a{account}")
}

pub(super) fn email(account: u32) -> String {
    // So that the order of the emails is not that of the creation.
    format!("{}@shop.example", 1000 - account)
}

pub(super) fn body(account: u32) -> Value {
    let mut body = bodies::account(&id(account));
    body["email"] = json!(email(account));
    body
}

impl Organization {
    /// Accounts 0 to 7: 3 is disabled, 7 is blocked, the others are enabled; 8 and 9 are cancelled.
    pub(super) fn eight() -> Self {
        let status = |account| match account {
            3 => Status::Disabled,
            7 => Status::Blocked,
            8 | 9 => Status::Cancelled,
            _ => Status::Enabled,
        };
        Self::new((0..10).map(status))
    }

    pub(super) fn new(statuses: impl IntoIterator<Item = Status>) -> Self {
        let accounts: Vec<_> = (0..).zip(statuses).collect();
        let next = u32::try_from(accounts.len()).unwrap();
        Self { accounts, users: vec![0, 1, 2], next, past: Vec::new() }
    }

    pub(super) fn with_users(&self, users: Vec<u32>) -> Self {
        Self { users, ..self.clone() }
    }

    pub(super) fn create(&mut self, status: Status) {
        self.accounts.push((self.next, status));
        self.next += 1;
        self.past.push(self.live());
    }

    pub(super) fn set(&mut self, account: u32, status: Status) {
        let found = self.accounts.iter_mut().find(|(id, _)| *id == account);
        found.unwrap().1 = status;
        self.past.push(self.live());
    }

    /// The accounts that are not cancelled, with their status.
    pub(super) fn live(&self) -> BTreeMap<u32, Status> {
        let live = |(_, status): &&(u32, Status)| *status != Status::Cancelled;
        self.accounts.iter().filter(live).copied().collect()
    }

    /// The page that an honest server gives.
    pub(super) fn page(&self, ask: &Ask) -> Page {
        let wanted = |(_, status): &&(u32, Status)| match ask.list {
            List::Of(only) | List::Count(only) => *status == only,
            List::WithCancelled => true,
            _ => *status != Status::Cancelled,
        };
        let mut all: Vec<u32> =
            self.accounts.iter().filter(wanted).map(|(account, _)| *account).collect();
        if ask.by_email {
            all.sort_by_key(|account| email(*account));
        }
        let size = if matches!(ask.list, List::Count(_)) { 1 } else { PAGE };
        Page {
            accounts: all.iter().skip((ask.page - 1) * size).take(size).copied().collect(),
            number: ask.page,
            pages: u64::try_from(all.len().div_ceil(size)).unwrap(),
            total: all.len(),
        }
    }

    /// The answer of a correct server.
    pub(super) fn answer(&self, ask: &Ask) -> Reply {
        let users =
            |users: &[u32]| users.iter().map(|user| bodies::user(&id(*user))).collect::<Vec<_>>();
        match ask.list {
            List::Report => Reply::json(200, bodies::one(&json!(users(&self.users)))),
            List::Users => {
                let total = self.users.len();
                Reply::json(200, bodies::page(&users(&self.users), 1, 1, total))
            }
            List::Pool => {
                let pool = json!({
                    "allocatable_global_outbound_channels": 500,
                    "total_global_channels_allocated": 80,
                });
                Reply::json(200, bodies::one(&pool))
            }
            List::All | List::Of(_) | List::Count(_) | List::WithCancelled => {
                self.page(ask).reply()
            }
        }
    }
}

impl Page {
    pub(super) fn reply(&self) -> Reply {
        let items: Vec<_> = self.accounts.iter().map(|account| body(*account)).collect();
        let number = u64::try_from(self.number).unwrap();
        Reply::json(200, bodies::page(&items, number, self.pages, self.total))
    }
}

/// The result of reading an organization.
pub(super) struct Detected {
    pub result: Result<Live, Error>,
    /// The reads of the first page of each list.
    pub reads: BTreeMap<List, usize>,
    pub requests: usize,
    /// All that was live at any moment: before the first request, after each, and after each change.
    pub moments: Vec<BTreeMap<u32, Status>>,
    /// The accounts that were cancelled at any time.
    pub cancelled: BTreeSet<u32>,
}

/// Reads an organization that answers by `answer`, which may change it too.
pub(super) async fn detect(
    organization: Organization,
    desired: &Desired,
    answer: impl Fn(&Ask, &mut Organization) -> Reply + Send + Sync + 'static,
) -> Detected {
    struct Shared {
        organization: Organization,
        reads: BTreeMap<List, usize>,
        moments: Vec<Organization>,
    }
    let moments = vec![organization.clone()];
    let shared = Arc::new(Mutex::new(Shared { organization, reads: BTreeMap::new(), moments }));
    let state = Arc::clone(&shared);
    let server = Server::start(move |_, seen| {
        let mut guard = state.lock().unwrap();
        let Shared { organization, reads, moments } = &mut *guard;
        let mut ask = understand(seen);
        let read = reads.entry(ask.list).or_default();
        *read += usize::from(ask.page == 1);
        ask.read = *read;
        let reply = answer(&ask, organization);
        moments.push(organization.clone());
        reply
    })
    .await;
    let reader = patient(&server.origin, budget(3)).reader();
    let result = detect::read(&reader, desired).await;
    let answered = usize::try_from(reader.progress().answered).unwrap();
    // An error drops what is still under way.
    assert!(result.is_err() || answered == server.count(), "every answer is counted");
    let guard = shared.lock().unwrap();
    let cancelled = |organization: &Organization| {
        let cancelled = |(_, status): &&(u32, Status)| *status == Status::Cancelled;
        organization.accounts.iter().filter(cancelled).map(|(id, _)| *id).collect::<Vec<_>>()
    };
    let past = guard.organization.past.clone();
    Detected {
        result,
        reads: guard.reads.clone(),
        requests: server.count(),
        moments: guard.moments.iter().map(Organization::live).chain(past).collect(),
        cancelled: guard.moments.iter().flat_map(cancelled).collect(),
    }
}

/// Parses a request. An undocumented one fails the test.
fn understand(seen: &Seen) -> Ask {
    let url = url::Url::parse(&format!("http://server{}", seen.target)).unwrap();
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let value = |name: &str| query.get(name).map(String::as_str);
    let status = |word: &str| match word {
        "enabled" => Status::Enabled,
        "disabled" => Status::Disabled,
        "blocked" => Status::Blocked,
        "cancelled" => Status::Cancelled,
        other => panic!("{other} is not documented"),
    };
    let list = match url.path() {
        "/v2/managed_accounts/allocatable_global_outbound_channels" => List::Pool,
        "/v2/organizations/users/users_groups_report" => List::Report,
        "/v2/organizations/users" => List::Users,
        "/v2/managed_accounts" => {
            let include = value("include_cancelled_accounts");
            match (value("filter[status][eq]").map(status), value("page[size]"), include) {
                (Some(status), Some("1"), None) => List::Count(status),
                (Some(Status::Cancelled), Some("250"), Some("true")) => List::Of(Status::Cancelled),
                (Some(status), Some("250"), None) => List::Of(status),
                (None, Some("250"), None) => List::All,
                (None, Some("250"), Some("true")) => List::WithCancelled,
                other => panic!("{other:?} in {}", seen.target),
            }
        }
        other => panic!("{other} is not a list"),
    };
    let page = value("page[number]").map_or(1, |page| page.parse().unwrap());
    Ask { list, page, read: 0, by_email: value("sort") == Some("email") }
}
