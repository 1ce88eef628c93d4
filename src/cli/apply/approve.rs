//! Permission to send a plan: first its safety limits, then a question.

use super::prepare::Prepared;
use crate::cli::exit::Failure;
use crate::cli::signals::Signals;
use crate::cli::terminal;
use crate::plan::{ApprovalError, ApprovedNumbers, Lift, Plan};
use crate::report::guard_name;

/// The options that approve a plan.
#[derive(clap::Args, Debug, Default)]
pub(in crate::cli) struct Approval {
    /// Apply without asking
    #[arg(short = 'y', long)]
    auto_approve: bool,
    /// Lift the safety limits for a plan with exactly N destructive changes;
    /// this includes the limit on accounts enabled
    #[arg(long, value_name = "N", value_parser = exact)]
    approve_destructive: Option<usize>,
    /// Lift the limit on creates for a plan that creates exactly N accounts
    #[arg(long, value_name = "N", value_parser = exact)]
    approve_creates: Option<usize>,
}

/// Parses the number that an option approves.
fn exact(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected the exact number that the plan shows, such as 3".to_owned())
}

impl Approval {
    /// Holds the whole plan against its safety limits, before the first request.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), Failure> {
        let numbers = ApprovedNumbers {
            destructive: self.approve_destructive,
            creates: self.approve_creates,
        };
        numbers.check(plan).map_err(|error| match error {
            ApprovalError::Mismatch { lift, given, actual } => {
                let (option, [one, many]) = (option(lift), noun(lift));
                let noun = if actual == 1 { one } else { many };
                let why = format!(
                    "{option} {given} does not match the plan, which has {actual} {noun}; nothing was sent"
                );
                let hint = format!("Review the plan. If it is correct, use {option} {actual}.");
                Failure::refused(why, hint)
            }
            ApprovalError::Exceeded { guards, lifts } => {
                let exceeded = guards.iter().map(|guard| {
                    format!("{} ({}, limit {})", guard_name(guard.name), guard.actual, guard.limit)
                });
                let exceeded: Vec<String> = exceeded.collect();
                let lifts = lifts.iter().map(|(lift, actual)| format!("{} {actual}", option(*lift)));
                let lifts: Vec<String> = lifts.collect();
                let limits = if exceeded.len() == 1 { "a safety limit" } else { "safety limits" };
                let why = format!(
                    "the plan exceeds {limits}: {}; nothing was sent",
                    exceeded.join(", ")
                );
                let hint =
                    format!("Review the plan. To apply it anyway, add {}.", lifts.join(" "));
                Failure::refused(why, hint)
            }
        })
    }

    /// The options that a plan over its safety limits needs, each with its number.
    pub(in crate::cli) fn needed(plan: &Plan) -> Vec<String> {
        let lifts = match ApprovedNumbers::default().check(plan) {
            Err(ApprovalError::Exceeded { guards: _, lifts }) => lifts,
            Ok(()) | Err(ApprovalError::Mismatch { .. }) => return Vec::new(),
        };
        let words = |(lift, actual): (Lift, usize)| [option(lift).to_owned(), actual.to_string()];
        lifts.into_iter().flat_map(words).collect()
    }

    /// Returns true if the plan is put to a person as a question.
    pub(super) fn asks(&self, prepared: &Prepared) -> bool {
        !self.auto_approve && !prepared.todo.actions.is_empty() && terminal::can_ask()
    }

    /// Asks for approval, unless there is nothing to send or `--auto-approve` was given.
    pub(super) async fn obtain(
        &self,
        prepared: &Prepared,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
        if self.auto_approve || prepared.todo.actions.is_empty() {
            return Ok(());
        }
        if !self.asks(prepared) {
            let error = anyhow::Error::msg(
                "cannot ask for approval: stdin is not a terminal; nothing was sent",
            );
            return Err(Failure::new(
                error,
                "Review the plan, then re-run with --auto-approve. To apply exactly what was reviewed, use `trunkline plan --out FILE` and `trunkline apply --plan FILE --auto-approve`.",
            ));
        }
        let answered = signals.unless(terminal::ask(question(prepared))).await;
        if answered.is_err() {
            // The cursor still stands behind the question.
            terminal::say("");
        }
        if answered?? {
            return Ok(());
        }
        Err(anyhow::Error::msg("not approved; nothing was sent").into())
    }
}

fn question(prepared: &Prepared) -> String {
    let todo = &prepared.todo;
    let changes = todo.actions.len();
    let noun = if changes == 1 { "change" } else { "changes" };
    format!(
        "Apply {changes} {noun} ({} destructive) to {}?",
        todo.destructive(),
        prepared.planned.desired.organization
    )
}

fn option(lift: Lift) -> &'static str {
    match lift {
        Lift::Destructive => "--approve-destructive",
        Lift::Creates => "--approve-creates",
    }
}

fn noun(lift: Lift) -> [&'static str; 2] {
    match lift {
        Lift::Destructive => ["destructive change", "destructive changes"],
        Lift::Creates => ["account to create", "accounts to create"],
    }
}
