//! An organization as a file: what the sandbox starts from, and what it keeps with `--data`.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// The organization of the example.
const SMALL: &str = include_str!("../../manifests/example.sandbox.json");

/// An organization.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// The account that manages the others.
    #[serde(default)]
    pub manager: Manager,
    /// The channels of the manager.
    #[serde(default)]
    pub channels: Channels,
    /// The managed accounts, oldest first.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// The users of the organization.
    #[serde(default)]
    pub users: Vec<User>,
}

/// The account that manages the others.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manager {
    /// Its identity.
    pub id: String,
    /// Its email.
    pub email: String,
    /// Whether it may have prices of its own.
    pub managed_account_allow_custom_pricing: bool,
}

/// The channels of the manager.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Channels {
    /// How many may be allocated in all.
    pub allocatable: u64,
    /// How many a new account gets, as far as there are any left.
    pub default_allotment: u64,
}

/// A managed account. In a file only `email` and `organization_name` are needed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its email.
    pub email: String,
    /// The name of its organization.
    pub organization_name: String,
    /// Its identity; derived from the email when it is left out.
    #[serde(default)]
    pub id: String,
    /// Whether it may use Telnyx.
    #[serde(default)]
    pub status: AccountStatus,
    /// How many channels are allocated to it; the default allotment when it is left out.
    #[serde(default)]
    pub channel_limit: Option<u64>,
    /// Whether it may have prices of its own.
    #[serde(default)]
    pub managed_account_allow_custom_pricing: bool,
    /// Whether its charges go to the manager.
    #[serde(default)]
    pub rollup_billing: bool,
    /// Whether its connections are enabled. Disabling the account takes them along.
    #[serde(default = "yes")]
    pub connections_enabled: bool,
    /// When it was created; derived from its place in the file when it is left out.
    #[serde(default)]
    pub created_at: String,
    /// When it was changed last.
    #[serde(default)]
    pub updated_at: String,
    /// Its key of API version 2; derived when it is left out.
    #[serde(default)]
    pub api_key: String,
    /// Its token of API version 1; derived when it is left out.
    #[serde(default)]
    pub api_token: String,
}

/// The status of an account.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// It may use Telnyx.
    #[default]
    Enabled,
    /// Its manager has disabled it.
    Disabled,
    /// Telnyx has blocked it.
    Blocked,
    /// It is gone for good.
    Cancelled,
}

/// A user of the organization. In a file only `email` is needed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user's email.
    pub email: String,
    /// The user's identity; derived from the email when it is left out.
    #[serde(default)]
    pub id: String,
    /// `organization_owner` or `organization_sub_user`.
    #[serde(default = "sub_user")]
    pub record_type: String,
    /// `enabled`, `disabled` or `blocked`.
    #[serde(default = "enabled")]
    pub user_status: String,
    /// Whether the user may sign in past the organization's sign-on.
    #[serde(default)]
    pub organization_user_bypasses_sso: bool,
    /// When the user came; derived from the place in the file when it is left out.
    #[serde(default)]
    pub created_at: String,
    /// When the user signed in last.
    #[serde(default)]
    pub last_sign_in_at: Option<String>,
    /// The groups the user is in: names, or ids and names.
    #[serde(default)]
    pub groups: Vec<Group>,
}

/// A group.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(from = "GroupForm")]
pub struct Group {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GroupForm {
    Name(String),
    Whole { id: String, name: String },
}

impl From<GroupForm> for Group {
    fn from(form: GroupForm) -> Self {
        match form {
            GroupForm::Name(name) => Self { id: derived_id("group", &name), name },
            GroupForm::Whole { id, name } => Self { id, name },
        }
    }
}

impl Default for Manager {
    fn default() -> Self {
        Self {
            id: "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10".to_owned(),
            email: "root@acme.example".to_owned(),
            managed_account_allow_custom_pricing: false,
        }
    }
}

impl Default for Channels {
    fn default() -> Self {
        Self { allocatable: 500, default_allotment: 2 }
    }
}

fn yes() -> bool {
    true
}

fn sub_user() -> String {
    "organization_sub_user".to_owned()
}

fn enabled() -> String {
    "enabled".to_owned()
}

/// Why a file is no organization.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// It cannot be read.
    #[error("reading {path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
    /// It is not of the form of an organization.
    #[error("this is no organization for the sandbox: {0}")]
    Form(#[from] serde_json::Error),
    /// It contradicts itself.
    #[error("this is no organization for the sandbox: {0}")]
    Contradiction(String),
    /// The same, with the file it is in.
    #[error("reading {path}: {error}")]
    In {
        /// The file.
        path: String,
        /// What is wrong.
        error: Box<Self>,
    },
}

impl Seed {
    /// An organization without accounts and with nobody but its owner.
    #[must_use]
    pub fn empty() -> Self {
        let owner = User::owner("root@acme.example");
        Self { users: vec![owner], ..Self::default() }.completed()
    }

    /// The small organization that the sandbox starts with when nothing else is asked for: the one
    /// that `manifests/example.yaml` is written for.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is compiled in, and a test parses it"
    )]
    pub fn small() -> Self {
        Self::parse(SMALL).expect("the example organization is without a fault")
    }

    /// Reads an organization from JSON.
    ///
    /// # Errors
    ///
    /// When it is of another form, or contradicts itself.
    pub fn parse(json: &str) -> Result<Self, SeedError> {
        let seed = serde_json::from_str::<Self>(json)?.completed();
        seed.check().map_err(SeedError::Contradiction)?;
        Ok(seed)
    }

    /// Reads an organization from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is of another form, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, SeedError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| SeedError::Io { path: name.clone(), error })?;
        Self::parse(&text).map_err(|error| SeedError::In { path: name, error: Box::new(error) })
    }

    /// How many channels are allocated.
    #[must_use]
    pub fn allocated(&self) -> u64 {
        let holds = |account: &&Account| account.status != AccountStatus::Cancelled;
        let limits = self.accounts.iter().filter(holds).filter_map(|account| account.channel_limit);
        limits.fold(0, u64::saturating_add)
    }

    /// Fills in what was left out: the same seed always becomes the same organization.
    fn completed(mut self) -> Self {
        let allotment = self.channels.default_allotment;
        for (place, account) in (0..).zip(&mut self.accounts) {
            let derive = |what| derived_id(what, &account.email.to_lowercase());
            fill(&mut account.id, || derive("account"));
            fill(&mut account.api_key, || format!("KEY{}", derive("key").replace('-', "")));
            fill(&mut account.api_token, || derive("token").replace('-', ""));
            fill(&mut account.created_at, || moment(place));
            fill(&mut account.updated_at, || account.created_at.clone());
            account.channel_limit = account.channel_limit.or(Some(allotment));
            account.connections_enabled &= account.status == AccountStatus::Enabled;
        }
        for (place, user) in (0..).zip(&mut self.users) {
            fill(&mut user.id, || derived_id("user", &user.email.to_lowercase()));
            fill(&mut user.created_at, || moment(place));
        }
        self
    }

    fn check(&self) -> Result<(), String> {
        let accounts = self.accounts.iter().map(|account| (&account.id, &account.email));
        unique("accounts", accounts)?;
        unique("users", self.users.iter().map(|user| (&user.id, &user.email)))?;
        for user in &self.users {
            one_of(
                &user.email,
                &user.record_type,
                &["organization_owner", "organization_sub_user"],
            )?;
            one_of(&user.email, &user.user_status, &["enabled", "disabled", "blocked"])?;
        }
        let (allocated, allocatable) = (self.allocated(), self.channels.allocatable);
        if allocated > allocatable {
            return Err(format!("{allocated} channels are allocated, of {allocatable}"));
        }
        Ok(())
    }
}

impl Account {
    pub(super) fn named(email: &str, name: &str) -> Self {
        Self {
            email: email.to_owned(),
            organization_name: name.to_owned(),
            id: String::new(),
            status: AccountStatus::Enabled,
            channel_limit: None,
            managed_account_allow_custom_pricing: false,
            rollup_billing: false,
            connections_enabled: true,
            created_at: String::new(),
            updated_at: String::new(),
            api_key: String::new(),
            api_token: String::new(),
        }
    }
}

impl User {
    fn owner(email: &str) -> Self {
        Self {
            email: email.to_owned(),
            id: String::new(),
            record_type: "organization_owner".to_owned(),
            user_status: enabled(),
            organization_user_bypasses_sso: false,
            created_at: String::new(),
            last_sign_in_at: None,
            groups: Vec::new(),
        }
    }
}

fn fill(field: &mut String, with: impl FnOnce() -> String) {
    if field.is_empty() {
        *field = with();
    }
}

/// An identity in the form of a UUID, the same for the same text in every run.
fn derived_id(what: &str, of: &str) -> String {
    let digest = digest(&SHA256, format!("{what}:{of}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A minute for every place in the file.
fn moment(place: i64) -> String {
    let first = Timestamp::from_second(1_704_067_200).unwrap_or(Timestamp::UNIX_EPOCH);
    let moment = first.checked_add(SignedDuration::from_mins(place)).unwrap_or(first);
    format!("{moment:.3}")
}

fn unique<'a>(
    what: &str,
    items: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), String> {
    let (mut ids, mut emails) = (BTreeSet::new(), BTreeSet::new());
    for (id, email) in items {
        if !emails.insert(email.to_lowercase()) {
            return Err(format!("{what}: {email} is there twice"));
        }
        if !ids.insert(id) {
            return Err(format!("{what}: the id of {email} is there twice"));
        }
    }
    Ok(())
}

fn one_of(email: &str, value: &str, allowed: &[&str]) -> Result<(), String> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(format!("user {email}: {value:?} is none of {}", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_always_becomes_the_same_organization() {
        assert_eq!(Seed::small(), Seed::small());
        let written = serde_json::to_string(&Seed::small()).unwrap();
        assert_eq!(
            Seed::parse(&written).unwrap(),
            Seed::small(),
            "what is kept can be a seed again"
        );
    }

    #[test]
    fn a_seed_that_contradicts_itself_is_refused() {
        let account = |email| format!(r#"{{"email":"{email}","organization_name":"X"}}"#);
        let wrong = [
            (format!(r#"{{"accounts":[{},{}]}}"#, account("a@b.example"), account("A@B.example")), "twice"),
            (r#"{"channels":{"allocatable":1},"accounts":[{"email":"a@b.example","organization_name":"X"}]}"#.to_owned(), "channels"),
            (r#"{"users":[{"email":"a@b.example","record_type":"owner"}]}"#.to_owned(), "owner"),
            (r#"{"user":[]}"#.to_owned(), "unknown field"),
        ];
        for (json, says) in wrong {
            let error = Seed::parse(&json).unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
    }
}
