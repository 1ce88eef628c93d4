//! Calls: the operation of a request, and its subject.

use std::collections::BTreeMap;
use std::fmt;

use crate::support::server::Seen;

/// An operation of the API that a run may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Op {
    /// A list of accounts, and how many cancelled ones belong in it.
    List(Which),
    /// A list that is filtered by an email.
    LookUp(Which),
    /// A page of one, for the count of a list.
    Count(Which),
    Account,
    Pool,
    Report,
    Users,
    User,
    Create,
    Update,
    Enable,
    Disable,
    Limit,
    Remove,
}

/// Which accounts a list should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Which {
    All,
    Enabled,
    Disabled,
    Blocked,
    Cancelled,
    WithCancelled,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub op: Op,
    /// Whose it is: an id, or an email where there is none yet. Empty for lists.
    pub subject: String,
    pub page: usize,
    pub by_email: bool,
    pub body: serde_json::Value,
}

impl Op {
    /// True if an inventory is taken with it, and nothing else done with it before the first action.
    pub(super) fn is_inventory(self) -> bool {
        matches!(self, Self::List(_) | Self::Count(_) | Self::Report | Self::Users | Self::Pool)
    }

    pub(super) fn is_change(self) -> bool {
        match self {
            Self::Create
            | Self::Update
            | Self::Enable
            | Self::Disable
            | Self::Limit
            | Self::Remove => true,
            Self::List(_)
            | Self::LookUp(_)
            | Self::Count(_)
            | Self::Account
            | Self::Pool
            | Self::Report
            | Self::Users
            | Self::User => false,
        }
    }
}

impl Call {
    /// Parses a request. Panics if it is not documented.
    pub(super) fn of(seen: &Seen) -> Self {
        let url = url::Url::parse(&format!("http://server{}", seen.target)).unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let body = serde_json::from_str(&seen.body).unwrap_or(serde_json::Value::Null);
        let segments: Vec<&str> = url.path_segments().unwrap().skip(1).collect();
        let (op, subject) = match (&segments[..], seen.body.is_empty()) {
            (["managed_accounts"], true) => {
                let email = query.get("filter[email][contains]").cloned();
                (list(&query), email.unwrap_or_default())
            }
            (["managed_accounts"], false) => {
                (Op::Create, body["email"].as_str().unwrap().to_owned())
            }
            (["managed_accounts", "allocatable_global_outbound_channels"], true) => {
                (Op::Pool, String::new())
            }
            (["managed_accounts", id], true) => (Op::Account, (*id).to_owned()),
            (["managed_accounts", id], false) => (Op::Update, (*id).to_owned()),
            (["managed_accounts", id, "update_global_channel_limit"], false) => {
                (Op::Limit, (*id).to_owned())
            }
            (["managed_accounts", id, "actions", "disable"], _) => (Op::Disable, (*id).to_owned()),
            (["managed_accounts", id, "actions", "enable"], _) => (Op::Enable, (*id).to_owned()),
            (["organizations", "users"], true) => (Op::Users, String::new()),
            (["organizations", "users", "users_groups_report"], true) => {
                (Op::Report, String::new())
            }
            (["organizations", "users", id], true) => (Op::User, (*id).to_owned()),
            (["organizations", "users", id, "actions", "remove"], _) => {
                (Op::Remove, (*id).to_owned())
            }
            other => panic!("{other:?} is not an operation"),
        };
        let page = query.get("page[number]").map_or(1, |page| page.parse().unwrap());
        let by_email = query.get("sort").is_some_and(|sort| sort == "email");
        Self { op, subject, page, by_email, body }
    }
}

fn list(query: &BTreeMap<String, String>) -> Op {
    let cancelled = query.contains_key("include_cancelled_accounts");
    let which = match query.get("filter[status][eq]").map(String::as_str) {
        Some("enabled") => Which::Enabled,
        Some("disabled") => Which::Disabled,
        Some("blocked") => Which::Blocked,
        Some("cancelled") => Which::Cancelled,
        Some(other) => panic!("{other} is not a documented status"),
        None if cancelled => Which::WithCancelled,
        None => Which::All,
    };
    match (query.contains_key("filter[email][contains]"), query["page[size]"].as_str()) {
        (true, _) => Op::LookUp(which),
        (false, "1") => Op::Count(which),
        (false, _) => Op::List(which),
    }
}

/// As it stands in a schedule: what stays the same however the calls of a run are interleaved.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, subject, page, by_email: _, body: _ } = self;
        write!(f, "{op:?}")?;
        if !subject.is_empty() {
            write!(f, " {subject}")?;
        }
        if *page > 1 { write!(f, " page {page}") } else { Ok(()) }
    }
}
