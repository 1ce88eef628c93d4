//! The actions of a kept plan that are not sent, and why.

use super::outcome::{Ending, Outcome};
use crate::plan::{Action, Fact, FieldValue, RecheckResult, StaleFact, WithheldReason};

/// What becomes of an action of a kept plan that is not to be sent. `None`: it is to be sent.
#[must_use]
pub fn skipped_outcome(action: &Action, verdict: &RecheckResult) -> Option<Outcome> {
    match verdict {
        RecheckResult::Go => None,
        RecheckResult::Satisfied => Some(Outcome::new(action, Ending::Satisfied)),
        RecheckResult::Stale(changed) => {
            Some(Outcome::new(action, Ending::Stale(said(action, changed))))
        }
        RecheckResult::Withheld(why) => {
            let hint = Some(held(*why).to_owned());
            Some(Outcome { hint, ..Outcome::skipped(action) })
        }
    }
}

/// Which field has changed, and how.
fn said(action: &Action, changed: &StaleFact) -> String {
    let StaleFact { fact, before, now } = changed;
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

fn held(why: WithheldReason) -> &'static str {
    match why {
        WithheldReason::Incomplete => {
            "held back: the inventory may lack something, so nothing is lost or created"
        }
        WithheldReason::Unresolved => {
            "held back: it was sent before and its outcome is unknown; see trunkline state"
        }
        WithheldReason::NotPlanned => {
            "held back: a plan made now would not do it; plan again to see why"
        }
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
