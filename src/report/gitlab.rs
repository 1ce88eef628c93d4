//! The three numbers of GitLab's Terraform widget (`artifacts:reports:terraform`).

use super::PlanReport;

/// The counts of creates, updates and deletes. Each action counts once, and a destructive one as a delete.
pub(super) fn terraform(report: PlanReport<'_>) -> String {
    let delete = report.plan.destructive();
    let create = report.plan.requested().filter(|action| action.is_create()).count();
    let update = report.plan.actions.len() - delete - create;
    format!("{{\"create\":{create},\"update\":{update},\"delete\":{delete}}}\n")
}
