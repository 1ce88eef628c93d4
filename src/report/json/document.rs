//! The documents of plans and outcomes: their fields, in the order in which they are written.

use schemars::JsonSchema;
use serde::Serialize;

use super::{FORMAT_VERSION, schema};
use crate::execute::{ActionError, Ending, Outcome};
use crate::plan::{
    Action, FieldChange, FieldValue, Finding, Guard, Inventory, Plan, PlannedAction,
};
use crate::report::digest::BoundTo;
use crate::report::{Report, sentences, words};

/// What would have to be done so that the live organization is what the manifest says.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Plan of Trunkline", rename = "Plan")]
pub(in crate::report) struct PlanDoc<'a> {
    /// The version of this format.
    #[schemars(schema_with = "schema::version")]
    pub format_version: u32,
    /// The label of the organization.
    pub organization: &'a str,
    /// Of `actions` and `bound_to`: the same work planned again has the same digest.
    #[schemars(schema_with = "schema::sha256")]
    pub digest: String,
    /// What the plan was made for.
    pub bound_to: &'a BoundTo,
    /// How much of what there is in it.
    pub summary: PlanSummary,
    /// What the plan was made from.
    pub inventory: InventoryDoc,
    /// The budgets that the plan draws on.
    pub guards: Vec<GuardDoc>,
    /// One request each, in the order of execution.
    pub actions: Vec<ActionDoc<'a>>,
    /// Differences that no request can close, and things a reader should know.
    pub findings: Vec<FindingDoc<'a>>,
    /// The canonical text of the manifest that the plan was made for. It and the fields after it are only in
    /// saved plans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// When the plan was saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub created_at: Option<String>,
    /// From when on the plan is not applied any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub expires_at: Option<String>,
    /// Of everything before it, byte by byte: a file that was changed anywhere is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::sha256")]
    pub seal: Option<String>,
}

/// How much of what there is in a plan.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(in crate::report) struct PlanSummary {
    /// Accounts to be created.
    pub create: usize,
    /// Fields to be changed, limits of channels too.
    pub update: usize,
    /// Accounts to be enabled.
    pub enable: usize,
    /// Accounts to be disabled, those that the plan creates too.
    pub disable: usize,
    /// Users to be removed.
    pub remove: usize,
    /// Findings of any level.
    pub findings: usize,
    /// Actions that a rule removed from the plan; a finding names the rule.
    pub withheld: usize,
    /// Unlisted accounts and users that the policy ignores.
    pub ignored: usize,
    /// Entries of the manifest that need no action, and unlisted accounts that are as the policy wants them.
    pub in_sync: usize,
    /// Actions that take away something that exists now.
    pub destructive: usize,
    /// Actions that were not chosen by `--target`; only there when some were not.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub unchosen: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What a plan was made from.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Inventory")]
pub(in crate::report) struct InventoryDoc {
    /// Whether nothing is missing in it.
    pub complete: bool,
    /// Accounts that are not cancelled.
    pub accounts: usize,
    /// Users of the organization; null when they are not managed.
    pub users: Option<usize>,
    /// Whether the status of every account is known.
    pub status_known: bool,
    /// What is known of the limits of channels that are live.
    #[schemars(schema_with = "schema::channels")]
    pub channels: &'static str,
}

/// A budget, and what the plan draws on it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Guard")]
pub(in crate::report) struct GuardDoc {
    /// Its name in the manifest.
    #[schemars(schema_with = "schema::guard")]
    pub guard: &'static str,
    /// How many the plan touches.
    pub actual: u64,
    /// How many it may.
    pub limit: u64,
    /// How many there are.
    pub of: u64,
    /// Whether an apply is refused because of it.
    pub refused: bool,
}

/// One request.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Action")]
pub(in crate::report) struct ActionDoc<'a> {
    /// What it does.
    #[schemars(schema_with = "schema::action")]
    pub action: &'static str,
    /// What it does that to.
    #[schemars(schema_with = "schema::kind")]
    pub kind: &'static str,
    /// The email of the account or user.
    pub email: &'a str,
    /// The id of the account or user; null while there is none.
    pub id: Option<&'a str>,
    /// What it changes, field by field.
    pub changes: Vec<ChangeDoc>,
    /// Whether it takes away something that exists now.
    pub destructive: bool,
    /// Whether a later action can bring back what was there before.
    #[schemars(schema_with = "schema::reversible")]
    pub reversible: &'static str,
    /// The rule that asks for it. Absent in outcomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::reason")]
    pub reason: Option<&'static str>,
    /// Whether the change is the author's or was there before; null without a base to compare with.
    #[schemars(schema_with = "schema::origin")]
    pub origin: Option<&'static str>,
}

/// What differs in one field.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
pub(in crate::report) struct ChangeDoc {
    /// The field, as in the manifest.
    pub field: &'static str,
    /// What is there now; null when nothing is, or when it is not known.
    pub before: Option<ValueDoc>,
    /// False when `before` is not known; not there otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_known: Option<bool>,
    /// What is wanted.
    pub after: ValueDoc,
}

/// What a field holds.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Value")]
pub(in crate::report) enum ValueDoc {
    Bool(bool),
    Number(u64),
    Text(String),
}

/// What a person should know and no request can change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub(in crate::report) struct FindingDoc<'a> {
    /// Its kind.
    #[schemars(schema_with = "schema::code")]
    pub code: &'static str,
    /// `drift`: the organization differs from the manifest. `notice`: a reader should know.
    #[schemars(schema_with = "schema::level")]
    pub level: &'static str,
    /// What it is about.
    #[schemars(schema_with = "schema::kind")]
    pub kind: &'static str,
    /// The email of the account or user; null when it is about the organization.
    pub email: Option<&'a str>,
    /// What it says, for people.
    pub message: String,
}

/// What became of the actions of a plan.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Outcomes of Trunkline", rename = "Outcomes")]
pub(super) struct OutcomesDoc<'a> {
    /// The version of this format.
    #[schemars(schema_with = "schema::version")]
    pub format_version: u32,
    /// The digest of the plan.
    #[schemars(schema_with = "schema::sha256")]
    pub digest: String,
    /// How many actions ended how.
    pub summary: SummaryDoc,
    /// One outcome for each action, in the plan's order.
    pub outcomes: Vec<OutcomeDoc<'a>>,
}

/// How many actions ended how.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OutcomeSummary")]
pub(super) struct SummaryDoc {
    /// They were done.
    pub done: usize,
    /// There was nothing left to do.
    pub satisfied: usize,
    /// They were refused, or could not be sent.
    pub failed: usize,
    /// What they were planned for was no longer so; they were not sent.
    pub stale: usize,
    /// Nobody knows whether they happened.
    pub unknown: usize,
    /// They were not sent, because something before them did not succeed or the apply was interrupted.
    pub skipped: usize,
}

/// What became of one action.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Outcome")]
pub(super) struct OutcomeDoc<'a> {
    #[serde(flatten)]
    pub action: ActionDoc<'a>,
    /// What became of it.
    #[schemars(schema_with = "schema::outcome")]
    pub outcome: &'static str,
    /// The id of the account that it created, or that was there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_id: Option<&'a str>,
    /// Telnyx's id of the request, for its support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// What went wrong, if something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorDoc<'a>>,
    /// What to do next, if there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
}

/// What went wrong.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(super) struct ErrorDoc<'a> {
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The code that Telnyx gave, if it gave one.
    pub code: Option<&'a str>,
    /// What happened, for people.
    pub message: &'a str,
}

impl<'a> PlanDoc<'a> {
    /// A plan with these findings, which are those of the plan unless it was read from a file.
    pub(in crate::report) fn new(report: Report<'a>, findings: Vec<FindingDoc<'a>>) -> Self {
        let Report { organization, bound_to, plan } = report;
        let Plan {
            actions: _,
            findings: _,
            guards,
            in_sync: _,
            withheld: _,
            ignored: _,
            unchosen: _,
            inventory,
        } = plan;
        let Inventory { complete, accounts, users, status_known, channels, limits: _ } = inventory;
        Self {
            format_version: FORMAT_VERSION,
            organization,
            digest: super::digest(report),
            bound_to,
            summary: PlanSummary { findings: findings.len(), ..PlanSummary::of(plan) },
            inventory: InventoryDoc {
                complete: *complete,
                accounts: *accounts,
                users: *users,
                status_known: *status_known,
                channels: words::channels(*channels),
            },
            guards: guards.iter().map(GuardDoc::from).collect(),
            actions: plan
                .actions
                .iter()
                .map(|PlannedAction { action, reason, origin }| ActionDoc {
                    reason: Some(words::reason(*reason)),
                    origin: origin.map(words::origin),
                    ..action.into()
                })
                .collect(),
            findings,
            manifest: None,
            created_at: None,
            expires_at: None,
            seal: None,
        }
    }
}

impl PlanSummary {
    pub(in crate::report) fn of(plan: &Plan) -> Self {
        let mut summary = Self {
            create: 0,
            update: 0,
            enable: 0,
            disable: 0,
            remove: 0,
            findings: plan.findings.len(),
            in_sync: plan.in_sync,
            destructive: plan.destructive(),
            withheld: plan.withheld,
            ignored: plan.ignored,
            unchosen: plan.unchosen,
        };
        for action in plan.requested() {
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
            destructive: action.is_destructive(),
            reversible: words::reversible(action.reversible()),
            reason: None,
            origin: None,
        }
    }
}

impl From<FieldChange> for ChangeDoc {
    fn from(change: FieldChange) -> Self {
        let FieldChange { field, before, before_known, after } = change;
        Self {
            field: words::field(field),
            before: before.map(ValueDoc::from),
            before_known: (!before_known).then_some(false),
            after: after.into(),
        }
    }
}

impl From<FieldValue> for ValueDoc {
    fn from(value: FieldValue) -> Self {
        match value {
            FieldValue::Bool(value) => Self::Bool(value),
            FieldValue::Number(number) => Self::Number(number),
            FieldValue::Text(text) => Self::Text(text),
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
            message: sentences::finding(finding),
        }
    }
}

impl<'a> From<&'a Outcome> for OutcomeDoc<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let Outcome { action, ending, created, request_id, hint } = outcome;
        let error = match ending {
            Ending::Failed(fault) | Ending::Unknown(fault) => Some(ErrorDoc::from(fault)),
            Ending::Stale(why) => Some(ErrorDoc { status: None, code: None, message: why }),
            Ending::Skipped(reason) => {
                Some(ErrorDoc { status: None, code: None, message: reason.message() })
            }
            Ending::Done | Ending::Satisfied => None,
        };
        Self {
            action: action.into(),
            outcome: words::ending(ending),
            created_id: created.as_deref(),
            request_id: request_id.as_deref(),
            error,
            hint: hint.as_deref().or_else(|| ending.error().and_then(|error| error.hint)),
        }
    }
}

impl<'a> From<&'a ActionError> for ErrorDoc<'a> {
    fn from(fault: &'a ActionError) -> Self {
        let ActionError { status, code, message, hint: _, unrecorded: _ } = fault;
        Self { status: *status, code: code.as_deref(), message }
    }
}
