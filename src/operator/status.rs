//! The status of a resource: a pure function of the earlier status and of what has happened.
//!
//! The conditions follow kstatus: `Stalled` and `Reconciling` are true only while something is wrong or going on, and
//! `Ready` is true when nothing waits. An inventory that is not complete makes `Ready` unknown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::approval::Decision;
use super::check::{CheckError, Checked, bounded};
use super::events::Transition;
use crate::plan::{Action, Plan};
use crate::report::action_name;

/// The reason of a resource whose organization an older one has.
pub(super) const ORGANIZATION_TAKEN: &str = "OrganizationTaken";

/// The largest number of actions in a status.
const MAX_ITEMS: usize = 50;

/// The status as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OrganizationStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedStatus>,
    pub conditions: Vec<Condition>,
}

/// A plan, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PlanStatus {
    pub digest: String,
    pub changes: usize,
    pub create: usize,
    pub update: usize,
    pub enable: usize,
    pub disable: usize,
    pub remove: usize,
    pub destructive: usize,
    pub findings: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

/// The approval that was used last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AppliedStatus {
    pub digest: String,
    pub time: Timestamp,
}

/// A condition, as `metav1.Condition`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    pub r#type: String,
    pub status: String,
    pub reason: String,
    pub message: String,
    #[serde(default)]
    pub observed_generation: i64,
    pub last_transition_time: Timestamp,
}

/// The event that a status reports.
#[derive(Debug)]
pub(super) enum Report<'a> {
    /// Checks are paused.
    Suspended,
    /// A check has failed.
    Failed(&'a CheckError),
    /// A check has read the organization.
    Checked(&'a Checked, &'a Decision),
}

const TRUE: &str = "True";
const FALSE: &str = "False";
const UNKNOWN: &str = "Unknown";

/// The message while nothing is going on. Older API servers refuse an empty one in an applied status.
const IDLE: &str = "waiting for the next check";

/// The conditions that a report sets, each with its status, reason and message.
type Conditions = [(&'static str, &'static str, &'static str, String); 6];

/// The moment of a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub generation: i64,
    pub now: Timestamp,
    pub next_run: Option<Timestamp>,
}

impl OrganizationStatus {
    /// The status after a report. `forbidden` names the permissions that are missing.
    pub(super) fn after(
        &self,
        report: &Report<'_>,
        moment: Moment,
        forbidden: &BTreeMap<&'static str, String>,
    ) -> Self {
        let Moment { generation, now, next_run } = moment;
        let (state, conditions) = match report {
            Report::Suspended => ("suspended", suspended()),
            Report::Failed(CheckError::Invalid(reason, message)) => {
                ("invalid", invalid(reason, message))
            }
            Report::Failed(CheckError::Unknown(reason, message)) => {
                ("unknown", unknown(reason, message))
            }
            Report::Checked(checked, decision) => of_check(checked, decision),
        };
        let (permitted, why, message) = if forbidden.is_empty() {
            (TRUE, "Permitted", "the permissions suffice".to_owned())
        } else {
            let all: Vec<&str> = forbidden.values().map(String::as_str).collect();
            (FALSE, "Forbidden", bounded(&all.join("; ")))
        };
        let conditions = conditions
            .into_iter()
            .chain([("Permitted", permitted, why, message)])
            .map(|(name, status, reason, message)| Condition {
                r#type: name.to_owned(),
                status: status.to_owned(),
                reason: reason.to_owned(),
                message,
                observed_generation: generation,
                last_transition_time: self.since(name, status).unwrap_or(now),
            });
        let ran = matches!(report, Report::Checked(..) | Report::Failed(_));
        Self {
            observed_generation: Some(generation),
            state: Some(state.to_owned()),
            last_run: if ran { Some(now) } else { self.last_run },
            next_run,
            plan: match report {
                Report::Checked(checked, _) => Some(plan(&checked.plan, &checked.digest)),
                Report::Suspended | Report::Failed(_) => self.plan.clone(),
            },
            applied: self.applied.clone(),
            conditions: conditions.collect(),
        }
    }

    /// The time since which a condition has a status.
    fn since(&self, name: &str, status: &str) -> Option<Timestamp> {
        let found = self.condition(name)?;
        (found.status == status).then_some(found.last_transition_time)
    }

    pub(super) fn condition(&self, name: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.r#type == name)
    }

    /// Returns true if a check of this generation is over, and no apply follows it.
    pub(super) fn is_finished(&self, generation: i64) -> bool {
        let applying = self.condition("Reconciling").is_some_and(|one| one.status == TRUE);
        self.observed_generation == Some(generation) && !applying
    }

    /// Returns true if an older resource has the organization.
    pub(super) fn is_taken(&self) -> bool {
        self.condition("Ready").is_some_and(|one| one.reason == ORGANIZATION_TAKEN)
    }

    /// The transition from an earlier status, if there is one.
    pub(super) fn transition(&self, before: &Self) -> Option<Transition> {
        let ready = self.condition("Ready")?;
        let digest = |status: &Self| {
            let waits = status.condition("Approved").is_some_and(|one| one.status == FALSE);
            status.plan.as_ref().filter(|_| waits).map(|plan| plan.digest.clone())
        };
        let reason = |status: &Self| status.condition("Approved").map(|one| one.reason.clone());
        let same = before.condition("Ready").is_some_and(|earlier| {
            (&earlier.status, &earlier.reason) == (&ready.status, &ready.reason)
        });
        if same && digest(before) == digest(self) && reason(before) == reason(self) {
            return None;
        }
        Some(Transition {
            warning: ready.status != TRUE && ready.reason != "Applying",
            reason: ready.reason.clone(),
            note: ready.message.clone(),
        })
    }
}

fn suspended() -> Conditions {
    let message = || "spec.suspend is true".to_owned();
    [
        ("Ready", UNKNOWN, "Suspended", message()),
        ("Reconciling", FALSE, "Suspended", message()),
        ("Stalled", FALSE, "Suspended", message()),
        ("InSync", UNKNOWN, "Suspended", message()),
        ("InventoryComplete", UNKNOWN, "Suspended", message()),
        ("Approved", UNKNOWN, "Suspended", message()),
    ]
}

fn invalid(reason: &'static str, message: &str) -> Conditions {
    [
        ("Ready", FALSE, reason, message.to_owned()),
        ("Reconciling", FALSE, "Stalled", IDLE.to_owned()),
        ("Stalled", TRUE, reason, message.to_owned()),
        ("InSync", UNKNOWN, reason, message.to_owned()),
        ("InventoryComplete", UNKNOWN, reason, message.to_owned()),
        ("Approved", UNKNOWN, reason, message.to_owned()),
    ]
}

fn unknown(reason: &'static str, message: &str) -> Conditions {
    [
        ("Ready", UNKNOWN, reason, message.to_owned()),
        ("Reconciling", FALSE, "Waiting", IDLE.to_owned()),
        ("Stalled", FALSE, "Retrying", "the operator tries again".to_owned()),
        ("InSync", UNKNOWN, reason, message.to_owned()),
        ("InventoryComplete", UNKNOWN, reason, message.to_owned()),
        ("Approved", UNKNOWN, reason, message.to_owned()),
    ]
}

/// The state and the conditions after a check that has read the organization.
fn of_check(checked: &Checked, decision: &Decision) -> (&'static str, Conditions) {
    let Checked { plan, live, digest: _ } = checked;
    let complete = plan.inventory.complete;
    let drift = plan.has_drift();
    let gaps = || {
        let gaps: Vec<&str> = live.gaps.iter().map(|gap| gap.reason.as_str()).collect();
        bounded(&format!("the inventory is incomplete: {}", gaps.join("; ")))
    };
    let only_findings = || {
        "the remaining differences need a person, or are withheld; see the plan of the command line"
            .to_owned()
    };
    let sync = "nothing differs from the manifest";
    let ready = match decision {
        Decision::Granted => {
            ("Ready", FALSE, "Applying", "the approved plan is applied".to_owned())
        }
        _ if !complete => ("Ready", UNKNOWN, "InventoryIncomplete", gaps()),
        Decision::Waits(_, message) => ("Ready", FALSE, "ApprovalRequired", message.clone()),
        Decision::Nothing if drift => ("Ready", TRUE, "FindingsOnly", only_findings()),
        Decision::Nothing => ("Ready", TRUE, "InSync", sync.to_owned()),
    };
    let reconciling = match decision {
        Decision::Granted => {
            ("Reconciling", TRUE, "Applying", "the approved plan is applied".to_owned())
        }
        Decision::Nothing | Decision::Waits(..) => {
            ("Reconciling", FALSE, "Checked", IDLE.to_owned())
        }
    };
    let in_sync = match (drift, complete) {
        (true, _) => {
            ("InSync", FALSE, "Drifted", "the organization differs from the manifest".to_owned())
        }
        (false, true) => ("InSync", TRUE, "InSync", sync.to_owned()),
        (false, false) => ("InSync", UNKNOWN, "InventoryIncomplete", gaps()),
    };
    let inventory = if complete {
        ("InventoryComplete", TRUE, "Complete", "everything was read".to_owned())
    } else {
        ("InventoryComplete", FALSE, "Incomplete", gaps())
    };
    let approved = match decision {
        Decision::Nothing => {
            ("Approved", TRUE, "NothingToApprove", "the plan has no changes".to_owned())
        }
        Decision::Granted => {
            ("Approved", TRUE, "Approved", "spec.approve names this plan".to_owned())
        }
        Decision::Waits(reason, message) => ("Approved", FALSE, *reason, message.clone()),
    };
    let state = match (complete, drift) {
        (_, true) => "drifted",
        (true, false) => "in_sync",
        (false, false) => "unknown",
    };
    let stalled = ("Stalled", FALSE, "Checked", "the operator can go on".to_owned());
    (state, [ready, reconciling, stalled, in_sync, inventory, approved])
}

/// The numbers of a plan.
fn plan(plan: &Plan, digest: &str) -> PlanStatus {
    let mut status = PlanStatus {
        digest: digest.to_owned(),
        changes: plan.actions.len(),
        destructive: plan.destructive(),
        findings: plan.findings.len(),
        ..PlanStatus::default()
    };
    for action in plan.requested() {
        match action {
            Action::CreateAccount(_) => status.create += 1,
            Action::UpdateAccount { .. } | Action::SetChannelLimit { .. } => status.update += 1,
            Action::EnableAccount { .. } => status.enable += 1,
            Action::DisableAccount { .. } => status.disable += 1,
            Action::RemoveUser { .. } => status.remove += 1,
        }
    }
    let (destructive, others): (Vec<&Action>, Vec<&Action>) =
        plan.requested().partition(|action| action.is_destructive());
    let shown = destructive.into_iter().chain(others).take(MAX_ITEMS).map(|action| {
        let mark = if action.is_destructive() { " (destructive)" } else { "" };
        bounded(&format!("{} {}{mark}", action_name(action), action.email()))
    });
    status.items = shown.collect();
    status
}
