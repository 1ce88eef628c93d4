//! The result of comparing two manifests.

use super::{Field, GuardName, Loosened, Subject};
use crate::model::{
    Amount, Budget, Code, Day, Email, PasswordSource, StaleUsers, UnlistedAccounts, UnlistedUsers,
};

/// The differences between two manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The settings of the policy that allow or hide more than before.
    pub loosened: Vec<Loosened>,
    /// All other differences: of the organization, of accounts, of users, each in the order of emails.
    pub differences: Vec<EntryDiff>,
}

/// The differences of an account, a user or the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryDiff {
    /// The kind of its subject.
    pub subject: Subject,
    /// The email of the account or user; the new one, if it changed.
    pub email: Option<Email>,
    /// The change of its entry.
    pub kind: EntryChange,
    /// The fields that differ. Empty for a removed entry.
    pub parts: Vec<FieldDiff>,
    /// True if it takes, or may take, something away.
    pub destructive: bool,
}

/// The change of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryChange {
    /// The entry is new.
    Added,
    /// A field of the entry differs.
    Changed,
    /// The entry is gone, with this effect on its account or user.
    Removed(UnlistedEffect),
}

/// The effect of the policy on an account or user that is no longer listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnlistedEffect {
    /// The user is removed, or the account is disabled.
    TakenAway,
    /// It is reported.
    Reported,
    /// It is ignored.
    Ignored,
}

/// The difference of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldDiff {
    /// The field.
    pub part: ManifestField,
    /// The earlier value. `None` if it was absent.
    pub before: Option<ManifestValue>,
    /// The new value. `None` if it is absent.
    pub after: Option<ManifestValue>,
}

/// A field of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of that name in a manifest")]
pub enum ManifestField {
    Organization,
    ManagerAccountId,
    UnlistedAccounts,
    UnlistedUsers,
    Budget(GuardName),
    Protected,
    StaleAfter,
    StaleUsers,
    SsoBypass,
    PrivilegedGroups,
    Accept(Code),
    Users,
    Email,
    Id,
    Field(Field),
    MinBalance,
    ReenableConnections,
    PasswordFrom,
    Groups,
    Until,
    Keep,
    Absent,
    /// True if the user owns the organization.
    Owner,
}

/// The value of a field of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ManifestValue {
    /// A flag.
    Bool(bool),
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
    /// The treatment of unlisted accounts.
    UnlistedAccounts(UnlistedAccounts),
    /// The treatment of unlisted users.
    UnlistedUsers(UnlistedUsers),
    /// A safety limit.
    Budget(Budget),
    /// The treatment of stale users.
    StaleUsers(StaleUsers),
    /// An amount of money.
    Amount(Amount),
    /// A number of days.
    Days(u32),
    /// A day.
    Day(Day),
    /// The last day on which a finding is accepted, and the reason.
    Accepted(Day, Option<String>),
    /// The source of a password.
    Source(PasswordSource),
}

impl Comparison {
    /// Returns true if the two manifests mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { loosened, differences } = self;
        loosened.is_empty() && differences.is_empty()
    }

    /// The number of destructive differences.
    #[must_use]
    pub fn destructive(&self) -> usize {
        self.differences.iter().filter(|one| one.destructive).count()
    }
}
