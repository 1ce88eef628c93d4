//! Outcomes of the actions of a saved plan that are not sent.

use super::outcome::{Ending, Outcome, SkipReason};
use crate::model::Role;
use crate::plan::{Action, Fact, FactValue, FieldValue, RecheckResult, StaleFact};

/// The outcome of an action that is not sent. `None` if it is sent.
#[must_use]
pub fn skipped_outcome(action: &Action, verdict: &RecheckResult) -> Option<Outcome> {
    match verdict {
        RecheckResult::Go => None,
        RecheckResult::Satisfied => Some(Outcome::new(action, Ending::Satisfied)),
        RecheckResult::Stale(stale) => {
            Some(Outcome::new(action, Ending::Stale(describe(action, stale))))
        }
        RecheckResult::Withheld(reason) => {
            Some(Outcome::skipped(action, SkipReason::Withheld(*reason)))
        }
    }
}

/// The field that has changed, with both values.
fn describe(action: &Action, stale: &StaleFact) -> String {
    let StaleFact { fact, before, now } = stale;
    let field = name(*fact);
    match (fact, before.as_ref(), now.as_ref()) {
        (Fact::Account, None, now) => {
            let now = now.map_or_else(|| "present".to_owned(), text);
            format!("account: none → {now} since it was planned; plan again")
        }
        (Fact::Account, Some(id), _) => format!("account: {} → gone", text(id)),
        (_, before, now) if action.is_create() => {
            format!("{field}: {} → {}: an account has this email now", or(before), or(now))
        }
        (_, before, now) => format!("{field}: {} → {} since it was planned", or(before), or(now)),
    }
}

fn name(fact: Fact) -> &'static str {
    match fact {
        Fact::Account => "account",
        Fact::Email => "email",
        Fact::Role => "role",
        Fact::Name => "name",
        Fact::Enabled => "enabled",
        Fact::CustomPricing => "custom_pricing",
        Fact::RollupBilling => "rollup_billing",
        Fact::ChannelLimit => "channel_limit",
    }
}

fn or(value: Option<&FactValue>) -> String {
    value.map_or_else(|| "unknown".to_owned(), text)
}

fn text(value: &FactValue) -> String {
    match value {
        FactValue::Field(FieldValue::Bool(value)) => value.to_string(),
        FactValue::Field(FieldValue::Number(value)) => value.to_string(),
        FactValue::Field(FieldValue::Text(value)) => value.clone(),
        FactValue::Id(id) => id.to_string(),
        FactValue::Email(email) => email.to_string(),
        FactValue::Role(Role::Owner) => "organization_owner".to_owned(),
        FactValue::Role(Role::SubUser) => "organization_sub_user".to_owned(),
        FactValue::Role(Role::Other(role)) => role.clone(),
        FactValue::Blocked => "blocked".to_owned(),
        FactValue::Cancelled => "cancelled".to_owned(),
        FactValue::Accounts(count) => format!("{count} accounts"),
    }
}
