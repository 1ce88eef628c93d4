//! Schedules by dice: more actions, many faults and crashes at once, several calls at a time.

use std::time::Duration;

use tokio::runtime::Handle;

use super::book::Manners;
use super::fault::Script;
use super::figures::Figures;
use super::oracle::Person;
use super::run::{Manner, Site};
use super::world::{Piece, World};

const PIECES: [Piece; 14] = [
    Piece::Create,
    Piece::Create,
    Piece::CreateLimited,
    Piece::CreateLimited,
    Piece::CreateDisabled,
    Piece::Lower,
    Piece::Raise,
    Piece::Assert,
    Piece::Enable,
    Piece::Disable,
    Piece::Withdraw,
    Piece::Allow,
    Piece::Remove,
    Piece::InSync,
];

/// The schedule of a seed, and what was done to it if that is to be `shown`.
pub(super) fn run(seed: u64, shown: bool, server: &Handle) -> Figures {
    let mut dice = fastrand::Rng::with_seed(seed);
    let pieces: Vec<Piece> =
        (0..dice.usize(3..20)).map(|_| PIECES[dice.usize(..PIECES.len())]).collect();
    let manners = Manners { refuses_taken: dice.bool(), lists_late: [0, 0, 3, 9][dice.usize(..4)] };
    let person = if dice.bool() { Person::Adopts } else { Person::Waits };
    let site = Site::open(World::new(&pieces, manners), server);
    for run in 0..dice.usize(1..5) {
        let manner = Manner {
            parallelism: if dice.bool() { 1 } else { 4 },
            grace: Duration::from_millis([0, 0, 300][dice.usize(..3)]),
            ..Manner::HASTY
        };
        let (faults, crashes) = (dice.u64(..200), [0, 15, 30][dice.usize(..3)]);
        if dice.bool() {
            site.leave_half_a_state();
        }
        site.checked_run(Script::Dice { seed, run, faults, crashes }, manner);
    }
    site.converge(person);
    if shown {
        let api = site.api();
        super::say(&format!("{}\n  {}", api.world.name, api.log.join("\n  ")));
    }
    site.figures()
}
