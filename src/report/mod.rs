//! Reports of plans and outcomes, for people and programs. Pure functions from values to text; saved plans are
//! also read back.

mod command;
mod compare;
mod csv;
mod diff;
mod digest;
mod env;
mod escape;
mod explain;
mod format;
mod github;
mod gitlab;
mod group;
mod import;
mod json;
mod manifest;
mod markdown;
mod origins;
mod outcomes;
mod problems;
mod review;
mod sarif;
mod saved;
mod sentences;
mod snapshot;
mod style;
mod table;
mod text;
mod words;
mod wrap;

pub use command::StateInfo;
pub use compare::{comparison as comparison_text, comparison_diff, text_diff};
pub use csv::csv;
pub use digest::{BoundTo, desired_digest};
pub use escape::{
    csv as escape_csv, json as escape_json, line as escape_line, lines as escape_lines,
};
pub use explain::{Topic, topic_list, topics, topics_markdown, topics_text};
pub use format::{PathBase, PlanContext, RenderOptions, ReportContent, ReportFormat, render};
pub use import::Import;
pub use json::{
    audit_line, comparison as comparison_json, digest, outcomes as outcomes_json, outcomes_schema,
    plan as plan_json, plan_schema, review_schema,
};
pub use markdown::review as review_markdown;
pub use outcomes::{outcome as outcome_text, outcomes as outcomes_text};
pub use problems::{problems, wrap_titles};
pub use review::{
    EarlierReview, EarlierReviewError, Review, ReviewInput, ReviewedManifest, csv as review_csv,
    table as review_table,
};
pub use saved::{
    LIFETIME, SavedPlan, SavedPlanError, UnsavablePlan, expiry, read as read_saved, write as save,
};
pub use sentences::{finding as finding_text, stable_finding as stable_finding_text};
pub use snapshot::Snapshot;
pub use style::Style;
pub use table::table;
pub use text::plan as plan_text;
pub use words::{
    action as action_name, because as reason_text, field as field_name, guard as guard_name,
    subject as subject_name,
};
pub use wrap::wrap;

use crate::plan::Plan;

/// A plan with the facts that every report states.
#[derive(Clone, Copy, Debug)]
pub struct PlanReport<'a> {
    /// The label of the organization.
    pub organization: &'a str,
    /// The inputs that the plan is bound to.
    pub bound_to: &'a BoundTo,
    /// The plan.
    pub plan: &'a Plan,
    /// The state that the plan was made with.
    pub state: &'a StateInfo,
}
