//! Planned requests, with the rules behind them.

use crate::model::{AccountId, Day, Email, PasswordSource, UserId, WantedAccount};

use super::{Origin, Subject};

/// An action of a plan: the request, its reason, and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAction {
    /// The request.
    pub action: Action,
    /// The rule that asks for it.
    pub reason: Reason,
    /// The origin of the difference. `None` if the plan has no base.
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

/// A request. Execution sends it exactly as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Remove a user from the organization.
    RemoveUser {
        /// The user.
        id: UserId,
        /// The user's email.
        email: Email,
    },
    /// Disable an account.
    DisableAccount {
        /// The account.
        target: AccountTarget,
        /// Its email.
        email: Email,
    },
    /// Set the channel limit of an account.
    SetChannelLimit {
        /// The account.
        target: AccountTarget,
        /// Its email.
        email: Email,
        /// The live limit. `None` if unknown: the action is an assertion.
        before: Option<u64>,
        /// The desired limit.
        after: u64,
    },
    /// Grant or withdraw custom pricing.
    UpdateAccount {
        /// The account.
        id: AccountId,
        /// Its email.
        email: Email,
        /// The live value. `None` if Telnyx left it out.
        before: Option<bool>,
        /// The desired value.
        after: bool,
    },
    /// Enable an account.
    EnableAccount {
        /// The account.
        id: AccountId,
        /// Its email.
        email: Email,
        /// True if its connections are enabled too.
        connections: bool,
    },
    /// Create an account.
    CreateAccount(PlannedAccount),
}

/// The account of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountTarget {
    /// A live account.
    Live(AccountId),
    /// An account that the same plan creates.
    Created,
}

/// An account to create. `None` in a field means the API's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAccount {
    /// Its name.
    pub name: String,
    /// Its email.
    pub email: Email,
    /// Custom pricing.
    pub custom_pricing: Option<bool>,
    /// Billing to the manager.
    pub rollup_billing: Option<bool>,
    /// The source of its password. `None` if it is created without one.
    pub password_from: Option<PasswordSource>,
}

impl PlannedAccount {
    /// The account that an entry declares. The other fields are set after the create.
    #[must_use]
    pub fn of(want: &WantedAccount) -> Self {
        let WantedAccount {
            name,
            email,
            id: _,
            enabled: _,
            channel_limit: _,
            custom_pricing,
            rollup_billing,
            min_balance: _,
            reenable_connections: _,
            password_from,
        } = want;
        Self {
            name: name.clone(),
            email: email.clone(),
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
            password_from: password_from.clone(),
        }
    }
}

/// The change of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// The live value. `None` if there is none, or if it is unknown.
    pub before: Option<FieldValue>,
    /// False if the live value is unknown.
    pub before_known: bool,
    /// The desired value.
    pub after: FieldValue,
}

/// A field of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Its name.
    Name,
    /// True if it may use Telnyx.
    Enabled,
    /// Custom pricing.
    CustomPricing,
    /// Billing to the manager.
    RollupBilling,
    /// Its channel limit.
    ChannelLimit,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A flag.
    Bool(bool),
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// The extent to which a later action can restore the previous state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversible {
    /// Completely.
    Yes,
    /// In part.
    Partly,
    /// Not at all.
    No,
}

impl PlannedAction {
    /// An action that an entry declares, without an origin.
    #[must_use]
    pub fn declared(action: Action) -> Self {
        Self { action, reason: Reason::Declared, origin: None }
    }
}

impl Action {
    /// The email of its account or user.
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

    /// The id of its account or user. `None` if the account is not created yet.
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

    /// The kind of its subject.
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

    /// Returns true if the action takes away something that exists now.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        match self {
            Self::RemoveUser { .. }
            | Self::DisableAccount { target: AccountTarget::Live(_), .. } => true,
            Self::UpdateAccount { before, after, .. } => *before == Some(true) && !after,
            Self::SetChannelLimit { before, after, .. } => {
                before.is_some_and(|before| before > *after)
            }
            // An account that the same plan creates has nothing to lose.
            Self::DisableAccount { target: AccountTarget::Created, .. }
            | Self::EnableAccount { .. }
            | Self::CreateAccount(_) => false,
        }
    }

    /// Returns true if the action sets a limit whose live value is unknown. It is not destructive, but it may
    /// lower the limit.
    #[must_use]
    pub fn is_assertion(&self) -> bool {
        matches!(self, Self::SetChannelLimit { target: AccountTarget::Live(_), before: None, .. })
    }

    /// Returns true if the same plan creates the account of the action.
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

    /// Returns true if the action creates an account.
    #[must_use]
    pub fn is_create(&self) -> bool {
        matches!(self, Self::CreateAccount(_))
    }

    /// The extent to which a later action can restore the previous state.
    #[must_use]
    pub fn reversible(&self) -> Reversible {
        match self {
            // The API cannot invite a user or delete an account, and an unknown limit cannot be restored.
            Self::RemoveUser { .. }
            | Self::CreateAccount(_)
            | Self::SetChannelLimit { target: AccountTarget::Live(_), before: None, .. } => {
                Reversible::No
            }
            // Enabling an account does not enable its connections by itself.
            Self::DisableAccount { .. } => Reversible::Partly,
            Self::SetChannelLimit { .. }
            | Self::UpdateAccount { .. }
            | Self::EnableAccount { .. } => Reversible::Yes,
        }
    }

    /// Its changes, field by field. A removal has none.
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

    /// Its phase. Phases are executed in order. Access is taken away before it is given, so that an
    /// interrupted apply never leaves too much access.
    #[must_use]
    pub fn phase(&self) -> u8 {
        match self {
            Self::RemoveUser { .. } => 0,
            Self::DisableAccount { target: AccountTarget::Live(_), .. } => 1,
            Self::SetChannelLimit { target: AccountTarget::Live(_), before, after, .. } => {
                let raises = before.is_some_and(|before| before < *after);
                // Channels are freed before they are allocated.
                if raises { 6 } else { 2 }
            }
            Self::UpdateAccount { .. } => 3,
            Self::EnableAccount { .. } => 4,
            Self::CreateAccount(_)
            | Self::DisableAccount { target: AccountTarget::Created, .. }
            | Self::SetChannelLimit { target: AccountTarget::Created, .. } => 5,
        }
    }

    /// The number of requests that it takes. Destructive actions and creates read again before they change.
    #[must_use]
    pub fn requests(&self) -> usize {
        if self.is_destructive() || self.is_create() { 2 } else { 1 }
    }

    /// Its sort key in a plan.
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
