//! The result of checking an action of a saved plan.

use super::FieldValue;
use crate::model::{AccountId, Email, Role};

/// The result of checking an action of a saved plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecheckResult {
    /// The action may be sent.
    Go,
    /// The change is already in place.
    Satisfied,
    /// The precondition of the action has changed.
    Stale(StaleFact),
    /// A rule withholds the action.
    Withheld(WithheldReason),
}

/// A precondition that has changed since the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleFact {
    /// The fact that has changed.
    pub fact: Fact,
    /// The value in the plan. `None` if there was none, or if it was unknown.
    pub before: Option<FactValue>,
    /// The live value. `None` if there is none, or if it is unknown.
    pub now: Option<FactValue>,
}

/// A fact that an action depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The account of this id, or with this email.
    Account,
    /// The email of the account or user.
    Email,
    /// The role of the user.
    Role,
    /// The name of an account.
    Name,
    /// True if the account may use Telnyx.
    Enabled,
    /// Custom pricing of the account.
    CustomPricing,
    /// Billing to the manager.
    RollupBilling,
    /// The channel limit of the account.
    ChannelLimit,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// The value of a field.
    Field(FieldValue),
    /// An account.
    Id(AccountId),
    /// An email.
    Email(Email),
    /// A role.
    Role(Role),
    /// The status of a blocked account.
    Blocked,
    /// The status of a cancelled account.
    Cancelled,
    /// This many accounts with the same email.
    Accounts(usize),
}

/// The reason why an action is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithheldReason {
    /// The inventory is incomplete.
    Incomplete,
    /// The create was sent before, and its outcome is unknown.
    Unresolved,
    /// A plan made now does not contain the action.
    NotPlanned,
}
