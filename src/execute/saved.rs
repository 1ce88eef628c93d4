//! Outcomes of the actions of a saved plan that are not sent.

use super::outcome::{Ending, Outcome, SkipReason};
use crate::plan::{Action, Fact, FieldValue, RecheckResult, StaleFact};

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
            let now = now.map_or_else(|| "there".to_owned(), value);
            format!("account: none → {now} since it was planned; plan again")
        }
        (Fact::Account, Some(id), _) => format!("account: {} → gone", value(id)),
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

fn or(known: Option<&FieldValue>) -> String {
    known.map_or_else(|| "not known".to_owned(), value)
}

fn value(known: &FieldValue) -> String {
    match known {
        FieldValue::Bool(known) => known.to_string(),
        FieldValue::Number(known) => known.to_string(),
        FieldValue::Text(known) => known.clone(),
    }
}
