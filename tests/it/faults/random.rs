//! Schedules at random: more actions, many faults and crashes at once, several calls at a time.

use std::time::Duration;

use tokio::runtime::Handle;

use super::book::ApiBehavior;
use super::fault::Script;
use super::figures::Figures;
use super::oracle::Person;
use super::run::{RunOptions, Site};
use super::world::{Task, World};

const TASKS: [Task; 14] = [
    Task::Create,
    Task::Create,
    Task::CreateLimited,
    Task::CreateLimited,
    Task::CreateDisabled,
    Task::Lower,
    Task::Raise,
    Task::Assert,
    Task::Enable,
    Task::Disable,
    Task::Withdraw,
    Task::Allow,
    Task::Remove,
    Task::InSync,
];

/// The schedule of a seed, and what was done to it if that is to be `shown`.
pub(super) fn run(seed: u64, shown: bool, server: &Handle) -> Figures {
    let mut dice = fastrand::Rng::with_seed(seed);
    let tasks: Vec<Task> =
        (0..dice.usize(3..20)).map(|_| TASKS[dice.usize(..TASKS.len())]).collect();
    let behavior =
        ApiBehavior { refuses_taken: dice.bool(), lists_late: [0, 0, 3, 9][dice.usize(..4)] };
    let person = if dice.bool() { Person::Adopts } else { Person::Waits };
    let site = Site::open(World::new(&tasks, behavior), server);
    for run in 0..dice.usize(1..5) {
        let options = RunOptions {
            parallelism: if dice.bool() { 1 } else { 4 },
            grace: Duration::from_millis([0, 0, 300][dice.usize(..3)]),
            ..RunOptions::HASTY
        };
        let (faults, crashes) = (dice.u64(..200), [0, 15, 30][dice.usize(..3)]);
        if dice.bool() {
            site.leave_half_a_state();
        }
        site.checked_run(Script::Random { seed, run, faults, crashes }, options);
    }
    site.converge(person);
    if shown {
        let api = site.api();
        super::say(&format!("{}\n  {}", api.world.name, api.log.join("\n  ")));
    }
    site.figures()
}
