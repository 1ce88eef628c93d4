//! The live side as a manifest that a plan finds in sync, and what of it a manifest cannot say, as comments.
//!
//! Pure: what could not be listed is said, never dropped. Texts of the other side are made harmless in
//! comments and quoted in values.

use std::collections::{BTreeMap, BTreeSet};

use super::escape::line;
use crate::manifest::canonical;
use crate::manifest::{LONGEST_TEXT, takes_email, takes_id, takes_text};
use crate::model::{
    Accepted, AccountId, Code, Day, Desired, Email, Live, LiveAccount, LiveUser, Policy, Presence,
    Role, State, Status, UserStatus, WantedAccount, WantedUser, is_harmful,
};
use crate::plan::{Channels, Finding, Inventory, Level, plan};

/// Why a finding of an imported manifest is accepted.
const REASON: &str = "was so at the import";

/// The live side as a manifest, in the making.
#[derive(Clone, Debug)]
pub struct Import {
    /// What the manifest says.
    pub desired: Desired,
    /// What is to be known of an account or a user that it lists.
    account_remarks: BTreeMap<Email, Vec<String>>,
    user_remarks: BTreeMap<Email, Vec<String>>,
    /// Who is there and cannot be listed, and why.
    left_out: Vec<String>,
    /// The last day of what is accepted.
    until: Day,
}

impl Import {
    /// Lists what is there; `limits` are the limits of channels that are known to be live, and `until` is the
    /// last day on which a difference that cannot be listed is accepted.
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
        let mut import = Self {
            desired,
            account_remarks: BTreeMap::new(),
            user_remarks: BTreeMap::new(),
            left_out: Vec::new(),
            until,
        };
        import.accounts(&live.accounts, limits);
        import.users(live.users.as_deref().unwrap_or_default());
        import
    }

    /// The same with the limits of channels that are known to be live by what is remembered, and with what a
    /// plan finds all the same accepted: nobody has broken it since.
    #[must_use]
    pub fn complete(&self, live: &Live, known: &State, today: Day) -> Self {
        let Inventory { channels, limits, .. } = plan(&self.desired, live, known, today).inventory;
        let limits = if channels == Channels::Consistent { limits } else { BTreeMap::new() };
        let mut import = Self::new(&self.desired.organization, live, &limits, self.until);
        let found = plan(&import.desired, &import.seen(live), known, today).findings;
        import.desired.accept = import.accepted(&found);
        import
    }

    /// What a plan of it would read of what is live: the pool only if it names a limit.
    #[must_use]
    pub fn seen(&self, live: &Live) -> Live {
        let limited = self.desired.accounts.values().any(|account| account.channel_limit.is_some());
        let users = live.users.clone().filter(|_| self.desired.users.is_some());
        Live { channels: live.channels.filter(|_| limited), users, ..live.clone() }
    }

    fn accepted(&self, findings: &[Finding]) -> Vec<Accepted> {
        let drift = findings.iter().filter(|finding| finding.level() == Level::Drift);
        let can_be_listed = |finding: &&Finding| match finding.email() {
            Some(email) => takes_email(email.as_str()),
            None => finding.code() == Code::PoolExceeded,
        };
        let accepted = drift.filter(can_be_listed).map(|finding| Accepted {
            code: finding.code(),
            // How it is written may differ between those who share it.
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
            let ids: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
            match accounts[..] {
                [account] if takes_email(email.as_str()) => {
                    self.account(account, limits.get(&account.id).copied());
                }
                [account] => self.left_out.push(format!(
                    "the account {}: a manifest does not take its email, {}",
                    account.id, account.email
                )),
                [..] => self.left_out.push(format!(
                    "the accounts {}: they share the email {}, and a manifest lists an email once",
                    ids.join(", "),
                    email.folded()
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
                remarks
                    .push("Telnyx would not tell its status, so `enabled` is left out".to_owned());
                None
            }
        };
        let name = match name {
            Some(name) if takes_text(name) => name.clone(),
            Some(name) => {
                remarks.push(format!("a manifest does not take its name as it is: \"{name}\""));
                cleaned(name).unwrap_or_else(|| email.to_string())
            }
            None => {
                remarks.push("Telnyx shows no name for it, so this is its email".to_owned());
                email.to_string()
            }
        };
        let listed_id = Some(id.clone()).filter(|id| takes_id(id.as_str()));
        if listed_id.is_none() {
            remarks.push(format!("a manifest does not take its id, \"{id}\""));
        }
        let wanted = WantedAccount {
            name,
            email: email.clone(),
            id: listed_id,
            enabled,
            channel_limit,
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
            reenable_connections: false,
            password_from: None,
        };
        self.desired.accounts.insert(email.clone(), wanted);
        self.account_remarks.insert(email.clone(), remarks);
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
                    "the user {}: a manifest does not take the email, {}",
                    ids.join(", "),
                    email.folded()
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
                    let said = format!("a manifest does not take the group \"{refused}\"");
                    remarks.insert(format!("{said}, so `groups` is left out"));
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
        // How it is written may differ between them, and the order of the read must not show.
        let written = users.iter().map(|user| user.email.as_str()).min().unwrap_or(email.as_str());
        let email = Email::new(written);
        let presence = Presence::Present { groups, until: None };
        let wanted = WantedUser { email: email.clone(), presence };
        self.desired.users.get_or_insert_default().insert(email.clone(), wanted);
        self.user_remarks.insert(email, remarks.into_iter().collect());
    }

    /// The manifest, with what is to be known as comments.
    #[must_use]
    pub fn yaml(&self) -> String {
        let Self { desired, account_remarks, user_remarks, left_out, until } = self;
        let mut out = self.heading();
        if !left_out.is_empty() {
            out.extend(["#".to_owned(), "# Not listed:".to_owned()]);
            out.extend(left_out.iter().map(|why| comment(&format!("- {why}"))));
        }
        out.extend(["version: 1".to_owned()]);
        out.push(format!("organization: {}", canonical::text(&desired.organization)));
        let manager = desired.manager.as_ref();
        out.extend(
            manager.map(|id| format!("manager_account_id: {}", canonical::text(id.as_str()))),
        );
        out.extend(canonical::section("policy", canonical::policy_lines(&desired.policy)));
        if !desired.accept.is_empty() {
            out.extend([String::new(), format!("# What could not be otherwise, until {until}.")]);
            let accept =
                canonical::section("accept", desired.accept.iter().flat_map(canonical::accepted));
            out.extend(accept.into_iter().skip(1));
        }
        let accounts = desired.accounts.values().flat_map(|account| {
            with_remarks(account_remarks.get(&account.email), canonical::account(account))
        });
        out.extend(canonical::section("accounts", accounts));
        let users =
            desired.users.iter().flatten().flat_map(|(email, user)| {
                with_remarks(user_remarks.get(email), canonical::user(user))
            });
        out.extend(canonical::section("users", users));
        out.join("\n") + "\n"
    }

    fn heading(&self) -> Vec<String> {
        let Self { desired, left_out, .. } = self;
        let accounts = || desired.accounts.values();
        let limited = accounts().filter(|account| account.channel_limit.is_some()).count();
        let mut out = vec![if left_out.is_empty() {
            "# The organization as Telnyx shows it: a plan of this finds it in sync.".to_owned()
        } else {
            "# The organization as Telnyx shows it, but for what is not listed below.".to_owned()
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
                "# Telnyx does not tell channel limits: those of {which}accounts are left"
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

/// What is to be known of a user.
fn remarks(user: &LiveUser) -> Vec<String> {
    let LiveUser { id: _, email: _, role, status, groups } = user;
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
        None => Some("Telnyx would not tell the status".to_owned()),
    };
    let groups = groups.is_none().then(|| "Telnyx would not tell the groups".to_owned());
    role.into_iter().chain(status).chain(groups).collect()
}

fn with_remarks(remarks: Option<&Vec<String>>, lines: Vec<String>) -> Vec<String> {
    let remarks = remarks.into_iter().flatten().map(|remark| comment(remark));
    remarks.chain(lines).collect()
}

/// One line, whatever is in the text.
fn comment(text: &str) -> String {
    let text = line(text);
    // YAML takes no such character, not even here.
    let is_taken = |c: char| !matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff);
    let shown = text.chars().map(|c| if is_taken(c) { c } else { char::REPLACEMENT_CHARACTER });
    format!("# {}", shown.collect::<String>())
}

/// What of a name a manifest takes, if anything.
fn cleaned(name: &str) -> Option<String> {
    let seen = name.chars().filter(|c| !is_harmful(*c)).take(LONGEST_TEXT);
    Some(seen.collect()).filter(|name: &String| takes_text(name))
}
