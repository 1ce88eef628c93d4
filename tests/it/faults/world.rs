//! The organization before a schedule, the expected result, and their differences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use trunkline::manifest;
use trunkline::model::{AccountId, Desired, Email};
use trunkline::state::StateChange;

use super::book::{Account, ApiBehavior, By, Organization, Status, User};
use super::call::{Call, Op};

/// One thing to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Create,
    /// A create and its limit: two actions.
    CreateLimited,
    /// A create and its disable: two actions.
    CreateDisabled,
    /// A limit that the state knows to be higher.
    Lower,
    /// One that it knows to be lower.
    Raise,
    /// One that it does not know.
    Assert,
    Enable,
    Disable,
    Withdraw,
    Allow,
    Remove,
    /// Nothing: an account that is as it should be.
    InSync,
}

/// The expected account. `None` if the field is not managed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub enabled: bool,
    pub limit: Option<u64>,
    pub pricing: bool,
}

/// A beginning, and the end that is wished for.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub name: String,
    pub desired: Desired,
    pub book: Organization,
    /// The limits that the state knows at the beginning.
    pub known: BTreeMap<AccountId, u64>,
    pub expected: BTreeMap<String, Wish>,
    /// The users who should be gone.
    pub leavers: BTreeSet<String>,
}

impl World {
    pub(super) fn new(tasks: &[Task], behavior: ApiBehavior) -> Self {
        let mut book = Organization {
            behavior,
            accounts: Vec::new(),
            users: Vec::new(),
            sent: BTreeSet::new(),
        };
        let mut text = "version: 1\norganization: shop\naccounts:".to_owned();
        let mut users = "users:\n  - email: boss@shop.example\n".to_owned();
        book.users.push(user("boss"));
        let (mut known, mut expected, mut leavers) =
            (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (place, task) in tasks.iter().enumerate() {
            if *task == Task::Remove {
                let user = user(&format!("leaver{place:02}"));
                writeln!(users, "  - {{ email: {}, absent: true }}", user.email).unwrap();
                leavers.insert(user.email.clone());
                book.users.push(user);
                continue;
            }
            let (before, wish) = task.account();
            let email = format!("{}@{place:02}.example", LETTERS[place % LETTERS.len()]);
            write!(text, "\n  - {{ name: Shop {place}, email: {email}").unwrap();
            write!(text, ", enabled: {}, custom_pricing: {}", wish.enabled, wish.pricing).unwrap();
            if let Some(limit) = wish.limit {
                write!(text, ", channel_limit: {limit}").unwrap();
            }
            text.push_str(" }");
            expected.insert(email.clone(), wish);
            if let Some((status, limit, pricing)) = before {
                let id = format!("old{place}");
                if matches!(task, Task::Lower | Task::Raise) {
                    known.insert(AccountId::new(&*id), limit);
                }
                book.accounts.push(Account {
                    id,
                    email,
                    name: format!("Shop {place}"),
                    status,
                    pricing,
                    limits: vec![limit],
                    hidden: 0,
                    by: By::Before,
                });
            }
        }
        text.push_str(if expected.is_empty() { " []\n" } else { "\n" });
        let text = if leavers.is_empty() { text } else { text + &users };
        let desired = manifest::parse("shop.yaml".as_ref(), &text).unwrap();
        let name = format!("{tasks:?}, {behavior:?}");
        Self { name, desired, book, known, expected, leavers }
    }

    /// The record of an earlier inventory. `None` if it was empty.
    pub(super) fn seen(&self) -> Option<StateChange> {
        let pair = |one: &Account| (AccountId::new(&*one.id), Email::new(&*one.email));
        let accounts: BTreeMap<_, _> = self.book.accounts.iter().map(pair).collect();
        let wanted = self.expected.keys().map(Email::new).collect();
        (!accounts.is_empty()).then_some(StateChange::Seen { accounts, wanted })
    }

    /// True if the manifest asks for a change at all.
    pub(super) fn wishes_for(&self, call: &Call, email: &str) -> bool {
        let wish = self.expected.get(email);
        match call.op {
            Op::Create => wish.is_some(),
            Op::Update => wish.is_some_and(|wish| {
                call.body["managed_account_allow_custom_pricing"] == wish.pricing
            }),
            Op::Enable => wish.is_some_and(|wish| wish.enabled),
            Op::Disable => wish.is_some_and(|wish| !wish.enabled),
            Op::Limit => wish.is_some_and(|wish| call.body["channel_limit"].as_u64() == wish.limit),
            Op::Remove => self.leavers.contains(email),
            Op::List(_)
            | Op::LookUp(_)
            | Op::Count(_)
            | Op::Account
            | Op::Pool
            | Op::Report
            | Op::Users
            | Op::User => true,
        }
    }

    /// The differences from the expected values.
    pub(super) fn differences(&self, book: &Organization) -> Vec<(String, &'static str)> {
        let mut all = Vec::new();
        for (email, Wish { enabled, limit, pricing }) in &self.expected {
            let Some(account) = book.of_email(email) else {
                all.push((email.clone(), "it has no account"));
                continue;
            };
            if (account.status == Status::Enabled) != *enabled {
                all.push((email.clone(), "the status"));
            }
            if limit.is_some_and(|limit| limit != account.limit()) {
                all.push((email.clone(), "the limit"));
            }
            if account.pricing != *pricing {
                all.push((email.clone(), "custom pricing"));
            }
        }
        for user in &book.users {
            if user.gone != self.leavers.contains(&user.email) {
                all.push((user.email.clone(), "whether the user is there"));
            }
        }
        all
    }
}

/// Emails that are not alike: a possible rename would be withheld.
const LETTERS: [&str; 8] =
    ["amsel", "birke", "chalk", "drossel", "esche", "forelle", "ginster", "hummer"];

impl Task {
    /// The live account before, and the expected one.
    fn account(self) -> (Option<(Status, u64, bool)>, Wish) {
        let (on, off) = (Status::Enabled, Status::Disabled);
        let wish = |enabled, limit, pricing| Wish { enabled, limit, pricing };
        match self {
            Self::Create => (None, wish(true, None, false)),
            Self::CreateLimited => (None, wish(true, Some(7), true)),
            Self::CreateDisabled => (None, wish(false, None, false)),
            Self::Lower => (Some((on, 9, false)), wish(true, Some(4), false)),
            Self::Raise => (Some((on, 3, false)), wish(true, Some(6), false)),
            Self::Assert => (Some((on, 2, false)), wish(true, Some(5), false)),
            Self::Enable => (Some((off, 2, false)), wish(true, None, false)),
            Self::Disable => (Some((on, 2, false)), wish(false, None, false)),
            Self::Withdraw => (Some((on, 2, true)), wish(true, None, false)),
            Self::Allow => (Some((on, 2, false)), wish(true, None, true)),
            Self::InSync | Self::Remove => (Some((on, 2, false)), wish(true, None, false)),
        }
    }
}

fn user(name: &str) -> User {
    let email = format!("{name}@shop.example");
    User { id: format!("user-{name}"), email, gone: false }
}
