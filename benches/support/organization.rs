//! An organization of any size: the seed of a sandbox, and a manifest that differs from it in one account of a hundred.

use std::fmt::Write as _;

/// The number of accounts for each user.
const ACCOUNTS_PER_USER: usize = 100;

/// One account of the organization.
pub(crate) struct Shop {
    name: String,
    pub(crate) email: String,
    pub(crate) enabled: bool,
    pub(crate) custom_pricing: bool,
}

impl Shop {
    fn new(number: usize) -> Self {
        Self {
            name: format!("Shop {number} of the chain"),
            email: format!("shop{number}@bench.example"),
            enabled: !number.is_multiple_of(50),
            custom_pricing: number.is_multiple_of(3),
        }
    }

    /// The account as the manifest has it.
    pub(crate) fn wanted(number: usize) -> Self {
        let shop = Self::new(number);
        Self { custom_pricing: shop.custom_pricing != (number % 100 == 7), ..shop }
    }
}

fn users(accounts: usize) -> usize {
    (accounts / ACCOUNTS_PER_USER).max(5)
}

/// The JSON of a sandbox's seed.
pub(crate) fn seed(accounts: usize) -> String {
    let account = |number| {
        let Shop { name, email, enabled, custom_pricing } = Shop::new(number);
        let status = if enabled { "enabled" } else { "disabled" };
        format!(
            r#"{{"email":"{email}","organization_name":"{name}","status":"{status}","managed_account_allow_custom_pricing":{custom_pricing}}}"#
        )
    };
    let user =
        |number| format!(r#"{{"email":"user{number}@bench.example","groups":["Engineering"]}}"#);
    let join = |items: Vec<String>| items.join(",\n");
    let (accounts, users) = (
        join((0..accounts).map(account).collect()),
        join((0..users(accounts)).map(user).collect()),
    );
    format!(r#"{{"accounts":[{accounts}],"users":[{users}]}}"#)
}

/// The manifest of the organization. One account of a hundred has another custom pricing.
pub(crate) fn manifest(accounts: usize) -> String {
    let mut text = "version: 1\norganization: bench\naccounts:\n".to_owned();
    // Writing to a string cannot fail.
    for number in 0..accounts {
        let Shop { name, email, enabled, custom_pricing } = Shop::wanted(number);
        let _ = writeln!(text, "  - name: {name}\n    email: {email}");
        let _ = writeln!(text, "    enabled: {enabled}\n    custom_pricing: {custom_pricing}");
    }
    text.push_str("users:\n");
    for number in 0..users(accounts) {
        let _ = writeln!(text, "  - email: user{number}@bench.example\n    groups: [Engineering]");
    }
    text
}
