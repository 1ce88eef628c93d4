//! Plans and outcomes as JSON, `format_version` 1. The order of the keys is part of the format.

use serde::Serialize;

use super::digest::{BoundTo, sha256};
use super::{Report, escape, words};
use crate::execute::{Ending, Fault, Outcome, Summary};
use crate::plan::{Action, Change, Finding, Guard, Inventory, Plan, Value};

const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct PlanDoc<'a> {
    format_version: u32,
    organization: &'a str,
    digest: String,
    bound_to: &'a BoundTo,
    summary: PlanSummary,
    inventory: InventoryDoc,
    guards: Vec<GuardDoc>,
    actions: Vec<ActionDoc<'a>>,
    findings: Vec<FindingDoc<'a>>,
}

/// How much of what a plan has.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct PlanSummary {
    pub create: usize,
    pub update: usize,
    pub enable: usize,
    pub disable: usize,
    pub remove: usize,
    pub findings: usize,
    pub in_sync: usize,
    pub losses: usize,
    /// Only there when some actions were not chosen.
    #[serde(skip_serializing_if = "is_zero")]
    pub unchosen: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct InventoryDoc {
    complete: bool,
    accounts: usize,
    users: Option<usize>,
    status_known: bool,
    channels: &'static str,
}

#[derive(Serialize)]
struct GuardDoc {
    guard: &'static str,
    actual: u64,
    limit: u64,
    of: u64,
    refused: bool,
}

#[derive(Serialize)]
struct ActionDoc<'a> {
    action: &'static str,
    kind: &'static str,
    email: &'a str,
    id: Option<&'a str>,
    changes: Vec<ChangeDoc>,
    loss: bool,
    reversible: &'static str,
    origin: Option<&'static str>,
}

#[derive(Serialize)]
struct ChangeDoc {
    field: &'static str,
    before: Option<ValueDoc>,
    /// Only there when it is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_known: Option<bool>,
    after: ValueDoc,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueDoc {
    Bool(bool),
    Number(u64),
    Text(String),
}

#[derive(Serialize)]
struct FindingDoc<'a> {
    code: &'static str,
    level: &'static str,
    kind: &'static str,
    email: Option<&'a str>,
    message: String,
}

#[derive(Serialize)]
struct OutcomesDoc<'a> {
    format_version: u32,
    digest: String,
    summary: SummaryDoc,
    outcomes: Vec<OutcomeDoc<'a>>,
}

#[derive(Serialize)]
struct SummaryDoc {
    done: usize,
    satisfied: usize,
    failed: usize,
    stale: usize,
    unknown: usize,
    skipped: usize,
}

#[derive(Serialize)]
struct OutcomeDoc<'a> {
    #[serde(flatten)]
    action: ActionDoc<'a>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDoc<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorDoc<'a> {
    status: Option<u16>,
    code: Option<&'a str>,
    message: &'a str,
}

/// A plan as JSON.
#[must_use]
pub fn plan(report: Report<'_>) -> String {
    let Report { organization, bound_to, plan } = report;
    let Plan { actions, findings, guards, in_sync: _, withheld: _, unchosen: _, inventory } = plan;
    let Inventory { complete, accounts, users, status_known, channels, limits: _ } = inventory;
    pretty(&PlanDoc {
        format_version: FORMAT_VERSION,
        organization,
        digest: digest(report),
        bound_to,
        summary: PlanSummary::of(plan),
        inventory: InventoryDoc {
            complete: *complete,
            accounts: *accounts,
            users: *users,
            status_known: *status_known,
            channels: words::channels(*channels),
        },
        guards: guards.iter().map(GuardDoc::from).collect(),
        actions: actions.iter().map(ActionDoc::from).collect(),
        findings: findings.iter().map(FindingDoc::from).collect(),
    })
}

/// Outcomes as JSON.
#[must_use]
pub fn outcomes(report: Report<'_>, outcomes: &[Outcome]) -> String {
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
    pretty(&OutcomesDoc {
        format_version: FORMAT_VERSION,
        digest: digest(report),
        summary: SummaryDoc { done, satisfied, failed, stale, unknown, skipped },
        outcomes: outcomes.iter().map(OutcomeDoc::from).collect(),
    })
}

/// One outcome as a line of an audit log.
#[must_use]
pub fn audit_line(time: &str, actor: &str, digest: &str, outcome: &Outcome) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        time: &'a str,
        actor: &'a str,
        digest: &'a str,
        #[serde(flatten)]
        outcome: OutcomeDoc<'a>,
    }
    let line = Line { time, actor, digest, outcome: outcome.into() };
    escape::json(&serde_json::to_string(&line).unwrap_or_default()) + "\n"
}

/// The digest of the work: the same actions for the same organization have the same one.
#[must_use]
pub fn digest(report: Report<'_>) -> String {
    #[derive(Serialize)]
    struct Work<'a> {
        bound_to: &'a BoundTo,
        actions: Vec<ActionDoc<'a>>,
    }
    let actions = report.plan.actions.iter().map(ActionDoc::from).collect();
    sha256(&serde_json::to_string(&Work { bound_to: report.bound_to, actions }).unwrap_or_default())
}

fn pretty(document: &impl Serialize) -> String {
    // Nothing in these documents can fail to be written: no maps with odd keys, no foreign types.
    escape::json(&serde_json::to_string_pretty(document).unwrap_or_default()) + "\n"
}

impl PlanSummary {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut summary = Self {
            create: 0,
            update: 0,
            enable: 0,
            disable: 0,
            remove: 0,
            findings: plan.findings.len(),
            in_sync: plan.in_sync,
            losses: plan.losses(),
            unchosen: plan.unchosen,
        };
        for action in &plan.actions {
            let count = match action {
                Action::CreateAccount(_) => &mut summary.create,
                Action::UpdateAccount { .. } | Action::SetChannelLimit { .. } => {
                    &mut summary.update
                }
                Action::EnableAccount { .. } => &mut summary.enable,
                Action::DisableAccount { .. } => &mut summary.disable,
                Action::RemoveUser { .. } => &mut summary.remove,
            };
            *count += 1;
        }
        summary
    }
}

impl From<&Guard> for GuardDoc {
    fn from(guard: &Guard) -> Self {
        let Guard { name, actual, limit, of } = *guard;
        Self { guard: words::guard(name), actual, limit, of, refused: guard.refused() }
    }
}

impl<'a> From<&'a Action> for ActionDoc<'a> {
    fn from(action: &'a Action) -> Self {
        Self {
            action: words::action(action),
            kind: words::subject(action.subject()),
            email: action.email().as_str(),
            id: action.id(),
            changes: action.changes().into_iter().map(ChangeDoc::from).collect(),
            loss: action.is_loss(),
            reversible: words::reversible(action.reversible()),
            origin: None,
        }
    }
}

impl From<Change> for ChangeDoc {
    fn from(change: Change) -> Self {
        let Change { field, before, before_known, after } = change;
        Self {
            field: words::field(field),
            before: before.map(ValueDoc::from),
            before_known: (!before_known).then_some(false),
            after: after.into(),
        }
    }
}

impl From<Value> for ValueDoc {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::Text(text) => Self::Text(text),
        }
    }
}

impl<'a> From<&'a Finding> for FindingDoc<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            code: finding.code().name(),
            level: words::level(finding.level()),
            kind: words::subject(finding.subject()),
            email: finding.email().map(crate::model::Email::as_str),
            message: words::finding(finding),
        }
    }
}

impl<'a> From<&'a Outcome> for OutcomeDoc<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let Outcome { action, ending, created, request_id, hint } = outcome;
        let error = match ending {
            Ending::Failed(fault) | Ending::Unknown(fault) => Some(ErrorDoc::from(fault)),
            Ending::Stale(why) => Some(ErrorDoc { status: None, code: None, message: why }),
            Ending::Done | Ending::Satisfied | Ending::Skipped => None,
        };
        Self {
            action: action.into(),
            outcome: words::ending(ending),
            created_id: created.as_deref(),
            request_id: request_id.as_deref(),
            error,
            hint: hint.as_deref(),
        }
    }
}

impl<'a> From<&'a Fault> for ErrorDoc<'a> {
    fn from(fault: &'a Fault) -> Self {
        let Fault { status, code, message, hint: _ } = fault;
        Self { status: *status, code: code.as_deref(), message }
    }
}
