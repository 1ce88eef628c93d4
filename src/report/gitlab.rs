//! The three numbers of GitLab's Terraform widget (`artifacts:reports:terraform`).

use super::Report;
use crate::plan::Action;

/// What is created, changed and taken away: each action counts once, and every loss as a delete.
pub(super) fn terraform(report: Report<'_>) -> String {
    let actions = &report.plan.actions;
    let delete = report.plan.destructive();
    let create = actions.iter().filter(|action| Action::is_create(action)).count();
    let update = actions.len() - delete - create;
    format!("{{\"create\":{create},\"update\":{update},\"delete\":{delete}}}\n")
}
