//! Every crash point, and every pair of them.
//!
//! A crash leaves the state's file and the book, and nothing else; so two schedules that have left the same
//! of both are one from there on. Every state that a crash, a run or a person leaves is looked at once: a run
//! without a crash from there, and one that dies at each of its calls. With a number of crashes that is
//! smaller than `most` behind it a state is the beginning of all schedules with one crash more.
//!
//! Why the calls are points enough. One call comes in after the other here, and between two of them there is
//! at most one write of the state, which replaces the file at once. So a run that dies leaves the book
//! as it was before or after a call, and the state as it was before or after the write that follows it:
//!
//! - *before* a call is done: the write that follows the call before it is on disk (it is waited for here);
//! - *after* it is done: the write that follows it is not, as the answer was never given. That is what is left, too,
//!   when a run dies between the answer and its write;
//! - what was answered is noted without anybody waiting for it, so any number of the last notes may be missing:
//!   every version since the last write that was waited for is put back, with the same book.
//!
//! A read changes nothing, unless lists lag behind, so it is one point and not two. And as long as a run takes the
//! inventory it leaves everything as it was: all these points are tried at the beginning, and one of them later. What a process leaves beside
//! that is killed while it writes, the half of a new version under another name, is always there.

use std::collections::{BTreeMap, VecDeque};
use std::fs;

use serde_json::Value;
use tokio::runtime::Handle;

use super::api::document;
use super::book::Organization;
use super::fault::{Moment, Script};
use super::figures::Figures;
use super::oracle::Person;
use super::run::{RunOptions, Site};
use super::world::World;

/// So many runs without a crash bring every state to rest.
const MAX_RUNS: usize = 12;

/// The state and the organization after a schedule.
#[derive(Clone)]
struct State {
    file: Vec<u8>,
    book: Organization,
    crashes: usize,
    /// The number of runs since the last crash.
    steps: usize,
    /// The history of runs and crashes.
    story: Vec<String>,
}

const WATCHED: RunOptions = RunOptions { watched: true, ..RunOptions::PATIENT };

/// The statistics of an exploration.
#[derive(Clone, Debug, Default)]
pub(super) struct Explored {
    pub states: usize,
    /// For so many schedules of two crashes they stand: each point before, with each point after it.
    pub pairs: usize,
    pub figures: Figures,
}

/// A state that was looked at.
struct Known {
    /// The number of crash points of a run from here.
    points: usize,
    /// The result of a run without a crash, or of a person. `None` at the end.
    next: Option<Key>,
}

/// Explores all schedules of so many crashes at most.
pub(super) fn explore(world: World, most: usize, server: &Handle) -> Explored {
    let site = Site::open(world, server);
    let mut known: BTreeMap<Key, Known> = BTreeMap::new();
    let (mut deaths, mut persons, mut first) = (0, 0, Vec::new());
    let mut open = VecDeque::from([site.explored(0, 0, Vec::new())]);
    while let Some(state) = open.pop_front() {
        let key = key(&state);
        if known.contains_key(&key) {
            continue;
        }
        assert!(state.steps <= MAX_RUNS, "it does not come to rest: {:#?}", state.story);
        let Undisturbed { next, points, settled } = site.undisturbed(&state);
        persons += usize::from(settled);
        let after = next.as_ref().map(self::key);
        known.insert(key, Known { points: points.len(), next: after });
        // Those of as many crashes first: so each state is met with as few as lead to it.
        if let Some(next) = next {
            open.push_front(next);
        }
        if state.crashes < most {
            for (number, moment) in tried(&state, points) {
                deaths += 1;
                let left = site.dies(&state, number, moment);
                if state.crashes == 0 {
                    first.extend(left.iter().map(self::key));
                }
                open.extend(left);
            }
        }
    }
    let api = site.api();
    let figures = Figures { schedules: deaths, persons, ..api.figures.clone() };
    Explored { states: known.len(), pairs: pairs(&known, &first), figures }
}

/// The points that are tried from a state: of those that leave everything as it was one, but at the beginning.
fn tried(state: &State, points: Vec<Point>) -> impl Iterator<Item = (usize, Moment)> {
    let all = state.crashes == 0;
    let inventory = points.iter().take_while(|point| point.looks).count();
    let skipped = if all { 0 } else { inventory.saturating_sub(1) };
    points.into_iter().skip(skipped).map(|Point { number, moment, looks: _ }| (number, moment))
}

/// The number of crash points after each of these states, up to the end.
fn pairs(known: &BTreeMap<Key, Known>, first: &[Key]) -> usize {
    let after = |key: &Key| {
        let way = std::iter::successors(known.get(key), |one| known.get(one.next.as_ref()?));
        way.map(|one| one.points).sum::<usize>()
    };
    first.iter().map(after).sum()
}

/// A crash point of a run.
#[derive(Clone, Copy, Debug)]
struct Point {
    number: usize,
    moment: Moment,
    /// True if it is a list that never changes anything.
    looks: bool,
}

/// The result of a run without a crash.
struct Undisturbed {
    /// The next state. `None` if the run had nothing to do.
    next: Option<State>,
    /// At which calls it could have died, and when.
    points: Vec<Point>,
    /// True if a person had to settle something.
    settled: bool,
}

impl Site {
    fn explored(&self, crashes: usize, steps: usize, story: Vec<String>) -> State {
        let api = self.api();
        let file = fs::read(&api.state).unwrap_or_default();
        State { file, book: api.book.clone(), crashes, steps, story }
    }

    fn restore(&self, state: &State) {
        let mut api = self.api();
        api.book = state.book.clone();
        api.log = state.story.clone();
        api.planned.clear();
        if state.file.is_empty() {
            drop(fs::remove_file(&api.state));
        } else {
            fs::write(&api.state, &state.file).unwrap();
        }
    }

    /// A run without a crash. A state at rest is looked at by a person, or is the end.
    fn undisturbed(&self, state: &State) -> Undisturbed {
        self.restore(state);
        let ran = self.checked_run(Script::Honest, WATCHED);
        let points = self.points();
        let then = |what: &str| [state.story.clone(), vec![what.to_owned()]].concat();
        let mut settled = false;
        let next = if !self.is_at_rest(&ran) || ran.before != ran.after {
            Some(self.explored(state.crashes, state.steps + 1, then("a run to its end")))
        } else if self.settle(&ran, Person::Adopts) {
            settled = true;
            Some(self.explored(state.crashes, 0, then("a person settles it")))
        } else {
            self.check_end(&ran);
            None
        };
        Undisturbed { next, points, settled }
    }

    /// The points of the run that just was.
    fn points(&self) -> Vec<Point> {
        let api = self.api();
        let mut points = Vec::new();
        for (number, call) in (1..).zip(&api.run.seen) {
            let late = api.book.behavior.lists_late > 0;
            let looks = !late && call.op.is_inventory();
            points.push(Point { number, moment: Moment::Before, looks });
            if call.op.is_change() || late {
                points.push(Point { number, moment: Moment::After, looks });
            }
        }
        points
    }

    /// A run that dies: all that it may leave.
    fn dies(&self, state: &State, number: usize, moment: Moment) -> Vec<State> {
        self.restore(state);
        self.leave_half_a_state();
        let ran = self.checked_run(Script::Dies(number, moment), WATCHED);
        assert!(ran.died, "the same run ended before: {:?} {:?}", ran.error, ran.outcomes);
        let versions = self.api().run.versions.clone().unwrap_or_default();
        let story = self.api().log.clone();
        let left = self.explored(state.crashes + 1, 0, story);
        assert_eq!(versions.last(), Some(&left.file), "a run that is dead has written");
        versions.into_iter().map(|file| State { file, ..left.clone() }).collect()
    }
}

/// The key of equal states.
type Key = (String, String);

/// The state but for its times, and the book.
fn key(state: &State) -> Key {
    let mut file = document(&state.file);
    if let Some(fields) = file.as_object_mut() {
        fields.remove("serial");
        fields.remove("check");
    }
    let creates = file.get_mut("creates").and_then(Value::as_array_mut);
    for create in creates.into_iter().flatten().filter_map(Value::as_object_mut) {
        create.remove("since");
    }
    (file.to_string(), format!("{:?}", state.book))
}
