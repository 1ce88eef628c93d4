//! The inventory: whole, or known not to be, against the sandbox and against a server that shares no code with it.

mod bent;
mod counted;
mod errors;
mod fake;
mod hidden;
mod owners;
mod races;
mod variants;

use std::collections::BTreeMap;

use trunkline::model::{
    AccountId, Desired, Email, Policy, Presence, UnlistedAccounts, WantedAccount, WantedUser,
};

/// A manifest of these accounts; the first of them has a channel limit.
fn manifest(emails: &[&str], users: bool) -> Desired {
    let mut accounts: BTreeMap<_, _> = emails.iter().map(|email| wanted(email)).collect();
    if let Some(account) = emails.first().and_then(|email| accounts.get_mut(&Email::new(*email))) {
        account.channel_limit = Some(10);
    }
    let present = Presence::Present { groups: None, until: None };
    let user = WantedUser::new(Email::new("ops@acme.example"), present);
    Desired {
        organization: "acme".to_owned(),
        manager: None,
        policy: Policy { unlisted_accounts: UnlistedAccounts::Disable, ..Policy::default() },
        accept: Vec::new(),
        accounts,
        users: users.then(|| BTreeMap::from([(user.email.clone(), user)])),
    }
}

fn wanted(email: &str) -> (Email, WantedAccount) {
    let email = Email::new(email);
    let account = WantedAccount {
        name: "Shop".to_owned(),
        email: email.clone(),
        id: None,
        enabled: Some(true),
        channel_limit: None,
        custom_pricing: None,
        rollup_billing: None,
        min_balance: None,
        reenable_connections: false,
        password_from: None,
    };
    (email, account)
}

/// The same, found by its id.
fn with_id(email: &str, id: &str) -> Desired {
    let mut desired = manifest(&[email], false);
    for account in desired.accounts.values_mut() {
        account.id = Some(AccountId::new(id));
    }
    desired
}
