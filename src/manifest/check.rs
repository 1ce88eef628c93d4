//! From what is written to what is wanted: every problem is found, not only the first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::Spanned;

use super::document::{AccountEntry, Defaults, Document, PolicyEntry, UserEntry};
use super::problem::{Place, Problem, Problems};
use crate::model::{
    AccountId, Budgets, Desired, Email, Policy, Presence, UnlistedAccounts, WantedAccount,
    WantedUser,
};

/// The only version there is.
const VERSION: u64 = 1;

/// Takes a document for what is wanted.
pub(super) fn check(file: &Path, document: Document) -> Result<Desired, Problems> {
    let Document { version, organization, manager_account_id, policy, defaults, accounts, users } =
        document;
    let mut checks = Checks { file, problems: Vec::new() };
    if version.value != VERSION {
        let message = format!("version {} is not known", version.value);
        checks.add(&version, message, Some("this program reads version: 1"));
    }
    checks.label(&organization);
    let policy = checks.policy(policy);
    let accounts = checks.accounts(accounts, &defaults);
    let users = users.map(|users| checks.users(&users));
    if policy.unlisted_accounts == UnlistedAccounts::Disable && accounts.is_empty() {
        let message = "unlisted_accounts: disable with no accounts would disable every account";
        checks
            .problems
            .push(Problem::whole(file, message).hint("list the accounts that are to stay"));
    }
    if !checks.problems.is_empty() {
        checks.problems.sort_by_key(|problem| problem.place);
        return Err(Problems(checks.problems));
    }
    let manager = manager_account_id.map(|id| AccountId::new(id.value));
    let organization = organization.value;
    Ok(Desired { organization, manager, policy, accept: Vec::new(), accounts, users })
}

struct Checks<'a> {
    file: &'a Path,
    problems: Vec<Problem>,
}

impl Checks<'_> {
    fn add<T>(&mut self, at: &Spanned<T>, message: String, hint: Option<&'static str>) {
        let place = Place { line: at.referenced.line(), column: at.referenced.column() };
        self.problems.push(Problem {
            file: self.file.to_owned(),
            place: Some(place),
            message,
            hint,
        });
    }

    /// The label becomes part of file names and metrics.
    fn label(&mut self, label: &Spanned<String>) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let text = &label.value;
        if text.is_empty() || text.len() > 64 || text.starts_with('.') || !text.chars().all(plain) {
            let message = format!("{text:?} cannot be the label of an organization");
            self.add(
                label,
                message,
                Some("use 1 to 64 of a-z, A-Z, 0-9, - _ . and no dot in front"),
            );
        }
    }

    fn policy(&mut self, entry: PolicyEntry) -> Policy {
        let PolicyEntry {
            unlisted_accounts,
            unlisted_users,
            max_removals,
            max_disables,
            max_enables,
            max_pricing_withdrawals,
            protected,
        } = entry;
        let usual = Budgets::default();
        Policy {
            unlisted_accounts: unlisted_accounts.into(),
            unlisted_users: unlisted_users.into(),
            budgets: Budgets {
                removals: max_removals.map_or(usual.removals, |entry| entry.0),
                disables: max_disables.map_or(usual.disables, |entry| entry.0),
                enables: max_enables.map_or(usual.enables, |entry| entry.0),
                channel_cut: usual.channel_cut,
                pricing_withdrawals: max_pricing_withdrawals
                    .map_or(usual.pricing_withdrawals, |entry| entry.0),
            },
            protected: protected.iter().map(|email| self.email(email)).collect::<BTreeSet<_>>(),
        }
    }

    fn accounts(
        &mut self,
        entries: Vec<AccountEntry>,
        defaults: &Defaults,
    ) -> BTreeMap<Email, WantedAccount> {
        let mut seen = BTreeMap::new();
        let mut wanted = BTreeMap::new();
        for entry in entries {
            let email = self.once(&mut seen, &entry.email);
            let account = self.account(entry, email.clone(), defaults);
            wanted.insert(email, account);
        }
        wanted
    }

    fn account(&mut self, entry: AccountEntry, email: Email, defaults: &Defaults) -> WantedAccount {
        let AccountEntry {
            name,
            email: _,
            enabled,
            custom_pricing,
            rollup_billing,
            reenable_connections,
        } = entry;
        if name.value.trim().is_empty() {
            self.add(&name, "an account needs a name".to_owned(), None);
        }
        WantedAccount {
            name: name.value,
            email,
            enabled: enabled.or(defaults.account.enabled),
            custom_pricing: custom_pricing.or(defaults.account.custom_pricing),
            rollup_billing: rollup_billing.or(defaults.account.rollup_billing),
            reenable_connections,
            id: None,
            channel_limit: None,
            password_from: None,
        }
    }

    fn users(&mut self, users: &Spanned<Vec<UserEntry>>) -> BTreeMap<Email, WantedUser> {
        if users.value.is_empty() {
            let message = "an empty list of users would say that nobody may be in the organization";
            self.add(users, message.to_owned(), Some("leave `users` out to not manage users"));
        }
        let mut seen = BTreeMap::new();
        let mut wanted = BTreeMap::new();
        for UserEntry { email } in &users.value {
            let email = self.once(&mut seen, email);
            let presence = Presence::Present { groups: None, until: None };
            wanted.insert(email.clone(), WantedUser { email, presence });
        }
        wanted
    }

    /// An email that nobody else in the same list has.
    fn once(&mut self, seen: &mut BTreeMap<Email, u64>, written: &Spanned<String>) -> Email {
        let email = self.email(written);
        if let Some(line) = seen.insert(email.clone(), written.referenced.line()) {
            let message = format!("{email} is already listed in line {line}");
            self.add(written, message, Some("emails are compared without regard to case"));
        }
        email
    }

    fn email(&mut self, written: &Spanned<String>) -> Email {
        if !is_email(&written.value) {
            let message = format!("{:?} is no email address", written.value);
            self.add(written, message, Some("an address looks like ops@acme.example"));
        }
        Email::new(written.value.as_str())
    }
}

/// Whether a text has the form of an address. Whether mail arrives there is not for us to say.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"');
    let good_domain = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    !local.is_empty()
        && !local.contains('@')
        && good_domain
        && !text.contains(odd)
        && text.len() <= 254
}
