//! A planned request, with the rule behind it.

use crate::model::{AccountId, Day, Email, PasswordSource, UserId};

use super::{Origin, Subject};

/// An action of a plan: the request, the rule that asks for it, and where the difference comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAction {
    /// The request.
    pub action: Action,
    /// The rule that asks for it.
    pub reason: Reason,
    /// The side that the difference comes from. `None`: the plan has no base to compare with.
    pub origin: Option<Origin>,
}

/// The rule that asks for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The entry of the manifest declares it.
    Declared,
    /// The manifest does not list the account or user.
    Unlisted,
    /// The entry says `absent: true`.
    Absent,
    /// The entry's `until`, this day, has passed.
    UntilPassed(Day),
    /// The user has not signed in for longer than `stale_after`.
    Stale,
}

/// One request that would be made. Nothing in it is left to be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take a user out of the organization.
    RemoveUser {
        /// The user.
        id: UserId,
        /// The user's email.
        email: Email,
    },
    /// Forbid an account to use Telnyx.
    DisableAccount {
        /// The account.
        target: AccountTarget,
        /// Its email.
        email: Email,
    },
    /// Set how many channels of the manager's pool an account may use at once.
    SetChannelLimit {
        /// The account.
        target: AccountTarget,
        /// Its email.
        email: Email,
        /// What is there now. `None`: it is not known, so this is an assertion.
        before: Option<u64>,
        /// What is wanted.
        after: u64,
    },
    /// FieldChange whether an account may have prices of its own.
    UpdateAccount {
        /// The account.
        id: AccountId,
        /// Its email.
        email: Email,
        /// What is there now. `None`: Telnyx did not say.
        before: Option<bool>,
        /// What is wanted.
        after: bool,
    },
    /// Allow an account to use Telnyx again.
    EnableAccount {
        /// The account.
        id: AccountId,
        /// Its email.
        email: Email,
        /// Whether its connections are enabled too.
        connections: bool,
    },
    /// Create an account.
    CreateAccount(PlannedAccount),
}

/// An account that an action is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountTarget {
    /// It is there.
    Live(AccountId),
    /// This very plan creates it.
    Created,
}

/// What a created account is to be. `None`: the API's default holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAccount {
    /// Its name.
    pub name: String,
    /// Its email.
    pub email: Email,
    /// Whether it may have prices of its own.
    pub custom_pricing: Option<bool>,
    /// Whether its charges go to the manager.
    pub rollup_billing: Option<bool>,
    /// Where its password is read from. `None`: it is created without one.
    pub password_from: Option<PasswordSource>,
}

/// What differs in one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// What is there now. `None`: nothing, or it is not known.
    pub before: Option<FieldValue>,
    /// Whether `before` is known.
    pub before_known: bool,
    /// What is wanted.
    pub after: FieldValue,
}

/// A field of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Its name.
    Name,
    /// Whether it may use Telnyx.
    Enabled,
    /// Whether it may have prices of its own.
    CustomPricing,
    /// Whether its charges go to the manager.
    RollupBilling,
    /// How many channels of the manager's pool it may use at once.
    ChannelLimit,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// Whether a later action can bring back what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversible {
    /// It can.
    Yes,
    /// Not all of it.
    Partly,
    /// It cannot.
    No,
}

impl PlannedAction {
    /// An action that its entry declares, in a plan without a base.
    #[must_use]
    pub fn declared(action: Action) -> Self {
        Self { action, reason: Reason::Declared, origin: None }
    }
}

impl Action {
    /// The email of the account or user that it is about.
    #[must_use]
    pub fn email(&self) -> &Email {
        match self {
            Self::RemoveUser { email, .. }
            | Self::DisableAccount { email, .. }
            | Self::SetChannelLimit { email, .. }
            | Self::UpdateAccount { email, .. }
            | Self::EnableAccount { email, .. } => email,
            Self::CreateAccount(new) => &new.email,
        }
    }

    /// The identity of the account or user that it is about. `None`: it does not have one yet.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::RemoveUser { id, .. } => Some(id.as_str()),
            Self::DisableAccount { target: AccountTarget::Live(id), .. }
            | Self::SetChannelLimit { target: AccountTarget::Live(id), .. }
            | Self::UpdateAccount { id, .. }
            | Self::EnableAccount { id, .. } => Some(id.as_str()),
            Self::DisableAccount { target: AccountTarget::Created, .. }
            | Self::SetChannelLimit { target: AccountTarget::Created, .. }
            | Self::CreateAccount(_) => None,
        }
    }

    /// Whether it is about an account or a user.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::RemoveUser { .. } => Subject::User,
            Self::DisableAccount { .. }
            | Self::SetChannelLimit { .. }
            | Self::UpdateAccount { .. }
            | Self::EnableAccount { .. }
            | Self::CreateAccount(_) => Subject::Account,
        }
    }

    /// Whether it takes away something that exists now.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        match self {
            Self::RemoveUser { .. }
            | Self::DisableAccount { target: AccountTarget::Live(_), .. } => true,
            Self::UpdateAccount { before, after, .. } => *before == Some(true) && !after,
            Self::SetChannelLimit { before, after, .. } => {
                before.is_some_and(|before| before > *after)
            }
            // Nobody has used an account that this very plan creates.
            Self::DisableAccount { target: AccountTarget::Created, .. }
            | Self::EnableAccount { .. }
            | Self::CreateAccount(_) => false,
        }
    }

    /// Whether it sets the limit of a live account without knowing the one that is there: it is no
    /// loss, but nobody can say that it takes nothing away either.
    #[must_use]
    pub fn is_assertion(&self) -> bool {
        matches!(self, Self::SetChannelLimit { target: AccountTarget::Live(_), before: None, .. })
    }

    /// Whether it is about an account that this very plan creates, and therefore waits for its create.
    #[must_use]
    pub fn awaits_create(&self) -> bool {
        match self {
            Self::DisableAccount { target, .. } | Self::SetChannelLimit { target, .. } => {
                *target == AccountTarget::Created
            }
            Self::RemoveUser { .. }
            | Self::UpdateAccount { .. }
            | Self::EnableAccount { .. }
            | Self::CreateAccount(_) => false,
        }
    }

    /// Whether it creates an account.
    #[must_use]
    pub fn is_create(&self) -> bool {
        matches!(self, Self::CreateAccount(_))
    }

    /// Whether a later action can bring back what was there before.
    #[must_use]
    pub fn reversible(&self) -> Reversible {
        match self {
            // There is no invitation by API, an account cannot be deleted, and of a limit that was not
            // known nobody can say what to go back to.
            Self::RemoveUser { .. }
            | Self::CreateAccount(_)
            | Self::SetChannelLimit { target: AccountTarget::Live(_), before: None, .. } => {
                Reversible::No
            }
            // Enabling does not bring back the connections by itself.
            Self::DisableAccount { .. } => Reversible::Partly,
            Self::SetChannelLimit { .. }
            | Self::UpdateAccount { .. }
            | Self::EnableAccount { .. } => Reversible::Yes,
        }
    }

    /// What it changes, field by field. A removal changes no field.
    #[must_use]
    pub fn changes(&self) -> Vec<FieldChange> {
        match self {
            Self::RemoveUser { .. } => Vec::new(),
            Self::DisableAccount { target, .. } => {
                let before = matches!(target, AccountTarget::Live(_)).then_some(true);
                vec![FieldChange::known(Field::Enabled, before, false)]
            }
            Self::EnableAccount { .. } => {
                vec![FieldChange::known(Field::Enabled, Some(false), true)]
            }
            Self::UpdateAccount { before, after, .. } => {
                let change = FieldChange::known(Field::CustomPricing, *before, *after);
                vec![FieldChange { before_known: before.is_some(), ..change }]
            }
            Self::SetChannelLimit { before, after, .. } => vec![FieldChange {
                field: Field::ChannelLimit,
                before: before.map(FieldValue::Number),
                before_known: before.is_some(),
                after: FieldValue::Number(*after),
            }],
            Self::CreateAccount(new) => new.changes(),
        }
    }

    /// The step of an apply that it belongs to; steps are executed one after the other. Doors are
    /// closed before others are opened, so that an interrupted apply has rather taken than given.
    #[must_use]
    pub fn phase(&self) -> u8 {
        match self {
            Self::RemoveUser { .. } => 0,
            Self::DisableAccount { target: AccountTarget::Live(_), .. } => 1,
            Self::SetChannelLimit { target: AccountTarget::Live(_), before, after, .. } => {
                let raises = before.is_some_and(|before| before < *after);
                // Channels are freed before they are handed out.
                if raises { 6 } else { 2 }
            }
            Self::UpdateAccount { .. } => 3,
            Self::EnableAccount { .. } => 4,
            Self::CreateAccount(_)
            | Self::DisableAccount { target: AccountTarget::Created, .. }
            | Self::SetChannelLimit { target: AccountTarget::Created, .. } => 5,
        }
    }

    /// How many requests it takes: what is lost is looked at once more just before, and before a
    /// create somebody may have been quicker.
    #[must_use]
    pub fn requests(&self) -> usize {
        if self.is_destructive() || self.is_create() { 2 } else { 1 }
    }

    /// Where it stands in the plan.
    pub(super) fn order(&self) -> (u8, &Email, u8, Option<&str>) {
        let step = match self {
            Self::DisableAccount { target: AccountTarget::Created, .. } => 1,
            Self::SetChannelLimit { target: AccountTarget::Created, .. } => 2,
            Self::RemoveUser { .. }
            | Self::DisableAccount { target: AccountTarget::Live(_), .. }
            | Self::SetChannelLimit { target: AccountTarget::Live(_), .. }
            | Self::UpdateAccount { .. }
            | Self::EnableAccount { .. }
            | Self::CreateAccount(_) => 0,
        };
        (self.phase(), self.email(), step, self.id())
    }
}

impl FieldChange {
    fn known(field: Field, before: Option<bool>, after: bool) -> Self {
        let before = before.map(FieldValue::Bool);
        Self { field, before, before_known: true, after: FieldValue::Bool(after) }
    }
}

impl PlannedAccount {
    fn changes(&self) -> Vec<FieldChange> {
        let Self { name, email: _, custom_pricing, rollup_billing, password_from: _ } = self;
        let name = FieldChange {
            field: Field::Name,
            before: None,
            before_known: true,
            after: FieldValue::Text(name.clone()),
        };
        let flag = |field, wanted: Option<bool>| Some(FieldChange::known(field, None, wanted?));
        let flags = [
            flag(Field::CustomPricing, *custom_pricing),
            flag(Field::RollupBilling, *rollup_billing),
        ];
        [name].into_iter().chain(flags.into_iter().flatten()).collect()
    }
}
