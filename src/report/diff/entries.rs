//! The desired and the live side, entry by entry, as lines of YAML.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::{PlanContext, words};
use super::selected::Selected;
use crate::manifest::canonical;
use crate::model::{
    AccountId, Email, LiveAccount, LiveUser, Presence, Role, Status, UserStatus, WantedAccount,
    WantedUser,
};
use crate::plan::{AccountTarget, Action, Reason};

/// The lines of one entry on both sides. A side without the entry has no lines.
pub(super) struct Entry {
    /// The live side.
    pub have: Vec<String>,
    /// The desired side.
    pub want: Vec<String>,
}

/// The entries below each title of the manifest.
pub(super) fn entries(context: PlanContext<'_>) -> [(&'static str, Vec<Entry>); 2] {
    [("accounts", accounts(context)), ("users", users(context))]
}

fn accounts(context: PlanContext<'_>) -> Vec<Entry> {
    let live = LiveAccountIndex::of(context);
    let mut paired = BTreeSet::new();
    let mut entries = Vec::new();
    let selected = Selected::of(context.report.plan);
    for account in context.desired.accounts.values() {
        let counterparts = live.counterparts(account);
        let part = selected.as_ref().map(|selected| selected.account(account, counterparts));
        let account = match &part {
            None => account,
            Some(Some(part)) => part,
            Some(None) => {
                paired.extend(counterparts.iter().map(|one| &one.id));
                continue;
            }
        };
        let want = indented(canonical::account(&comparable(account)));
        let have = match counterparts {
            [] => Vec::new(),
            [one] => {
                paired.insert(&one.id);
                live_account(one, account, live.limits)
            }
            several => {
                let why = format!("{} live accounts have this email", several.len());
                [want.clone(), vec![comment(&why)]].concat()
            }
        };
        entries.push(Entry { have, want });
    }
    // Other unlisted accounts are not a difference.
    let unlisted = live.disabled(context).filter(|(one, _)| !paired.contains(&one.id));
    entries.extend(unlisted.map(|(account, reason)| {
        let side = |enabled| {
            let bare = WantedAccount { enabled: Some(enabled), ..bare(account) };
            indented(canonical::account(&bare))
        };
        Entry { have: side(true), want: [side(false), because(reason)].concat() }
    }));
    entries
}

/// The live accounts, by id and email.
struct LiveAccountIndex<'a> {
    by_id: HashMap<&'a AccountId, usize>,
    by_email: HashMap<&'a Email, Vec<&'a LiveAccount>>,
    all: &'a [LiveAccount],
    limits: &'a BTreeMap<AccountId, u64>,
}

impl<'a> LiveAccountIndex<'a> {
    fn of(context: PlanContext<'a>) -> Self {
        let all = &context.live.accounts;
        let by_id = all.iter().enumerate().map(|(place, account)| (&account.id, place)).collect();
        let mut by_email: HashMap<_, Vec<_>> = HashMap::new();
        for account in all {
            by_email.entry(&account.email).or_default().push(account);
        }
        Self { by_id, by_email, all, limits: &context.report.plan.inventory.limits }
    }

    /// The accounts that match an entry: by its id if it has one, else by its email.
    fn counterparts<'s>(&'s self, wanted: &WantedAccount) -> &'s [&'a LiveAccount] {
        let by_email = || self.by_email.get(&wanted.email).map_or(&[][..], Vec::as_slice);
        match &wanted.id {
            None => by_email(),
            Some(id) => {
                let Some(place) = self.by_id.get(id) else { return &[] };
                let email = &self.all[*place].email;
                let same = self.by_email.get(email).map_or(&[][..], Vec::as_slice);
                same.iter().position(|one| one.id == *id).map_or(&[], |at| &same[at..=at])
            }
        }
    }

    /// The accounts that the plan disables, with the reasons.
    fn disabled(
        &self,
        context: PlanContext<'a>,
    ) -> impl Iterator<Item = (&'a LiveAccount, Reason)> {
        context.report.plan.actions.iter().filter_map(|planned| match &planned.action {
            Action::DisableAccount { target: AccountTarget::Live(id), .. } => {
                Some((&self.all[*self.by_id.get(id)?], planned.reason))
            }
            Action::DisableAccount { target: AccountTarget::Created, .. }
            | Action::RemoveUser { .. }
            | Action::SetChannelLimit { .. }
            | Action::UpdateAccount { .. }
            | Action::EnableAccount { .. }
            | Action::CreateAccount(_) => None,
        })
    }
}

/// An entry without the fields that have no live value.
fn comparable(account: &WantedAccount) -> WantedAccount {
    WantedAccount { reenable_connections: false, password_from: None, ..account.clone() }
}

/// A live account as an entry that manages no field.
fn bare(account: &LiveAccount) -> WantedAccount {
    WantedAccount::new(account.name.clone().unwrap_or_default(), account.email.clone())
}

/// A live account with the fields that its entry manages. An unknown field is a comment.
fn live_account(
    account: &LiveAccount,
    wanted: &WantedAccount,
    limits: &BTreeMap<AccountId, u64>,
) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut flag = |name, wanted: Option<bool>, live: Option<bool>| {
        unknown.extend(wanted.filter(|_| live.is_none()).map(|_| name));
        wanted.map(|wanted| live.unwrap_or(wanted))
    };
    let enabled = match account.status {
        Some(Status::Enabled) => Some(true),
        Some(Status::Disabled) => Some(false),
        Some(Status::Blocked) | None => None,
    };
    let shown = WantedAccount {
        // Emails are equal without regard to case.
        email: if account.email == wanted.email { &wanted.email } else { &account.email }.clone(),
        id: wanted.id.as_ref().map(|_| account.id.clone()),
        enabled: flag("enabled", wanted.enabled, enabled),
        custom_pricing: flag("custom_pricing", wanted.custom_pricing, account.custom_pricing),
        rollup_billing: flag("rollup_billing", wanted.rollup_billing, account.rollup_billing),
        channel_limit: wanted.channel_limit.map(|wanted| {
            limits.get(&account.id).copied().unwrap_or_else(|| {
                unknown.push("channel_limit");
                wanted
            })
        }),
        ..bare(account)
    };
    let lines = indented(canonical::account(&shown)).into_iter().map(|line| {
        let field = unknown.iter().find(|name| line.trim_start().starts_with(&format!("{name}:")));
        match field {
            Some(&"enabled") if account.status == Some(Status::Blocked) => {
                comment("blocked by Telnyx")
            }
            Some(name) => comment(&format!("{name} is unknown")),
            None => line,
        }
    });
    lines.collect()
}

fn users(context: PlanContext<'_>) -> Vec<Entry> {
    let Some(wanted) = &context.desired.users else { return Vec::new() };
    let live: BTreeMap<&Email, &LiveUser> =
        context.live.users.iter().flatten().map(|user| (&user.email, user)).collect();
    let removed: BTreeMap<&Email, Reason> = context
        .report
        .plan
        .actions
        .iter()
        .filter_map(|planned| Some((removed(&planned.action)?, planned.reason)))
        .collect();
    let selected = Selected::of(context.report.plan);
    let entry = |user: &WantedUser| {
        let have = live.get(&user.email).copied();
        match (removed.get(&user.email), &selected) {
            (Some(reason), _) => {
                Some(Entry { have: removed_user(have, *reason), want: Vec::new() })
            }
            (None, None) => Some(listed_user(have, user)),
            (None, Some(selected)) => Some(listed_user(have, &selected.user(user)?)),
        }
    };
    let mut entries: Vec<Entry> = wanted.values().filter_map(entry).collect();
    let unlisted = removed.into_iter().filter(|(email, _)| !wanted.contains_key(*email));
    entries.extend(unlisted.map(|(email, reason)| Entry {
        have: removed_user(live.get(email).copied(), reason),
        want: Vec::new(),
    }));
    entries
}

/// The user that an action removes.
fn removed(action: &Action) -> Option<&Email> {
    match action {
        Action::RemoveUser { id: _, email } => Some(email),
        Action::DisableAccount { .. }
        | Action::SetChannelLimit { .. }
        | Action::UpdateAccount { .. }
        | Action::EnableAccount { .. }
        | Action::CreateAccount(_) => None,
    }
}

/// A live user that the plan removes.
fn removed_user(user: Option<&LiveUser>, reason: Reason) -> Vec<String> {
    let lines = user.map(|user| [user_lines(&user.email, None), because(reason)].concat());
    lines.unwrap_or_default()
}

/// An entry and the live user of its email.
fn listed_user(live: Option<&LiveUser>, wanted: &WantedUser) -> Entry {
    let WantedUser { email, presence, keep: _ } = wanted;
    let want = match presence {
        Presence::Absent => Vec::new(),
        Presence::Owner => indented(canonical::user(wanted)),
        Presence::Present { groups, until: _ } => user_lines(email, groups.clone()),
    };
    let mut have = match (presence, live) {
        // The API may hide the owner.
        (Presence::Owner, None) => want.clone(),
        (Presence::Owner, Some(user)) if user.role == Role::Owner => want.clone(),
        (_, None) => Vec::new(),
        (Presence::Present { groups: Some(_), until: _ }, Some(user)) => {
            let groups = user.groups.as_ref().map(|names| names.iter().cloned().collect());
            let unknown = groups.is_none().then(|| comment("groups is unknown"));
            user_lines(email, groups).into_iter().chain(unknown).collect()
        }
        (_, Some(_)) => user_lines(email, None),
    };
    if let (true, Some(user)) = (*presence != Presence::Absent, live) {
        have.extend(match &user.status {
            Some(UserStatus::Disabled) => Some(comment("disabled")),
            Some(UserStatus::Blocked) => Some(comment("blocked by Telnyx")),
            Some(UserStatus::Enabled | UserStatus::Other(_)) | None => None,
        });
    }
    Entry { have, want }
}

fn user_lines(email: &Email, groups: Option<BTreeSet<String>>) -> Vec<String> {
    let presence = Presence::Present { groups, until: None };
    indented(canonical::user(&WantedUser::new(email.clone(), presence)))
}

fn indented(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("  {line}")).collect()
}

/// The reason of an action as a comment. Empty if the entry declares the action.
fn because(reason: Reason) -> Vec<String> {
    let text = words::because(reason);
    if text.is_empty() { Vec::new() } else { vec![comment(&text)] }
}

/// A comment below an entry.
fn comment(text: &str) -> String {
    format!("    # {text}")
}

#[cfg(test)]
mod tests {
    use crate::manifest::canonical::text;

    #[test]
    fn texts_are_quoted_where_yaml_would_read_something_else() {
        for plain in ["Larry's Cat Food", "larry+cat@catfood.example", "Ünal-Söhne"] {
            assert_eq!(text(plain), plain);
        }
        let cases = [
            ("", r#""""#),
            ("No", r#""No""#),
            ("12", r#""12""#),
            ("a: b", r#""a: b""#),
            (" a", r#"" a""#),
            (r#"a"\"#, r#""a\"\\""#),
            ("a\u{1b}\n", r#""a\U0000001b\U0000000a""#),
            ("x##[error]", r#""x#\x23[error]""#),
        ];
        for (from, expected) in cases {
            assert_eq!(text(from), expected);
        }
    }
}
