//! The actions of a kept plan that are not sent, and why.

use super::outcome::{Ending, Outcome};
use crate::plan::{Action, Changed, Fact, Value, Verdict, Why};

/// What becomes of an action of a kept plan that is not to be sent. `None`: it is to be sent.
#[must_use]
pub fn unsent(action: &Action, verdict: &Verdict) -> Option<Outcome> {
    match verdict {
        Verdict::Go => None,
        Verdict::Satisfied => Some(Outcome::new(action, Ending::Satisfied)),
        Verdict::Stale(changed) => Some(Outcome::new(action, Ending::Stale(said(action, changed)))),
        Verdict::Withheld(why) => {
            let hint = Some(held(*why).to_owned());
            Some(Outcome { hint, ..Outcome::skipped(action) })
        }
    }
}

/// Which field has changed, and how.
fn said(action: &Action, changed: &Changed) -> String {
    let Changed { fact, before, now } = changed;
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

fn held(why: Why) -> &'static str {
    match why {
        Why::Incomplete => {
            "held back: the inventory may lack something, so nothing is lost or created"
        }
        Why::Unresolved => {
            "held back: it was sent before and its outcome is unknown; see trunkline state"
        }
        Why::NotPlanned => "held back: a plan made now would not do it; plan again to see why",
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

fn or(known: Option<&Value>) -> String {
    known.map_or_else(|| "not known".to_owned(), value)
}

fn value(known: &Value) -> String {
    match known {
        Value::Bool(known) => known.to_string(),
        Value::Number(known) => known.to_string(),
        Value::Text(known) => known.clone(),
    }
}
