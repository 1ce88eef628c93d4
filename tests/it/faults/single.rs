//! One fault, at every call of an apply in turn: once, and at every attempt of that call.

use tokio::runtime::Handle;

use super::fault::{ALL, Fault, Script};
use super::figures::Figures;
use super::oracle::Person;
use super::run::{RunOptions, Site};
use super::world::World;

/// A fault and the call that it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    number: usize,
    fault: Fault,
    stubborn: bool,
}

/// All cases of a world: of every fault, those calls that it fits.
pub(super) fn cases(world: &World, server: &Handle) -> Vec<Case> {
    let site = Site::open(world.clone(), server);
    site.checked_run(Script::Honest, RunOptions::PATIENT);
    let calls = site.api().run.seen.clone();
    let mut cases = Vec::new();
    for (place, call) in calls.iter().enumerate() {
        for fault in ALL.into_iter().filter(|fault| fault.fits(call)) {
            // Without Retry-After the client waits for seconds.
            let long = fault == Fault::RateLimited;
            for stubborn in [false, true] {
                if !long || (!stubborn && call.op.is_change()) {
                    cases.push(Case { number: place + 1, fault, stubborn });
                }
            }
        }
    }
    // Those that wait first: the others fill the time.
    cases.sort_by_key(|case| !case.fault.is_slow());
    cases
}

pub(super) fn run(world: &World, case: Case, person: Person, server: &Handle) -> Figures {
    let Case { number, fault, stubborn } = case;
    let site = Site::open(world.clone(), server);
    let options = if fault.is_slow() { RunOptions::HASTY } else { RunOptions::PATIENT };
    let script = Script::Once { number, fault, stubborn };
    site.checked_run(script, options);
    site.converge(person);
    site.figures()
}
