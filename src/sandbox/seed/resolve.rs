//! Resolves a seed to a complete state, and collects every problem.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use super::{
    derive,
    document::{SeedAccount, SeedChannels, SeedDocument, SeedGroup, SeedManager, SeedUser},
    problems::SeedProblems,
};
use crate::sandbox::behavior::NULL_FIELDS;
use crate::sandbox::state::{
    Account, AccountStatus, Manager, Pool, RecordType, SandboxState, SignInStatus, User, UserGroup,
};

const DEFAULT_MANAGER: &str = "root@acme.example";
const DEFAULT_ALLOCATABLE: u64 = 500;
const DEFAULT_ALLOTMENT: u64 = 10;

/// Returns the state that a document describes, or all its problems.
pub(super) fn resolve(document: SeedDocument) -> Result<SandboxState, Vec<String>> {
    let SeedDocument { manager, channels, accounts, users, behavior } = document;
    let mut problems = SeedProblems::default();
    let allotment = channels.default_allotment.unwrap_or(DEFAULT_ALLOTMENT);
    let manager = resolve_manager(manager, &mut problems);
    let accounts: Vec<_> = accounts
        .into_iter()
        .enumerate()
        .map(|(at, entry)| Arc::new(resolve_account(entry, at, allotment, &mut problems)))
        .collect();
    let users: Vec<_> = users
        .into_iter()
        .enumerate()
        .map(|(at, entry)| Arc::new(resolve_user(entry, at, &mut problems)))
        .collect();

    problems.unique(
        "accounts",
        "email",
        accounts.iter().map(|account| account.email.to_lowercase()),
    );
    problems.unique("accounts", "id", accounts.iter().map(|account| account.id.clone()));
    problems.unique("users", "email", users.iter().map(|user| user.email.to_lowercase()));
    problems.unique("users", "id", users.iter().map(|user| user.id.clone()));

    let is_account =
        |email: &str| accounts.iter().any(|account| account.email.eq_ignore_ascii_case(email));
    let is_user = |email: &str| users.iter().any(|user| user.email.eq_ignore_ascii_case(email));
    for email in behavior.unlisted.iter().filter(|email| !is_account(email)) {
        problems.add("behavior", format_args!("{} is not an account", email.escape_debug()));
    }
    for email in behavior.null_fields.keys().filter(|email| !is_account(email) && !is_user(email)) {
        problems.add(
            "behavior",
            format_args!("{} is neither an account nor a user", email.escape_debug()),
        );
    }
    for field in behavior.null_fields.values().flatten() {
        if !NULL_FIELDS.contains(&field.as_str()) {
            problems
                .add("behavior", format_args!("null_fields cannot name {}", field.escape_debug()));
        }
    }
    let behavior = Arc::new(behavior);
    let pool = Pool { allocatable: 0, default_allotment: allotment };
    let mut state = SandboxState { manager: Arc::new(manager), pool, accounts, users, behavior };
    state.pool.allocatable = allocatable(&channels, state.allocated(), &mut problems);
    problems.finish().map(|()| state)
}

/// The size of the pool. By default it covers the accounts' channels; a declared size must.
fn allocatable(channels: &SeedChannels, held: u64, problems: &mut SeedProblems) -> u64 {
    let Some(allocatable) = channels.allocatable else {
        return DEFAULT_ALLOCATABLE.max(held);
    };
    if held > allocatable {
        problems.add(
            "channels",
            format_args!("the accounts hold {held}, but only {allocatable} are allocatable"),
        );
    }
    allocatable
}

fn resolve_manager(entry: SeedManager, problems: &mut SeedProblems) -> Manager {
    let email = entry.email.unwrap_or_else(|| DEFAULT_MANAGER.to_owned());
    problems.email("manager", &email);
    let id = entry.id.unwrap_or_else(|| derive::uuid("manager", &email).to_string());
    problems.id("manager", &id);
    Manager { id, email, custom_pricing: entry.custom_pricing.unwrap_or(false) }
}

fn resolve_account(
    entry: SeedAccount,
    at: usize,
    allotment: u64,
    problems: &mut SeedProblems,
) -> Account {
    let item = format!("accounts[{at}] ({})", entry.email.escape_debug());
    problems.email(&item, &entry.email);
    let derived = derive::uuid("account", &entry.email);
    let id = match entry.id.map(|id| (Uuid::parse_str(&id), id)) {
        None => derived.to_string(),
        Some((Ok(id), _)) => id.to_string(),
        Some((Err(_), id)) => {
            problems.add(&item, "`id` is not a UUID");
            id
        }
    };
    let status = entry.status.unwrap_or(AccountStatus::Enabled);
    let created_at =
        problems.time(&item, "created_at", entry.created_at).unwrap_or_else(|| default_time(at));
    let updated_at = problems.time(&item, "updated_at", entry.updated_at).unwrap_or(created_at);
    let secret = derive::uuid("secret", &entry.email);
    Account {
        organization_name: entry
            .organization_name
            .unwrap_or_else(|| local_part(&entry.email).to_owned()),
        id,
        channel_limit: entry.channel_limit.unwrap_or(if status == AccountStatus::Cancelled {
            0
        } else {
            allotment
        }),
        status,
        custom_pricing: entry.managed_account_allow_custom_pricing.unwrap_or(false),
        rollup_billing: entry.rollup_billing.unwrap_or(false),
        balance: entry.balance,
        connections_enabled: entry.connections_enabled.unwrap_or(status == AccountStatus::Enabled),
        created_at,
        updated_at,
        api_key: entry.api_key.unwrap_or_else(|| derive::api_key(derived, secret)).into(),
        api_token: entry
            .api_token
            .unwrap_or_else(|| derive::api_token(derive::uuid("token", &entry.email)))
            .into(),
        email: entry.email,
    }
}

fn resolve_user(entry: SeedUser, at: usize, problems: &mut SeedProblems) -> User {
    let item = format!("users[{at}] ({})", entry.email.escape_debug());
    problems.email(&item, &entry.email);
    let id = entry.id.unwrap_or_else(|| derive::uuid("user", &entry.email).to_string());
    problems.id(&item, &id);
    User {
        id,
        role: entry.record_type.unwrap_or(RecordType::OrganizationSubUser),
        status: entry.user_status.unwrap_or(SignInStatus::Enabled),
        groups: entry.groups.into_iter().map(group).collect(),
        bypasses_sso: entry.organization_user_bypasses_sso.unwrap_or(false),
        created_at: problems
            .time(&item, "created_at", entry.created_at)
            .unwrap_or_else(|| default_time(at)),
        last_sign_in_at: problems.time(&item, "last_sign_in_at", entry.last_sign_in_at),
        email: entry.email,
    }
}

fn group(entry: SeedGroup) -> UserGroup {
    match entry {
        SeedGroup::Name(name) => UserGroup { id: derive::uuid("group", &name).to_string(), name },
        SeedGroup::Full(full) => UserGroup { id: full.id, name: full.name },
    }
}

/// The default time of an entry: one minute later with each position.
fn default_time(at: usize) -> Timestamp {
    let start = Timestamp::constant(1_704_067_200, 0); // 2024-01-01T00:00:00Z
    i64::try_from(at).ok().and_then(|at| start.checked_add(at.minutes()).ok()).unwrap_or(start)
}

fn local_part(email: &str) -> &str {
    email.split_once('@').map_or(email, |(local, _)| local)
}
