//! The document of a plan, with its fields in the order of the output.

use schemars::JsonSchema;
use serde::Serialize;

use super::{FORMAT_VERSION, schema};
use crate::plan::{
    Action, FieldChange, FieldValue, Finding, Guard, Inventory, Plan, PlannedAction,
};
use crate::report::digest::BoundTo;
use crate::report::{PlanReport, StateInfo, sentences, words};

/// The changes that would make the live organization match the manifest.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Plan of Trunkline", rename = "Plan")]
pub(in crate::report) struct PlanDoc<'a> {
    /// The version of this format.
    #[schemars(schema_with = "schema::version")]
    pub format_version: u32,
    /// The label of the organization.
    pub organization: &'a str,
    /// The digest of `actions` and `bound_to`: the same changes for the same inputs have the same digest.
    #[schemars(schema_with = "schema::sha256")]
    pub digest: String,
    /// The inputs that the plan is bound to.
    pub bound_to: &'a BoundTo,
    /// Counts of actions, findings and entries.
    pub summary: PlanSummary,
    /// The live side and the state that the plan was made from.
    pub inventory: InventoryDoc<'a>,
    /// The safety limits that apply to the plan.
    pub guards: Vec<GuardDoc>,
    /// The actions in the order of execution. Each is one request.
    pub actions: Vec<ActionDoc<'a>>,
    /// Differences that no request can resolve, and notices.
    pub findings: Vec<FindingDoc<'a>>,
    /// The canonical text of the manifest. This field and the ones after it are only in saved plans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// The time at which the plan was saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub created_at: Option<String>,
    /// The time from which the plan is no longer applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub expires_at: Option<String>,
    /// The path of the state's file from the folder of this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_path: Option<String>,
    /// The digest of all bytes before it: a modified file is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::sha256")]
    pub seal: Option<String>,
}

/// Counts of actions, findings and entries.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(in crate::report) struct PlanSummary {
    /// Accounts to create.
    pub create: usize,
    /// Fields to change, including channel limits.
    pub update: usize,
    /// Accounts to enable.
    pub enable: usize,
    /// Accounts to disable, including those that the plan creates.
    pub disable: usize,
    /// Users to remove.
    pub remove: usize,
    /// Findings of any level.
    pub findings: usize,
    /// Actions that a rule removed from the plan; a finding names the rule.
    pub withheld: usize,
    /// Unlisted accounts and users that the policy ignores.
    pub ignored: usize,
    /// Entries of the manifest that need no action, and unlisted accounts that the policy accepts as they are.
    pub in_sync: usize,
    /// Actions that take away something that exists now.
    pub destructive: usize,
    /// Actions that `--target` or `--only` did not select. Absent if there are none.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub unchosen: usize,
    /// Findings that `--target` or `--only` did not select. Absent if there are none.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub unchosen_findings: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The live side and the state that a plan was made from.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Inventory")]
pub(in crate::report) struct InventoryDoc<'a> {
    /// True if everything was read.
    pub complete: bool,
    /// Accounts that are not cancelled.
    pub accounts: usize,
    /// Users of the organization; null if they are not managed.
    pub users: Option<usize>,
    /// True if the status of every account is known.
    pub status_known: bool,
    /// The result of comparing the recorded channel limits with the pool.
    #[schemars(schema_with = "schema::channels")]
    pub channels: &'static str,
    /// The state that the plan was made with.
    pub state: StateDoc<'a>,
}

/// The state that a plan was made with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "State")]
pub(in crate::report) struct StateDoc<'a> {
    /// The place of the state.
    pub location: &'a str,
    /// True if no run has written the state yet.
    pub new: bool,
}

/// A safety limit, and what the plan uses of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Guard")]
pub(in crate::report) struct GuardDoc {
    /// The name in the manifest.
    #[schemars(schema_with = "schema::guard")]
    pub guard: &'static str,
    /// The number that the plan changes.
    pub actual: u64,
    /// The number that it may change.
    pub limit: u64,
    /// The number that there are.
    pub of: u64,
    /// True if the limit is exceeded, so that an apply is refused.
    pub refused: bool,
}

/// One request.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Action")]
pub(in crate::report) struct ActionDoc<'a> {
    /// The name of the action.
    #[schemars(schema_with = "schema::action")]
    pub action: &'static str,
    /// The kind of object that the action changes.
    #[schemars(schema_with = "schema::kind")]
    pub kind: &'static str,
    /// The email of the account or user.
    pub email: &'a str,
    /// The id of the account or user; null before it is created.
    pub id: Option<&'a str>,
    /// The changes, field by field.
    pub changes: Vec<FieldChangeDoc>,
    /// True if the action takes away something that exists now.
    pub destructive: bool,
    /// The answer to whether a later action can restore the previous value.
    #[schemars(schema_with = "schema::reversible")]
    pub reversible: &'static str,
    /// The rule that the action follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::reason")]
    pub reason: Option<&'static str>,
    /// The origin of the difference: this change, or an earlier one; null without `--base`.
    #[schemars(schema_with = "schema::origin")]
    pub origin: Option<&'static str>,
}

/// The change of one field.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FieldChange")]
pub(in crate::report) struct FieldChangeDoc {
    /// The name of the field in the manifest.
    pub field: &'static str,
    /// The live value; null if there is none or it is unknown.
    pub before: Option<ValueDoc>,
    /// False if `before` is unknown; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_known: Option<bool>,
    /// The desired value.
    pub after: ValueDoc,
}

/// The value of a field.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Value")]
pub(in crate::report) enum ValueDoc {
    Bool(bool),
    Number(u64),
    Text(String),
}

/// A fact for a person, which no request can change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub(in crate::report) struct FindingDoc<'a> {
    /// The finding code.
    #[schemars(schema_with = "schema::code")]
    pub code: &'static str,
    /// `drift` if the organization differs from the manifest, else `notice`.
    #[schemars(schema_with = "schema::level")]
    pub level: &'static str,
    /// The kind of object that the finding is about.
    #[schemars(schema_with = "schema::kind")]
    pub kind: &'static str,
    /// The email of the account or user; null if the finding is about the organization.
    pub email: Option<&'a str>,
    /// The sentence for people.
    pub message: String,
    /// The origin of the finding; absent without `--base`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::origin")]
    pub origin: Option<&'static str>,
}

impl<'a> PlanDoc<'a> {
    /// A document with these findings: those of the plan, or those of a saved file.
    pub(in crate::report) fn new(report: PlanReport<'a>, findings: Vec<FindingDoc<'a>>) -> Self {
        let PlanReport { organization, bound_to, plan, state } = report;
        let Plan {
            actions: _,
            findings: _,
            guards,
            in_sync: _,
            withheld: _,
            ignored: _,
            unchosen: _,
            unchosen_findings: _,
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
                state: state.into(),
            },
            guards: guards.iter().map(GuardDoc::from).collect(),
            actions: plan.actions.iter().map(ActionDoc::planned).collect(),
            findings,
            manifest: None,
            created_at: None,
            expires_at: None,
            state_path: None,
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
            unchosen_findings: plan.unchosen_findings,
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
            changes: action.changes().into_iter().map(FieldChangeDoc::from).collect(),
            destructive: action.is_destructive(),
            reversible: words::reversible(action.reversible()),
            reason: None,
            origin: None,
        }
    }
}

impl<'a> ActionDoc<'a> {
    /// An action with its reason and origin.
    pub(super) fn planned(planned: &'a PlannedAction) -> Self {
        let PlannedAction { action, reason, origin } = planned;
        Self {
            reason: Some(words::reason(*reason)),
            origin: origin.map(words::origin),
            ..action.into()
        }
    }
}

impl From<FieldChange> for FieldChangeDoc {
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

impl<'a> From<&'a StateInfo> for StateDoc<'a> {
    fn from(state: &'a StateInfo) -> Self {
        let StateInfo { location, new, option: _, manifest: _, selection: _, path_from_plan: _ } =
            state;
        Self { location, new: *new }
    }
}

impl<'a> FindingDoc<'a> {
    pub(in crate::report) fn new(finding: &'a Finding, state: &StateInfo) -> Self {
        Self {
            code: finding.code().name(),
            level: words::level(finding.level()),
            kind: words::subject(finding.subject()),
            email: finding.email().map(crate::model::Email::as_str),
            message: sentences::finding(finding, state),
            origin: finding.origin.map(words::origin),
        }
    }
}
