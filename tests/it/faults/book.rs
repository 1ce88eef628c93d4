//! The book of accounts and users behind the API: what is really there, and what was ever done.
//!
//! It knows the expected values only to judge: an unexpected change is an error of the program.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, Op, Which};
use crate::support::bodies;
use crate::support::server::Reply;

/// The maximum number of accounts on a page.
const PAGE: usize = 3;
/// The limit of a new account.
const ALLOTMENT: u64 = 2;
/// The channels of the manager.
const ALLOCATABLE: u64 = 1000;

/// The behavior of the API where its documentation is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ApiBehavior {
    /// True if a create of a taken email is refused.
    pub refuses_taken: bool,
    /// The number of lists that do not show a new account yet.
    pub lists_late: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Status {
    Enabled,
    Disabled,
    Cancelled,
}

/// The creator of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// It was there before.
    Before,
    Us,
    /// Another client, meanwhile.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Account {
    pub id: String,
    pub email: String,
    pub name: String,
    pub status: Status,
    pub pricing: bool,
    /// Every limit that it ever had, the present one last.
    pub limits: Vec<u64>,
    /// The number of further lists that do not show it.
    pub hidden: u32,
    pub by: By,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct User {
    pub id: String,
    pub email: String,
    pub gone: bool,
}

/// Everything that is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Organization {
    pub behavior: ApiBehavior,
    pub accounts: Vec<Account>,
    pub users: Vec<User>,
    /// The emails whose create has come in, and was neither refused cleanly nor settled by a person since.
    pub sent: BTreeSet<String>,
}

/// A flaw of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    True,
    /// An account of an earlier page has gone, so that all behind it moved up.
    OneLess,
    /// One came before all others, so that all behind it moved down.
    OneMore,
    /// The status filter is ignored.
    Unfiltered,
}

impl Account {
    pub(super) fn limit(&self) -> u64 {
        self.limits.last().copied().unwrap_or_default()
    }

    fn body(&self) -> Value {
        let mut body = bodies::account(&self.id);
        body["email"] = json!(self.email);
        body["organization_name"] = json!(self.name);
        body["managed_account_allow_custom_pricing"] = json!(self.pricing);
        body
    }
}

impl Organization {
    pub(super) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The account of an email that is ours or was there before.
    pub(super) fn of_email(&self, email: &str) -> Option<&Account> {
        let found = |other: &&Account| other.email == email && other.status != Status::Cancelled;
        let ours = self.accounts.iter().filter(found);
        ours.clone().find(|account| account.by != By::Other).or(ours.clone().next())
    }

    /// The number of accounts that the program created for an email.
    pub(super) fn ours(&self, email: &str) -> usize {
        self.accounts.iter().filter(|one| one.email == email && one.by == By::Us).count()
    }

    /// The number of accounts beyond one per entry.
    pub(super) fn duplicates(&self) -> usize {
        let ours = self.accounts.iter().filter(|one| one.by == By::Us);
        let emails: BTreeSet<&str> = ours.clone().map(|one| one.email.as_str()).collect();
        ours.count() - emails.len()
    }

    /// The email of the subject of a call.
    pub(super) fn email_of<'a>(&'a self, call: &'a Call) -> &'a str {
        let user = self.users.iter().find(|user| user.id == call.subject);
        let account = self.account(&call.subject).map(|account| account.email.as_str());
        user.map(|user| user.email.as_str()).or(account).unwrap_or(&call.subject)
    }

    /// Another client makes the change of this call first.
    pub(super) fn meanwhile(&mut self, call: &Call) {
        match call.op {
            Op::User | Op::Remove => {
                let found = self.users.iter_mut().find(|user| user.id == call.subject);
                found.unwrap().gone = true;
            }
            Op::LookUp(_) | Op::Create => {
                if self.of_email(&call.subject).is_none() {
                    self.push(&call.subject, "Somebody else's", By::Other);
                }
            }
            Op::List(_)
            | Op::Count(_)
            | Op::Account
            | Op::Pool
            | Op::Report
            | Op::Users
            | Op::Update
            | Op::Enable
            | Op::Disable
            | Op::Limit => {}
        }
    }

    fn push(&mut self, email: &str, name: &str, by: By) -> &Account {
        let account = Account {
            id: format!("new{}", self.accounts.len() + 1),
            email: email.to_owned(),
            name: name.to_owned(),
            status: Status::Enabled,
            pricing: false,
            limits: vec![ALLOTMENT],
            hidden: if by == By::Us { self.behavior.lists_late } else { 0 },
            by,
        };
        self.accounts.push(account);
        &self.accounts[self.accounts.len() - 1]
    }

    /// Performs a call, and answers without a fault.
    pub(super) fn answer(&mut self, call: &Call, view: View) -> Reply {
        match call.op {
            Op::List(which) | Op::LookUp(which) | Op::Count(which) => self.list(call, which, view),
            Op::Account => self.account(&call.subject).map_or_else(missing, |one| ok(&one.body())),
            Op::Pool => {
                let allocated: u64 = self.accounts.iter().map(Account::limit).sum();
                ok(&json!({
                    "allocatable_global_outbound_channels": ALLOCATABLE,
                    "total_global_channels_allocated": allocated,
                }))
            }
            Op::Report => {
                let there = self.users.iter().filter(|user| !user.gone);
                ok(&json!(there.map(body).collect::<Vec<_>>()))
            }
            Op::Users => {
                let there = self.users.iter().filter(|user| !user.gone);
                Reply::json(200, bodies::list(&there.map(body).collect::<Vec<_>>()))
            }
            Op::User => {
                let found = self.users.iter().find(|user| user.id == call.subject && !user.gone);
                found.map_or_else(missing, |user| ok(&body(user)))
            }
            Op::Remove => {
                let found = |user: &&mut User| user.id == call.subject && !user.gone;
                self.users.iter_mut().find(found).map_or_else(missing, |user| {
                    user.gone = true;
                    ok(&body(user))
                })
            }
            Op::Create => self.create(call),
            Op::Update => self.change(call, |account, body| {
                account.pricing = body["managed_account_allow_custom_pricing"].as_bool().unwrap();
            }),
            Op::Enable => self.change(call, |account, _| account.status = Status::Enabled),
            Op::Disable => self.change(call, |account, _| account.status = Status::Disabled),
            Op::Limit => {
                let limit = call.body["channel_limit"].as_u64().unwrap();
                let changed = self.change(call, |account, _| {
                    if account.limit() != limit {
                        account.limits.push(limit);
                    }
                });
                let said = json!({ "channel_limit": limit, "record_type": "channel_limit" });
                if self.account(&call.subject).is_some() { ok(&said) } else { changed }
            }
        }
    }

    fn change(&mut self, call: &Call, change: impl FnOnce(&mut Account, &Value)) -> Reply {
        let found = self.accounts.iter_mut().find(|account| account.id == call.subject);
        found.map_or_else(missing, |account| {
            change(account, &call.body);
            ok(&account.body())
        })
    }

    fn create(&mut self, call: &Call) -> Reply {
        let email = &call.subject;
        if self.behavior.refuses_taken && self.of_email(email).is_some() {
            return Reply::json(
                422,
                r#"{"errors":[{"code":"10015","title":"Invalid","detail":"the email is taken"}]}"#,
            );
        }
        let name = call.body["business_name"].as_str().unwrap();
        let pricing = call.body["managed_account_allow_custom_pricing"].as_bool();
        let body = self.push(email, name, By::Us).body();
        if let Some(account) = self.accounts.last_mut() {
            account.pricing = pricing.unwrap_or(false);
        }
        ok(&body)
    }

    fn list(&mut self, call: &Call, which: Which, view: View) -> Reply {
        let belongs = |account: &Account| match (which, account.status) {
            (Which::WithCancelled, _) => true,
            (Which::Cancelled, status) => view == View::Unfiltered || status == Status::Cancelled,
            (_, Status::Cancelled) | (Which::Blocked, _) if view != View::Unfiltered => false,
            (_, Status::Cancelled) => false,
            (Which::Enabled, status) => view == View::Unfiltered || status == Status::Enabled,
            (Which::Disabled, status) => view == View::Unfiltered || status == Status::Disabled,
            (Which::All | Which::Blocked, _) => true,
        };
        let mut shown = Vec::new();
        for account in &mut self.accounts {
            if !belongs(account) || !account.email.contains(call.subject.as_str()) {
                continue;
            }
            if account.hidden == 0 {
                shown.push(account.clone());
            } else {
                account.hidden -= 1;
            }
        }
        if call.by_email {
            shown.sort_by(|one, other| one.email.cmp(&other.email));
        }
        match view {
            View::OneLess if !shown.is_empty() => drop(shown.remove(0)),
            View::OneMore if !shown.is_empty() => {
                let stranger = Account {
                    id: "passing".into(),
                    email: "passing@shop.example".into(),
                    ..shown[0].clone()
                };
                shown.insert(0, stranger);
            }
            View::True | View::Unfiltered | View::OneLess | View::OneMore => {}
        }
        let size = if matches!(call.op, Op::Count(_)) { 1 } else { PAGE };
        let page = shown.iter().skip((call.page - 1) * size).take(size).map(Account::body);
        let pages = u64::try_from(shown.len().div_ceil(size)).unwrap();
        let number = u64::try_from(call.page).unwrap();
        Reply::json(200, bodies::page(&page.collect::<Vec<_>>(), number, pages, shown.len()))
    }
}

fn body(user: &User) -> Value {
    let mut body = bodies::user_in_groups(&user.id);
    body["email"] = json!(user.email);
    body
}

fn ok(data: &Value) -> Reply {
    Reply::json(200, bodies::one(data))
}

fn missing() -> Reply {
    Reply::json(404, r#"{"errors":[{"code":"10005","title":"Not found"}]}"#)
}
