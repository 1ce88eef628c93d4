//! From a plan to what a run has seen: actions and differences, by what makes them the same next time.

use std::collections::{BTreeMap, BTreeSet};

use super::episodes::Sighting;
use crate::model::{Difference, Email, Item};
use crate::plan::{Action, Change, Finding, Level, Plan, Subject, Value, What};
use crate::report;

/// Of more differences than this only the first are watched one by one.
const LARGEST: usize = 10_000;

/// What a run has seen. An inventory that may lack something cannot tell what is in sync: it is unknown.
#[must_use]
pub fn sighting(plan: &Plan) -> Sighting {
    if !plan.inventory.complete {
        return Sighting::Unknown(gaps(&plan.findings));
    }
    let actions = plan.requested().map(of_action);
    let drift = plan.findings.iter().filter(|finding| finding.level() == Level::Drift);
    let mut items = BTreeMap::new();
    for (item, difference) in actions.chain(drift.map(of_finding)) {
        add(items.entry(item).or_default(), difference);
    }
    if items.len() > LARGEST {
        tracing::warn!(items = items.len(), watched = LARGEST, "too many differences to watch all");
        items = items.into_iter().take(LARGEST).collect();
    }
    Sighting::Clear { items, unsure: unsure(&plan.findings) }
}

/// What makes an action the same in the next run.
#[must_use]
pub fn item(action: &Action) -> Item {
    named(action.subject(), Some(action.email()), report::action_name(action))
}

fn of_action(action: &Action) -> (Item, Difference) {
    let changes = action.changes().into_iter().map(texts).collect();
    (
        item(action),
        Difference { changes, message: String::new(), destructive: action.is_destructive() },
    )
}

fn of_finding(finding: &Finding) -> (Item, Difference) {
    let item = named(finding.subject(), finding.email(), finding.code().name());
    let message = report::finding_text(finding);
    (item, Difference { changes: Vec::new(), message, destructive: false })
}

fn named(subject: Subject, email: Option<&Email>, what: &str) -> Item {
    Item {
        kind: report::subject_name(subject).to_owned(),
        email: email.map(|email| email.folded().to_owned()),
        what: what.to_owned(),
    }
}

/// Two of one kind and email, such as two live accounts with one email, are one item.
fn add(to: &mut Difference, more: Difference) {
    let Difference { changes, message, destructive } = more;
    to.changes.extend(changes);
    if !to.message.is_empty() && !message.is_empty() {
        to.message += "; ";
    }
    to.message += &message;
    to.destructive |= destructive;
}

fn texts(change: Change) -> (String, String, String) {
    let Change { field, before, before_known, after } = change;
    let before = match before {
        Some(value) => text(value),
        None if before_known => String::new(),
        None => "unknown".to_owned(),
    };
    (report::field_name(field).to_owned(), before, text(after))
}

fn text(value: Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text,
    }
}

fn gaps(findings: &[Finding]) -> String {
    let gap = |finding: &Finding| match &finding.what {
        What::InventoryIncomplete(why) => Some(why.clone()),
        _ => None,
    };
    let gaps: Vec<String> = findings.iter().filter_map(gap).collect();
    format!("the inventory may lack something: {}", gaps.join("; "))
}

/// Whom Telnyx would not tell about: that there is no action for them says nothing.
fn unsure(findings: &[Finding]) -> BTreeSet<(String, Option<String>)> {
    let code = crate::model::Code::StatusUnknown;
    findings
        .iter()
        .filter(|finding| finding.code() == code)
        .map(|finding| {
            let Item { kind, email, what: _ } =
                named(finding.subject(), finding.email(), code.name());
            (kind, email)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;
    use crate::plan::{Inventory, PlannedAction, Target};

    fn email() -> Email {
        Email::new("A@shop.example")
    }

    fn plan(actions: Vec<Action>, findings: Vec<Finding>) -> Plan {
        let inventory = Inventory { complete: true, ..Inventory::default() };
        let actions = actions.into_iter().map(PlannedAction::declared).collect();
        Plan { actions, findings, inventory, ..Plan::default() }
    }

    fn limit(id: &str, before: Option<u64>) -> Action {
        let target = Target::Live(AccountId::new(id));
        Action::SetChannelLimit { target, email: email(), before, after: 30 }
    }

    #[test]
    fn notices_are_no_drift_and_an_unknown_status_makes_unsure() {
        let findings = vec![
            Finding::account(email(), What::StatusUnknown),
            Finding::user(email(), What::Protected),
            Finding::user(email(), What::UserMissing),
        ];
        let Sighting::Clear { items, unsure } = sighting(&plan(Vec::new(), findings)) else {
            unreachable!("it is complete");
        };
        let whats: Vec<_> = items.keys().map(|item| item.what.as_str()).collect();
        assert_eq!(whats, ["user_missing"]);
        let account = ("managed_account".to_owned(), Some("a@shop.example".to_owned()));
        assert_eq!(unsure, [account].into());
    }

    #[test]
    fn what_has_one_name_is_one_item_with_both_differences() {
        let twins = plan(vec![limit("1", Some(40)), limit("2", None)], Vec::new());
        let Sighting::Clear { items, unsure: _ } = sighting(&twins) else {
            unreachable!("it is complete");
        };
        let [(_, difference)] = &items.into_iter().collect::<Vec<_>>()[..] else {
            unreachable!("there is one");
        };
        let change = |before: &str| ("channel_limit".into(), before.into(), "30".into());
        assert_eq!(difference.changes, [change("40"), change("unknown")]);
        assert!(difference.destructive);
    }

    #[test]
    fn an_incomplete_inventory_is_unknown() {
        let gap =
            vec![Finding::organization(What::InventoryIncomplete("page 2 is empty".to_owned()))];
        let seen = sighting(&Plan { inventory: Inventory::default(), ..plan(Vec::new(), gap) });
        assert!(matches!(seen, Sighting::Unknown(why) if why.contains("page 2 is empty")));
    }
}
