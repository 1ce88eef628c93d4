//! Plans and outcomes as people and programs read them. Pure: values in, text out; a saved plan also comes in again.

mod compare;
mod diff;
mod digest;
mod env;
mod escape;
mod form;
mod github;
mod gitlab;
mod group;
mod import;
mod json;
mod manifest;
mod markdown;
mod outcomes;
mod problems;
mod sarif;
mod saved;
mod sentences;
mod style;
mod table;
mod text;
mod words;

pub use compare::{comparison as comparison_text, comparison_diff};
pub use digest::{BoundTo, desired_digest};
pub use escape::{
    csv as escape_csv, json as escape_json, line as escape_line, lines as escape_lines,
};
pub use form::{Base, Form, Look, Matter, Scene, render};
pub use import::Import;
pub use json::{
    audit_line, comparison as comparison_json, digest, outcomes as outcomes_json, outcomes_schema,
    plan as plan_json, plan_schema,
};
pub use outcomes::{outcome as outcome_text, outcomes as outcomes_text};
pub use problems::problems;
pub use saved::{
    LIFETIME, Saved, Unreadable, Unsavable, expiry, read as read_saved, write as save,
};
pub use sentences::finding as finding_text;
pub use style::Style;
pub use table::table;
pub use text::plan as plan_text;
pub use words::{
    action as action_name, because as reason_text, field as field_name, guard as guard_name,
    subject as subject_name,
};

use crate::plan::Plan;

/// A plan, and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The label of the organization.
    pub organization: &'a str,
    /// What the plan was made for.
    pub bound_to: &'a BoundTo,
    /// The plan.
    pub plan: &'a Plan,
}
