//! Faults and crashes: the real client, reader, planner, executor and state (in a file) against an API that
//! loses, delays, cuts and refuses, and a book behind it that knows what is really there.
//!
//! - [`crashes`]: applies of one to six actions that die at every point, and at every pair of points;
//! - [`single`]: one fault of every kind, at every call of an apply;
//! - [`random`]: many faults and crashes at once, at random, with more actions and several calls at a time.
//!
//! `TRUNKLINE_SCHEDULES=1500 cargo test --test it faults:: -- --nocapture` throws the dice that often, lets
//! applies die three times and those of few accounts any number of times, and prints the figures. What fails says its
//! seed and what was done to it; `TRUNKLINE_SEED=…` is that schedule again, and prints it.
//!
//! A fault hits a call by who it is (the run, the operation, whose, the how-manieth attempt), not by when
//! it comes in, so a seed means the same with several calls at once; in which order those come in is the machine's
//! to say. Nothing waits for a clock to be right: an answer that comes too late for a busy machine is one more
//! fault, and what is done late is done after a later call, not after a time.
//!
//! The [`oracle`] holds after every run, dead or not: one entry never has two accounts, no create is sent twice
//! unless a person has settled it, each is recorded as sent before it leaves, and looked for when its answer is
//! lost; nothing is sent that was not planned and wished for, nothing is lost or created from an incomplete
//! inventory, and each account or user is read again just before a destructive action; every action has one outcome, and
//! each outcome is true; the state claims nothing that did not happen. In the end everything is as the manifest
//! says, or is reported; what is reported is settled as `state resolve` does it, by a person who checks the book. [`figures`] counts
//! what was injected and which recoveries back were taken: one that no schedule takes fails the suite.

mod api;
mod book;
mod call;
mod crashes;
mod fault;
mod figures;
mod oracle;
mod random;
mod run;
mod single;
mod world;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};

use book::ApiBehavior;
use crashes::Explored;
use figures::{Figures, Recovery};
use oracle::Person;
use world::Task::{
    Assert, Create, CreateDisabled, CreateLimited, Disable, Enable, InSync, Lower, Raise, Remove,
    Withdraw,
};
use world::World;

/// So many random schedules without a wish for more.
const DEFAULT_SCHEDULES: u64 = 60;
/// Seeds that have found a fault once.
const REGRESSIONS: [u64; 1] = [17_634_630_444_708_069_287];
/// Most of a schedule is waiting for answers that never come, so more are under way than there are cores.
const CONCURRENT: usize = 16;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The runtime of the servers: no crash reaches it.
fn servers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs all of these, some at once. What fails says which it was.
fn all<T: Sync, R: Send>(
    at_once: usize,
    cases: &[T],
    name: impl Fn(&T) -> String + Sync,
    run: impl Fn(&T, &Handle) -> R + Sync,
) -> Vec<R> {
    let servers = servers();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let worker = || {
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                match catch_unwind(AssertUnwindSafe(|| run(case, servers.handle()))) {
                    Ok(result) => done.lock().unwrap().push(result),
                    Err(panic) => {
                        // Nothing new is begun.
                        next.store(cases.len(), Ordering::Relaxed);
                        say(&format!("this failed: {}", name(case)));
                        resume_unwind(panic);
                    }
                }
            }
        };
        for _ in 0..at_once {
            scope.spawn(worker);
        }
    });
    done.into_inner().unwrap()
}

fn say(text: &str) {
    writeln!(std::io::stdout(), "{text}").unwrap();
}

/// Applies of one to six actions: creates alone, creates with what follows, and everything mixed.
fn applies() -> Vec<World> {
    let kinds = [
        vec![Create; 6],
        vec![CreateLimited, CreateLimited, CreateLimited],
        vec![Remove, Lower, Create, Enable, Disable, Assert],
        vec![CreateLimited, Raise, Remove, CreateDisabled],
        vec![CreateDisabled, Withdraw, Create, Assert, Disable],
    ];
    let mut worlds = Vec::new();
    for (tasks, most) in
        kinds.iter().flat_map(|kind| (1..=kind.len()).map(move |most| (kind, most)))
    {
        let refuses_taken = worlds.len() % 2 == 0;
        worlds.push(World::new(&tasks[..most], ApiBehavior { refuses_taken, lists_late: 0 }));
    }
    worlds.push(World::new(&[CreateLimited], ApiBehavior { refuses_taken: false, lists_late: 2 }));
    // The largest first: the small ones fill the end.
    worlds.sort_by_key(|world| std::cmp::Reverse(world.expected.len()));
    worlds
}

#[test]
fn promise_3_and_promise_4_and_promise_9_hold_for_every_crash_point_and_every_pair_of_them() {
    // With TRUNKLINE_SCHEDULES: any number of crashes where there are few actions, and three elsewhere.
    let has_time = number("TRUNKLINE_SCHEDULES").is_some();
    let most = |world: &World| match (has_time, world.expected.len() + world.leavers.len()) {
        (false, _) => 2,
        (true, ..=3) => usize::MAX,
        (true, _) => 3,
    };
    let explored = all(
        4,
        &applies(),
        |world| format!("crashes of {}", world.name),
        |world, server| crashes::explore(world.clone(), most(world), server),
    );
    let figures = Figures::of(explored.iter().map(|one| &one.figures));
    let sum = |part: fn(&Explored) -> usize| explored.iter().map(part).sum::<usize>();
    say(&format!(
        "crashes at every point: {figures}; {} states of state and book, {} pairs of crash points",
        sum(|one| one.states),
        sum(|one| one.pairs),
    ));
    assert_eq!(figures.duplicates, 0);
    for recovery in
        [Recovery::AdoptedFromInventory, Recovery::SettledByRetry, Recovery::AssertedAgain]
    {
        assert!(figures.recoveries.contains_key(&recovery), "no schedule has reached {recovery:?}");
    }
}

#[test]
fn promise_3_and_promise_4_and_promise_5_and_promise_9_hold_for_every_fault_at_every_call() {
    let servers = servers();
    let worlds = [
        (vec![Remove, Lower, CreateLimited, Enable, Disable, InSync], true, 0, Person::Adopts),
        (vec![CreateDisabled, Withdraw, Assert, Create, InSync], false, 3, Person::Waits),
        (vec![CreateLimited], false, 6, Person::Adopts),
    ];
    let mut cases = Vec::new();
    for (tasks, refuses_taken, lists_late, person) in worlds {
        let world = World::new(&tasks, ApiBehavior { refuses_taken, lists_late });
        let of = single::cases(&world, servers.handle());
        cases.extend(of.into_iter().map(|case| (world.clone(), case, person)));
    }
    let figures = all(
        CONCURRENT,
        &cases,
        |(world, case, _)| format!("{case:?} in {}", world.name),
        |(world, case, person), server| single::run(world, *case, *person, server),
    );
    let figures = Figures::of(&figures);
    say(&format!("every fault at every call: {figures}"));
    say(&figures.details());
    assert_eq!(figures.duplicates, 0);
    assert_eq!(figures.unreached(), Vec::<String>::new(), "no schedule has reached these");
}

#[test]
fn promise_3_and_promise_4_and_promise_5_and_promise_9_hold_for_random_schedules() {
    let seeds: Vec<u64> = match (number("TRUNKLINE_SEED"), number("TRUNKLINE_SCHEDULES")) {
        (Some(seed), _) => vec![seed],
        (None, count) => {
            let random = (0..count.unwrap_or(DEFAULT_SCHEDULES)).map(|_| fastrand::u64(..));
            REGRESSIONS.into_iter().chain(random).collect()
        }
    };
    let name = |seed: &u64| format!("TRUNKLINE_SEED={seed}");
    // One alone is looked at.
    let shown = seeds.len() == 1;
    let figures = all(CONCURRENT, &seeds, name, |seed, server| random::run(*seed, shown, server));
    let figures = Figures::of(&figures);
    say(&format!("random schedules: {figures}"));
    say(&figures.details());
    assert_eq!(figures.duplicates, 0);
}
