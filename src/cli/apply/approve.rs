//! Permission to send a plan: first its safety limits, then a question.

use super::prepare::Prepared;
use crate::cli::exit::Failure;
use crate::cli::signals::Signals;
use crate::cli::terminal;
use crate::plan::{Guard, GuardName, Plan};
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

/// One of the two options that lift safety limits, with what it counts.
struct Lift {
    option: &'static str,
    given: Option<usize>,
    actual: usize,
    noun: [&'static str; 2],
    limits: fn(GuardName) -> bool,
}

impl Lift {
    /// The safety limits of the plan that this option lifts and that are exceeded.
    fn exceeded<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a Guard> {
        plan.guards.iter().filter(|guard| guard.refused() && (self.limits)(guard.name))
    }
}

impl Approval {
    /// Holds the whole plan against its safety limits, before the first request.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), Failure> {
        let lifts = self.lifts(plan);
        for Lift { option, given, actual, noun: [one, many], .. } in &lifts {
            if let Some(given) = given
                && given != actual
            {
                let noun = if *actual == 1 { one } else { many };
                let why = format!(
                    "{option} {given} does not match the plan, which has {actual} {noun}; nothing was sent"
                );
                let hint = format!("Review the plan. If it is correct, use {option} {actual}.");
                return Err(Failure::refused(why, hint));
            }
        }
        let lifts = lifts.iter().filter(|lift| lift.given.is_none());
        let lifts: Vec<&Lift> = lifts.filter(|lift| lift.exceeded(plan).next().is_some()).collect();
        if lifts.is_empty() {
            return Ok(());
        }
        let exceeded = lifts.iter().flat_map(|lift| lift.exceeded(plan)).map(|guard| {
            format!("{} ({}, limit {})", guard_name(guard.name), guard.actual, guard.limit)
        });
        let exceeded: Vec<String> = exceeded.collect();
        let options: Vec<String> =
            lifts.iter().map(|lift| format!("{} {}", lift.option, lift.actual)).collect();
        let limits = if exceeded.len() == 1 { "a safety limit" } else { "safety limits" };
        let why = format!("the plan exceeds {limits}: {}; nothing was sent", exceeded.join(", "));
        let hint = format!("Review the plan. To apply it anyway, add {}.", options.join(" "));
        Err(Failure::refused(why, hint))
    }

    /// The options that a plan over its safety limits needs, each with its number.
    pub(in crate::cli) fn needed(plan: &Plan) -> Vec<String> {
        let lifts = Self::default().lifts(plan).into_iter();
        let lifts = lifts.filter(|lift| lift.exceeded(plan).next().is_some());
        lifts.flat_map(|lift| [lift.option.to_owned(), lift.actual.to_string()]).collect()
    }

    fn lifts(&self, plan: &Plan) -> [Lift; 2] {
        let creates = plan.requested().filter(|action| action.is_create()).count();
        [
            Lift {
                option: "--approve-destructive",
                given: self.approve_destructive,
                actual: plan.destructive(),
                noun: ["destructive change", "destructive changes"],
                limits: |name| !limits_creates(name),
            },
            Lift {
                option: "--approve-creates",
                given: self.approve_creates,
                actual: creates,
                noun: ["account to create", "accounts to create"],
                limits: limits_creates,
            },
        ]
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
            return Err(Failure::new(error, "Re-run with --auto-approve."));
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

fn limits_creates(name: GuardName) -> bool {
    match name {
        GuardName::MaxRemovals
        | GuardName::MaxDisables
        | GuardName::MaxEnables
        | GuardName::MaxChannelCut
        | GuardName::MaxPricingWithdrawals => false,
        GuardName::MaxCreates => true,
    }
}
