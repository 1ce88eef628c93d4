//! The three numbers of GitLab's Terraform widget (`artifacts:reports:terraform`).

use super::Report;

/// What is created, changed and taken away: each action counts once, and every loss as a delete.
pub(super) fn terraform(report: Report<'_>) -> String {
    let delete = report.plan.destructive();
    let create = report.plan.requested().filter(|action| action.is_create()).count();
    let update = report.plan.actions.len() - delete - create;
    format!("{{\"create\":{create},\"update\":{update},\"delete\":{delete}}}\n")
}
