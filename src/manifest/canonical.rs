//! The canonical text of a manifest: every value written out, entries in the order of their emails. It reads
//! back as an equal manifest. `import` writes it, a saved plan embeds it, and its digest identifies a manifest.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::mistakes::is_invisible;
use crate::model::{
    Accepted, AccessPolicy, Budget, Budgets, Desired, Email, PasswordSource, Policy, Presence,
    StaleUsers, UnlistedAccounts, UnlistedUsers, WantedAccount, WantedUser, is_harmful,
};

/// The canonical text of a manifest.
#[must_use]
pub fn canonical(desired: &Desired) -> String {
    let Desired { organization, manager, policy, accept, accounts, users } = desired;
    let mut out = vec!["version: 1".to_owned(), format!("organization: {}", text(organization))];
    out.extend(manager.as_ref().map(|id| format!("manager_account_id: {}", text(id.as_str()))));
    out.extend(section("policy", policy_lines(policy)));
    out.extend(section("accept", accept.iter().flat_map(accepted)));
    out.extend(section("accounts", accounts.values().flat_map(account)));
    out.extend(section("users", users.iter().flatten().flat_map(|(_, one)| user(one))));
    out.join("\n") + "\n"
}

/// A section with its lines, or no lines for an empty section.
#[must_use]
pub fn section(name: &str, lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let indented = |mut line: String| {
        line.insert_str(0, "  ");
        line
    };
    let mut section = vec![String::new(), format!("{name}:")];
    section.extend(lines.into_iter().map(indented));
    if section.len() > 2 { section } else { Vec::new() }
}

/// The lines of `policy`.
#[must_use]
pub fn policy_lines(policy: &Policy) -> Vec<String> {
    let Policy { unlisted_accounts, unlisted_users, budgets, protected, access } = policy;
    let Budgets { removals, disables, enables, channel_cut, pricing_withdrawals, creates } =
        budgets;
    let mut lines = vec![
        format!("unlisted_accounts: {}", unlisted_accounts_word(*unlisted_accounts)),
        format!("unlisted_users: {}", unlisted_users_word(*unlisted_users)),
        format!("max_removals: {}", limit(*removals)),
        format!("max_disables: {}", limit(*disables)),
        format!("max_enables: {}", limit(*enables)),
        format!("max_channel_cut: {}", limit(*channel_cut)),
        format!("max_pricing_withdrawals: {}", limit(*pricing_withdrawals)),
        format!("max_creates: {creates}"),
    ];
    if !protected.is_empty() {
        lines.push("protected:".to_owned());
        lines.extend(protected.iter().map(|email| format!("  - {}", text(email.as_str()))));
    }
    lines.extend(access_lines(access));
    lines
}

/// The lines of `policy` about the access of users: the settings that differ from the default.
fn access_lines(access: &AccessPolicy) -> Vec<String> {
    let AccessPolicy { stale_after, stale_users, sso_bypass, privileged_groups } = access;
    let mut lines = Vec::new();
    lines.extend(stale_after.map(|days| format!("stale_after: {}", days_text(days))));
    if *stale_users != StaleUsers::default() {
        lines.push(format!("stale_users: {}", stale_users_word(*stale_users)));
    }
    if let Some(emails) = sso_bypass {
        lines.push(format!("sso_bypass: {}", list(emails.iter().map(Email::as_str))));
    }
    if !privileged_groups.is_empty() {
        let groups = list(privileged_groups.iter().map(String::as_str));
        lines.push(format!("privileged_groups: {groups}"));
    }
    lines
}

/// A list on one line.
#[must_use]
pub fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(text).collect::<Vec<_>>().join(", "))
}

/// The lines of an entry of `accept`.
#[must_use]
pub fn accepted(accepted: &Accepted) -> Vec<String> {
    let Accepted { code, email, until, reason } = accepted;
    let email = email.as_ref().map(Email::as_str);
    let until = until.to_string();
    let set = [
        ("code", Some(code.name().into())),
        ("email", email.map(text)),
        ("until", Some(until.into())),
        ("reason", reason.as_deref().map(text)),
    ];
    entry(set)
}

/// The fields of an account, in canonical order.
pub(super) const ACCOUNT_FIELDS: [&str; 10] = [
    "name",
    "email",
    "id",
    "enabled",
    "channel_limit",
    "custom_pricing",
    "rollup_billing",
    "min_balance",
    "reenable_connections",
    "password_from",
];

/// The lines of an entry of `accounts`.
#[must_use]
pub fn account(account: &WantedAccount) -> Vec<String> {
    let WantedAccount {
        name,
        email,
        id,
        enabled,
        channel_limit,
        custom_pricing,
        rollup_billing,
        min_balance,
        reenable_connections,
        password_from,
    } = account;
    let flag = |flag: &Option<bool>| flag.map(|flag| if flag { "true" } else { "false" }.into());
    let values: [_; ACCOUNT_FIELDS.len()] = [
        Some(text(name)),
        Some(text(email.as_str())),
        id.as_ref().map(|id| text(id.as_str())),
        flag(enabled),
        channel_limit.map(|limit| limit.to_string().into()),
        flag(custom_pricing),
        flag(rollup_billing),
        min_balance.map(|amount| amount.to_string().into()),
        reenable_connections.then_some("true".into()),
        password_from.as_ref().map(|from| source(from).into()),
    ];
    entry(ACCOUNT_FIELDS.into_iter().zip(values))
}

/// A safety limit as the manifest writes it.
#[must_use]
pub fn limit(limit: Budget) -> String {
    match limit {
        Budget::Count(count) => count.to_string(),
        Budget::Percent(percent) => format!("{percent}%"),
    }
}

/// The value of `unlisted_accounts`.
#[must_use]
pub fn unlisted_accounts_word(policy: UnlistedAccounts) -> &'static str {
    match policy {
        UnlistedAccounts::Ignore => "ignore",
        UnlistedAccounts::Report => "report",
        UnlistedAccounts::Disable => "disable",
    }
}

/// The value of `unlisted_users`.
#[must_use]
pub fn unlisted_users_word(policy: UnlistedUsers) -> &'static str {
    match policy {
        UnlistedUsers::Ignore => "ignore",
        UnlistedUsers::Report => "report",
        UnlistedUsers::Remove => "remove",
    }
}

/// The value of `stale_users`.
#[must_use]
pub fn stale_users_word(policy: StaleUsers) -> &'static str {
    match policy {
        StaleUsers::Report => "report",
        StaleUsers::Remove => "remove",
    }
}

/// A number of days as the manifest writes it.
#[must_use]
pub fn days_text(days: u32) -> String {
    format!("{days}d")
}

/// The source of a password, which is not secret.
#[must_use]
pub fn source(source: &PasswordSource) -> String {
    match source {
        PasswordSource::Env(name) => format!("{{ env: {} }}", text(name)),
        PasswordSource::File(path) => format!("{{ file: {} }}", text(&path.to_string_lossy())),
    }
}

/// The lines of an entry of `users`.
#[must_use]
pub fn user(user: &WantedUser) -> Vec<String> {
    let WantedUser { email, presence, keep } = user;
    let (groups, until) = match presence {
        Presence::Present { groups, until } => (groups.as_ref(), *until),
        Presence::Absent | Presence::Owner => (None, None),
    };
    let only_if = |set: bool| set.then_some("true".into());
    entry([
        ("email", Some(text(email.as_str()))),
        ("groups", groups.map(|groups| list(groups.iter().map(String::as_str)).into())),
        ("until", until.map(|day| day.to_string().into())),
        ("keep", only_if(*keep)),
        ("absent", only_if(*presence == Presence::Absent)),
        ("owner", only_if(*presence == Presence::Owner)),
    ])
}

/// An entry of a list: the fields that are set, one per line.
fn entry<'a>(
    fields: impl IntoIterator<Item = (&'static str, Option<Cow<'a, str>>)>,
) -> Vec<String> {
    let set = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let line = |(index, (name, value)): (usize, (&str, Cow<'_, str>))| {
        [if index == 0 { "- " } else { "  " }, name, ": ", &value].concat()
    };
    set.enumerate().map(line).collect()
}

/// A text as a YAML scalar, in quotes where a YAML parser might read a plain one as something else.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if is_plain(text) { text.into() } else { quoted(text).into() }
}

/// Words that a YAML parser may read as something other than a string, in any case.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

fn is_plain(text: &str) -> bool {
    let inside = |c: char| {
        c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '@' | '-' | '+' | '/' | '\'')
    };
    let begins = text.chars().next().is_some_and(char::is_alphabetic) || is_uuid(text);
    begins
        && text.chars().all(inside)
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns true for an id, which may begin with a digit and yet is not a number.
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.matches('-').count() == 4 && !text.contains('.')
}

fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    let mut before = ' ';
    for c in text.chars() {
        let number = u32::from(c);
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // `##[` would start a command of a CI runner.
            '#' if before == '#' => out.push_str("\\x23"),
            // Characters that must not reach a terminal or cannot be seen, and those that YAML forbids.
            _ if is_invisible(c) || is_harmful(c) || matches!(number & 0xffff, 0xfffe | 0xffff) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\U{number:08x}");
            }
            _ => out.push(c),
        }
        before = c;
    }
    out + "\""
}
