//! The decision on a plan: a pure function of the plan and of what the resource approves.

use super::resource::OrganizationSpec;
use crate::plan::{ApprovalError, ApprovedNumbers, Lift, Plan};
use crate::report::guard_name;

/// The decision on a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The plan has no actions.
    Nothing,
    /// The plan waits: a reason for programs, and a message for people.
    Waits(&'static str, String),
    /// The plan may be sent.
    Granted,
}

/// Decides on a plan with this digest. `used` is the approval that was used last.
pub(super) fn decide(
    plan: &Plan,
    digest: &str,
    spec: &OrganizationSpec,
    used: Option<&str>,
) -> Decision {
    let (actions, destructive) = (plan.actions.len(), plan.destructive());
    if actions == 0 {
        return Decision::Nothing;
    }
    let noun = if actions == 1 { "change waits" } else { "changes wait" };
    let waits = format!("{actions} {noun} for approval ({destructive} destructive)");
    let Some(approve) = spec.approve.as_deref() else {
        return Decision::Waits("NotApproved", format!("{waits}; set spec.approve to {digest}"));
    };
    if approve != digest {
        let message = format!("{waits}; spec.approve is {approve}, but the plan is {digest}");
        return Decision::Waits("OtherPlanApproved", message);
    }
    if used == Some(approve) {
        let message = format!(
            "{waits}; this plan was applied before: remove spec.approve, then set it again"
        );
        return Decision::Waits("ApprovalUsed", message);
    }
    if !plan.inventory.complete {
        return Decision::Waits(
            "InventoryIncomplete",
            format!("{waits}; the inventory is incomplete"),
        );
    }
    let numbers =
        ApprovedNumbers { destructive: spec.approve_destructive, creates: spec.approve_creates };
    match numbers.check(plan) {
        Ok(()) => Decision::Granted,
        Err(ApprovalError::Mismatch { lift, given, actual }) => {
            let field = field(lift);
            let message = format!("{waits}; {field} is {given}, but the plan has {actual}");
            Decision::Waits("WrongNumber", message)
        }
        Err(ApprovalError::Exceeded { guards, lifts }) => {
            let guards: Vec<String> = guards
                .iter()
                .map(|guard| {
                    format!("{} ({}, limit {})", guard_name(guard.name), guard.actual, guard.limit)
                })
                .collect();
            let lifts: Vec<String> =
                lifts.iter().map(|(lift, actual)| format!("{}: {actual}", field(*lift))).collect();
            let message = format!(
                "the plan exceeds {}; to apply it anyway, set {}",
                guards.join(", "),
                lifts.join(" and ")
            );
            Decision::Waits("SafetyLimit", message)
        }
    }
}

fn field(lift: Lift) -> &'static str {
    match lift {
        Lift::Destructive => "spec.approveDestructive",
        Lift::Creates => "spec.approveCreates",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Email, UserId};
    use crate::plan::{Action, Guard, GuardName, Inventory, PlannedAction};

    const DIGEST: &str = "sha256:1";

    /// A plan that removes three users, more than the policy allows.
    fn plan(limit: u64) -> Plan {
        let remove = |name: &str| {
            PlannedAction::declared(Action::RemoveUser {
                id: UserId::new(name),
                email: Email::new(format!("{name}@acme.example")),
            })
        };
        Plan {
            actions: ["a", "b", "c"].map(remove).to_vec(),
            guards: vec![Guard { name: GuardName::MaxRemovals, actual: 3, limit, of: 9 }],
            inventory: Inventory { complete: true, ..Inventory::default() },
            ..Plan::default()
        }
    }

    fn spec(approve: Option<&str>, destructive: Option<usize>) -> OrganizationSpec {
        serde_json::from_value(serde_json::json!({
            "manifest": {},
            "apiKeySecretRef": { "name": "key" },
            "approve": approve,
            "approveDestructive": destructive,
        }))
        .unwrap()
    }

    #[test]
    fn only_the_digest_of_this_plan_with_the_exact_numbers_is_granted_and_only_once() {
        let cases = [
            (None, None, 9, None, "NotApproved"),
            (Some("sha256:0"), None, 9, None, "OtherPlanApproved"),
            (Some("sha256:0"), Some(3), 9, None, "OtherPlanApproved"),
            (Some(DIGEST), None, 9, None, ""),
            (Some(DIGEST), Some(3), 9, None, ""),
            (Some(DIGEST), Some(2), 9, None, "WrongNumber"),
            (Some(DIGEST), None, 2, None, "SafetyLimit"),
            (Some(DIGEST), Some(4), 2, None, "WrongNumber"),
            (Some(DIGEST), Some(3), 2, None, ""),
            (Some(DIGEST), Some(3), 2, Some("sha256:0"), ""),
            (Some(DIGEST), Some(3), 2, Some(DIGEST), "ApprovalUsed"),
        ];
        for (approve, destructive, limit, used, wanted) in cases {
            let decision = decide(&plan(limit), DIGEST, &spec(approve, destructive), used);
            let reason = match &decision {
                Decision::Nothing => "nothing",
                Decision::Waits(reason, _) => reason,
                Decision::Granted => "",
            };
            assert_eq!(reason, wanted, "{approve:?} {destructive:?} {limit} {used:?}");
        }
    }

    #[test]
    fn nothing_is_granted_from_an_incomplete_inventory() {
        let plan = Plan { inventory: Inventory::default(), ..plan(9) };
        let decision = decide(&plan, DIGEST, &spec(Some(DIGEST), None), None);
        assert!(matches!(decision, Decision::Waits("InventoryIncomplete", _)), "{decision:?}");
    }
}
