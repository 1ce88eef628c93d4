//! The live side as a manifest that plans to in sync. Facts that a manifest cannot express become comments.
//!
//! Pure. An account or user that cannot be listed is named in a comment, never dropped. Texts from the API are
//! escaped in comments and quoted in values.

use std::collections::{BTreeMap, BTreeSet};

use super::escape::line;
use crate::manifest::canonical;
use crate::manifest::{LONGEST_TEXT, takes_email, takes_id, takes_text};
use crate::model::{
    Accepted, AccountId, Code, Day, Desired, Email, Live, LiveAccount, LiveUser, Policy, Presence,
    Role, State, Status, UserStatus, WantedAccount, WantedUser, is_harmful,
};
use crate::plan::{Channels, Finding, FindingKind, Inventory, Level, plan};

/// The reason for accepting a finding of an imported manifest.
const REASON: &str = "existed at the import";

/// A manifest of the live side, with remarks.
#[derive(Clone, Debug)]
pub struct Import {
    /// The manifest.
    pub desired: Desired,
    /// Remarks on listed accounts and users.
    pub(super) remarks: Remarks,
    /// The accounts and users that cannot be listed, with reasons.
    left_out: Vec<String>,
    /// The last day of accepted findings.
    until: Day,
}

/// Remarks on entries, which become comments above them.
#[derive(Clone, Debug, Default)]
pub(super) struct Remarks {
    pub accounts: BTreeMap<Email, Vec<String>>,
    pub users: BTreeMap<Email, Vec<String>>,
}

impl Import {
    /// Lists the live accounts and users. `limits` are the known channel limits; `until` is the last day of
    /// accepted findings.
    #[must_use]
    pub fn new(
        organization: &str,
        live: &Live,
        limits: &BTreeMap<AccountId, u64>,
        until: Day,
    ) -> Self {
        let manager = live.manager.clone().filter(|id| takes_id(id.as_str()));
        let desired = Desired {
            organization: organization.to_owned(),
            manager,
            policy: Policy::default(),
            accept: Vec::new(),
            accounts: BTreeMap::new(),
            users: None,
        };
        let mut import = Self { desired, remarks: Remarks::default(), left_out: Vec::new(), until };
        import.accounts(&live.accounts, limits);
        import.users(live.users.as_deref().unwrap_or_default());
        import
    }

    /// Adds the channel limits that the state knows, and accepts the findings of a plan of the manifest.
    #[must_use]
    pub fn complete(&self, live: &Live, known: &State, today: Day) -> Self {
        let Inventory { channels, limits, .. } = plan(&self.desired, live, known, today).inventory;
        let limits = if channels == Channels::Consistent { limits } else { BTreeMap::new() };
        let mut import = if limits.is_empty() {
            self.clone()
        } else {
            Self::new(&self.desired.organization, live, &limits, self.until)
        };
        let found = plan(&import.desired, &import.seen(live), known, today).findings;
        import.desired.accept = import.accepted(&found);
        import
    }

    /// The part of the live side that a plan of the manifest reads. The pool is read only for channel limits.
    #[must_use]
    pub fn seen(&self, live: &Live) -> Live {
        let limited = self.desired.accounts.values().any(|account| account.channel_limit.is_some());
        let users = live.users.clone().filter(|_| self.desired.users.is_some());
        Live { channels: live.channels.filter(|_| limited), users, ..live.clone() }
    }

    fn accepted(&self, findings: &[Finding]) -> Vec<Accepted> {
        let drift = findings.iter().filter(|finding| finding.level() == Level::Drift);
        let can_be_listed = |finding: &&Finding| match finding.email() {
            // Covered by the entry for the organization.
            Some(_) if finding.what == FindingKind::LimitWithheld => false,
            Some(email) => takes_email(email.as_str()),
            None => finding.code() == Code::PoolExceeded,
        };
        let accepted = drift.filter(can_be_listed).map(|finding| Accepted {
            code: finding.code(),
            // Users who share an email may spell it differently.
            email: finding.email().map(|email| Email::new(email.folded())),
            until: self.until,
            reason: Some(REASON.to_owned()),
        });
        let mut accepted: Vec<Accepted> = accepted.collect();
        let key = |one: &Accepted| (one.code, one.email.clone());
        accepted.sort_by_key(key);
        accepted.dedup_by_key(|one| key(one));
        accepted
    }

    fn accounts(&mut self, accounts: &[LiveAccount], limits: &BTreeMap<AccountId, u64>) {
        let mut by_email: BTreeMap<&Email, Vec<&LiveAccount>> = BTreeMap::new();
        for account in accounts {
            by_email.entry(&account.email).or_default().push(account);
        }
        for (email, mut accounts) in by_email {
            accounts.sort_by_key(|account| &account.id);
            match accounts[..] {
                [account] if takes_email(email.as_str()) => {
                    self.account(account, limits.get(&account.id).copied());
                }
                [account] => self.left_out.push(format!(
                    "the account {}: the email is not valid in a manifest: {}",
                    account.id,
                    quoted(account.email.as_str())
                )),
                [..] => self.left_out.push(format!(
                    "the accounts {}: they share the email {}, and a manifest lists an email once",
                    accounts.iter().map(|one| one.id.as_str()).collect::<Vec<_>>().join(", "),
                    quoted(email.folded())
                )),
            }
        }
    }

    fn account(&mut self, account: &LiveAccount, channel_limit: Option<u64>) {
        let LiveAccount {
            id,
            email,
            name,
            manager: _,
            api_user: _,
            custom_pricing,
            rollup_billing,
            status,
        } = account;
        let mut remarks = Vec::new();
        let enabled = match status {
            Some(Status::Enabled) => Some(true),
            Some(Status::Disabled) => Some(false),
            Some(Status::Blocked) => {
                remarks.push("is blocked by Telnyx, so `enabled` is left out".to_owned());
                None
            }
            None => {
                remarks.push("the status is unknown, so `enabled` is left out".to_owned());
                None
            }
        };
        let name = match name {
            Some(name) if takes_text(name) => name.clone(),
            Some(name) => {
                remarks.push(format!("the name is not valid in a manifest: \"{name}\""));
                cleaned(name).unwrap_or_else(|| email.to_string())
            }
            None => {
                remarks.push("Telnyx shows no name for it, so this is its email".to_owned());
                email.to_string()
            }
        };
        let listed_id = Some(id.clone()).filter(|id| takes_id(id.as_str()));
        if listed_id.is_none() {
            remarks.push(format!("the id is not valid in a manifest: \"{id}\""));
        }
        let wanted = WantedAccount {
            id: listed_id,
            enabled,
            channel_limit,
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
            ..WantedAccount::new(name, email.clone())
        };
        self.desired.accounts.insert(email.clone(), wanted);
        if !remarks.is_empty() {
            self.remarks.accounts.insert(email.clone(), remarks);
        }
    }

    fn users(&mut self, users: &[LiveUser]) {
        let mut by_email: BTreeMap<&Email, Vec<&LiveUser>> = BTreeMap::new();
        for user in users {
            by_email.entry(&user.email).or_default().push(user);
        }
        for (email, mut users) in by_email {
            users.sort_by_key(|user| &user.id);
            if takes_email(email.as_str()) {
                self.user(email, &users);
            } else {
                let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
                self.left_out.push(format!(
                    "the user {}: the email is not valid in a manifest: {}",
                    ids.join(", "),
                    quoted(email.folded())
                ));
            }
        }
    }

    /// Lists the users of one email; there is hardly ever more than one.
    fn user(&mut self, email: &Email, users: &[&LiveUser]) {
        let mut remarks: BTreeSet<String> = users.iter().flat_map(|user| remarks(user)).collect();
        let groups = match users {
            [LiveUser { groups: Some(names), .. }] => {
                let refused = names.iter().find(|name| !takes_text(name));
                if let Some(refused) = refused {
                    let why = format!("the group \"{refused}\" is not valid in a manifest");
                    remarks.insert(format!("{why}, so `groups` is left out"));
                }
                refused.is_none().then(|| names.iter().cloned().collect())
            }
            [_] => None,
            [..] => {
                let count = users.len();
                remarks.insert(format!("{count} users have this email; their groups are left out"));
                None
            }
        };
        // Users who share an email may spell it differently; the choice must not depend on the order of the read.
        let written = users.iter().map(|user| user.email.as_str()).min().unwrap_or(email.as_str());
        let email = Email::new(written);
        let presence = Presence::Present { groups, until: None };
        let wanted = WantedUser::new(email.clone(), presence);
        self.desired.users.get_or_insert_default().insert(email.clone(), wanted);
        self.remarks.users.insert(email, remarks.into_iter().collect());
    }

    /// The manifest, with the remarks as comments.
    #[must_use]
    pub fn yaml(&self) -> String {
        let Self { desired, remarks, left_out, until } = self;
        let mut out = self.heading();
        if !left_out.is_empty() {
            out.extend(["#".to_owned(), "# Not listed:".to_owned()]);
            out.extend(left_out.iter().map(|why| comment(&format!("- {why}"))));
        }
        let accepted = format!("# Differences that existed at the import, accepted until {until}.");
        out.extend(manifest(desired, remarks, Some(accepted)));
        out.join("\n") + "\n"
    }

    fn heading(&self) -> Vec<String> {
        let Self { desired, left_out, .. } = self;
        let accounts = || desired.accounts.values();
        let limited = accounts().filter(|account| account.channel_limit.is_some()).count();
        let mut out = vec![if left_out.is_empty() {
            "# The organization in Telnyx. A plan of this manifest is in sync.".to_owned()
        } else {
            "# The organization in Telnyx, except for the following.".to_owned()
        }];
        let unlimited = accounts().count() - limited;
        if limited > 0 {
            out.push(
                "# The channel limits are those that Telnyx has acknowledged; the pool agrees."
                    .to_owned(),
            );
        }
        if unlimited > 0 {
            let which = if limited > 0 { format!("{unlimited} other ") } else { String::new() };
            out.push(format!(
                "# Telnyx does not show channel limits: those of {which}accounts are left"
            ));
            out.push("# out, and not managed until you add `channel_limit`.".to_owned());
        }
        if desired.users.is_none() {
            out.push("# No users could be read, so users are not managed.".to_owned());
        }
        if desired.accounts.is_empty() {
            out.push("# No accounts could be read, so accounts are not managed.".to_owned());
        }
        out
    }
}

/// The lines of a manifest, with a comment above `accept` and the remarks above their entries.
pub(super) fn manifest(
    desired: &Desired,
    remarks: &Remarks,
    on_accept: Option<String>,
) -> Vec<String> {
    let Desired { organization, manager, policy, accept, accounts, users } = desired;
    let mut out = vec!["version: 1".to_owned()];
    out.push(format!("organization: {}", canonical::text(organization)));
    let manager = manager.as_ref();
    out.extend(manager.map(|id| format!("manager_account_id: {}", canonical::text(id.as_str()))));
    out.extend(canonical::section("policy", canonical::policy_lines(policy)));
    let mut accept = canonical::section("accept", accept.iter().flat_map(canonical::accepted));
    if !accept.is_empty() {
        // Below the empty line.
        accept.splice(1..1, on_accept);
    }
    out.extend(accept);
    let accounts = accounts.values().flat_map(|account| {
        with_remarks(remarks.accounts.get(&account.email), canonical::account(account))
    });
    out.extend(canonical::section("accounts", accounts));
    let users = users
        .iter()
        .flatten()
        .flat_map(|(email, user)| with_remarks(remarks.users.get(email), canonical::user(user)));
    out.extend(canonical::section("users", users));
    out
}

/// The remarks on a user.
fn remarks(user: &LiveUser) -> Vec<String> {
    let LiveUser { role, status, groups, .. } = user;
    let role = match role {
        Role::Owner => Some("an owner".to_owned()),
        Role::SubUser => None,
        Role::Other(role) => Some(format!("has the role \"{role}\"")),
    };
    let status = match status {
        Some(UserStatus::Enabled) => None,
        Some(UserStatus::Disabled) => Some("is disabled".to_owned()),
        Some(UserStatus::Blocked) => Some("is blocked by Telnyx".to_owned()),
        Some(UserStatus::Other(status)) => Some(format!("has the status \"{status}\"")),
        None => Some("the status is unknown".to_owned()),
    };
    let groups = groups.is_none().then(|| "the groups are unknown".to_owned());
    role.into_iter().chain(status).chain(groups).collect()
}

fn with_remarks(remarks: Option<&Vec<String>>, lines: Vec<String>) -> Vec<String> {
    let remarks = remarks.into_iter().flatten().map(|remark| comment(remark));
    remarks.chain(lines).collect()
}

/// An email in quotes. Characters that a reader cannot see are escaped.
fn quoted(email: &str) -> String {
    format!("{email:?}")
}

/// A comment of one line.
pub(super) fn comment(text: &str) -> String {
    let text = line(text);
    // YAML allows no noncharacters, even in comments.
    let is_taken = |c: char| !matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff);
    let shown = text.chars().map(|c| if is_taken(c) { c } else { char::REPLACEMENT_CHARACTER });
    format!("# {}", shown.collect::<String>().trim_end())
}

/// The valid part of a name, if any.
fn cleaned(name: &str) -> Option<String> {
    let seen = name.chars().filter(|c| !is_harmful(*c)).take(LONGEST_TEXT);
    Some(seen.collect()).filter(|name: &String| takes_text(name))
}
