//! The API of a schedule: it answers from the book, does to calls what the script says, and judges each
//! request as it comes in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use super::book::{Organization, View};
use super::call::{Call, Op};
use super::fault::{Fault, Moment, Script, Seen};
use super::figures::{Figures, Recovery};
use super::world::World;
use crate::support::server::{self, Reply};

/// More calls than this no run needs: one that makes more would never end.
const MANY: usize = 3000;
/// The time until an answer must be on disk, even on a busy machine.
const ON_DISK: Duration = Duration::from_secs(10);

/// Everything that outlives a run.
pub(super) struct Api {
    pub world: World,
    pub book: Organization,
    pub run: Run,
    /// The path of the state file.
    pub state: PathBuf,
    /// The operations planned from a complete inventory, and from any inventory, with their subjects.
    pub planned: BTreeSet<(Op, String)>,
    /// Changes that take effect after one more call, or at the next inspection.
    late: Vec<Call>,
    /// Violations by the program.
    pub wrong: Vec<String>,
    /// A log of calls and faults, for a person who investigates.
    pub log: Vec<String>,
    pub figures: Figures,
}

/// The data of one run.
pub(super) struct Run {
    pub number: usize,
    pub script: Script,
    /// The calls that came in, in their order.
    pub seen: Vec<Call>,
    attempts: BTreeMap<String, usize>,
    struck: BTreeSet<String>,
    /// The changes that arrived, with their subjects.
    pub changes: BTreeSet<(Op, String)>,
    /// The planned destructive operations.
    pub destructive: BTreeSet<(Op, String)>,
    /// The subjects that were read again.
    reread: BTreeSet<String>,
    /// The subjects of earlier changes that took effect during the run.
    pub landed: BTreeSet<String>,
    /// The creates whose answer was not given whole.
    pub lost: BTreeSet<String>,
    /// The accounts whose limit change was never answered.
    pub limits_lost: BTreeSet<String>,
    /// True if the state could not be written from some call on.
    pub state_fails: bool,
    died: watch::Sender<bool>,
    /// The versions on disk since the last awaited write, if the run is watched.
    pub versions: Option<Vec<Vec<u8>>>,
    /// True if something was answered that has to be noted.
    note_due: bool,
}

impl Run {
    pub(super) fn new(number: usize, script: Script) -> Self {
        Self {
            number,
            script,
            seen: Vec::new(),
            attempts: BTreeMap::new(),
            struck: BTreeSet::new(),
            changes: BTreeSet::new(),
            destructive: BTreeSet::new(),
            reread: BTreeSet::new(),
            landed: BTreeSet::new(),
            lost: BTreeSet::new(),
            limits_lost: BTreeSet::new(),
            state_fails: false,
            died: watch::Sender::new(false),
            versions: None,
            note_due: false,
        }
    }

    /// Turns true when the run is to die.
    pub(super) fn death(&self) -> watch::Receiver<bool> {
        self.died.subscribe()
    }
}

impl Api {
    pub(super) fn new(world: World, state: PathBuf) -> Self {
        Self {
            book: world.book.clone(),
            world,
            run: Run::new(0, Script::Honest),
            state,
            planned: BTreeSet::new(),
            late: Vec::new(),
            wrong: Vec::new(),
            log: Vec::new(),
            figures: Figures::default(),
        }
    }

    pub(super) fn answer(api: &Arc<Mutex<Self>>, request: &server::Seen) -> Reply {
        let call = Call::of(request);
        let mut api = api.lock().unwrap();
        let before = std::mem::take(&mut api.late);
        let reply = api.handle(&call);
        // Earlier delayed changes take effect now.
        for call in &before {
            api.land(call);
        }
        reply
    }

    fn handle(&mut self, call: &Call) -> Reply {
        self.figures.calls += 1;
        self.run.seen.push(call.clone());
        let attempt = self.run.attempts.entry(call.to_string()).or_default();
        *attempt += 1;
        let seen = Seen { call, number: self.run.seen.len(), attempt: *attempt };
        let death = self.run.script.death(&seen);
        let fault = self.run.script.fault(&seen, &mut self.run.struck);
        let attempt = seen.attempt;
        self.look_at_the_state();
        self.judge(call, attempt);
        if self.run.seen.len() > MANY {
            self.wrong.push(format!("{call}, again and again: the run does not end"));
            return self.die(call, Moment::Before);
        }
        if death == Some(Moment::Before) {
            return self.die(call, Moment::Before);
        }
        if matches!(call.op, Op::User | Op::Account)
            && matches!(fault, None | Some(Fault::Meanwhile | Fault::StateFails))
        {
            self.run.reread.insert(call.subject.clone());
        }
        let reply = if let Some(fault) = fault {
            self.figures.fault(fault);
            self.log.push(format!("run {}: {call} #{attempt}: {fault:?}", self.run.number));
            self.strike(call, fault)
        } else {
            self.run.note_due = matches!(call.op, Op::Create | Op::Limit);
            if call.op == Op::Limit {
                self.run.limits_lost.remove(&call.subject);
            }
            self.perform(call, View::True)
        };
        match death {
            None | Some(Moment::Before) => reply,
            Some(Moment::After) => self.die(call, Moment::After),
            Some(Moment::Answered(micros)) => {
                self.log
                    .push(format!("run {}: {call} #{attempt}: dies soon after", self.run.number));
                let died = self.run.died.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_micros(micros)).await;
                    died.send_replace(true);
                });
                reply
            }
        }
    }

    fn die(&mut self, call: &Call, moment: Moment) -> Reply {
        self.log.push(format!("run {}: {call}: dies {moment:?}", self.run.number));
        self.run.died.send_replace(true);
        Reply::silence()
    }

    /// Does what is asked for, as far as it is not refused.
    fn perform(&mut self, call: &Call, view: View) -> Reply {
        let there = self.book.of_email(&call.subject).is_some();
        let reply = self.book.answer(call, view);
        if call.op == Op::Create {
            if there && self.book.behavior.refuses_taken {
                self.book.sent.remove(&call.subject);
                self.figures.recovery(Recovery::RefusedAsTaken);
            } else {
                self.figures.creates += 1;
            }
            if self.book.ours(&call.subject) > 1 {
                self.wrong.push(format!("{}: two accounts", call.subject));
            }
        }
        reply
    }

    fn strike(&mut self, call: &Call, fault: Fault) -> Reply {
        self.run.note_due = false;
        let lost = |api: &mut Self| {
            if call.op == Op::Create {
                // Even if it was refused: the answer never arrived.
                api.book.sent.insert(call.subject.clone());
                api.run.lost.insert(call.subject.clone());
            }
            if call.op == Op::Limit {
                api.run.limits_lost.insert(call.subject.clone());
            }
        };
        match fault {
            Fault::RequestLost => {
                lost(self);
                Reply::reset()
            }
            Fault::PageInstead => {
                lost(self);
                Reply::html(503)
            }
            Fault::DoneLate => {
                lost(self);
                self.late.push(call.clone());
                Reply::silence()
            }
            Fault::RateLimitedWithTime | Fault::RateLimited => {
                self.book.sent.remove(&call.subject);
                let body = r#"{"errors":[{"code":"10011","title":"Too many requests"}]}"#;
                match fault {
                    Fault::RateLimitedWithTime => Reply::too_many("0"),
                    _ => Reply::json(429, body),
                }
            }
            Fault::AnswerLost
            | Fault::Cut
            | Fault::NeverAnswered
            | Fault::PageAfter
            | Fault::Garbage => {
                let reply = self.perform(call, View::True);
                lost(self);
                match fault {
                    Fault::AnswerLost => Reply::reset(),
                    Fault::Cut => reply.cut(),
                    Fault::NeverAnswered => Reply::silence(),
                    Fault::PageAfter => Reply::html(502),
                    _ => Reply::json(200, r#"{"data": [{"id": 7, "email": nul"#),
                }
            }
            Fault::OneLess => self.perform(call, View::OneLess),
            Fault::OneMore => self.perform(call, View::OneMore),
            Fault::Unfiltered => self.perform(call, View::Unfiltered),
            Fault::Meanwhile => {
                self.book.meanwhile(call);
                self.perform(call, View::True)
            }
            Fault::StateFails => {
                // The path of the temporary file.
                drop(fs::create_dir(self.in_the_way()));
                self.run.state_fails = true;
                self.perform(call, View::True)
            }
        }
    }

    /// A folder in the way of the state's next version.
    pub(super) fn in_the_way(&self) -> PathBuf {
        self.state.with_file_name(".shop.json.new")
    }

    /// Applies the changes still in flight.
    pub(super) fn land_all(&mut self) {
        for call in std::mem::take(&mut self.late) {
            self.land(&call);
        }
    }

    fn land(&mut self, call: &Call) {
        let sent = self.book.sent.contains(&call.subject);
        self.run.landed.insert(self.book.email_of(call).to_owned());
        drop(self.perform(call, View::True));
        if sent {
            self.book.sent.insert(call.subject.clone());
        }
    }

    /// True if a request may come in at all.
    fn judge(&mut self, call: &Call, attempt: usize) {
        if !call.op.is_change() {
            return;
        }
        let email = self.book.email_of(call).to_owned();
        self.run.changes.insert((call.op, email.clone()));
        if !self.world.wishes_for(call, &email) {
            self.wrong.push(format!("{call} ({email}): the manifest does not ask for this change"));
        }
        if !self.planned.contains(&(call.op, email.clone())) {
            self.wrong.push(format!("{call} ({email}): no plan has that"));
        }
        if self.takes(call, &email) && !self.run.reread.contains(&call.subject) {
            self.wrong.push(format!("{call} ({email}) was not looked at again just before"));
        }
        if call.op != Op::Create {
            if attempt > 1 {
                self.figures.recovery(Recovery::SentAgain);
            }
            return;
        }
        if attempt > 1 {
            self.figures.recovery(Recovery::CreateSentAgain);
        }
        if !self.book.sent.insert(email.clone()) {
            self.wrong
                .push(format!("{email}: a create was sent again, and no person had settled it"));
        }
        let state = document(&fs::read(&self.state).unwrap_or_default());
        if creates(&state).get(&email).map(String::as_str) != Some("sending") {
            self.wrong.push(format!("{email}: a create was sent that is not recorded as sent"));
        }
    }

    /// True if a change is destructive for an account that this run did not create.
    fn takes(&self, call: &Call, email: &str) -> bool {
        // An unknown limit cannot be lowered knowingly.
        let takes = matches!(call.op, Op::Remove | Op::Disable)
            || self.run.destructive.contains(&(call.op, email.to_owned()));
        takes && !self.run.changes.contains(&(Op::Create, email.to_owned()))
    }

    /// Records the versions on disk. Waits for writes that the program does not await.
    pub(super) fn look_at_the_state(&mut self) {
        let due = std::mem::take(&mut self.run.note_due);
        let Some(versions) = &mut self.run.versions else { return };
        let read = || fs::read(&self.state).unwrap_or_default();
        let (mut now, begun) = (read(), Instant::now());
        while due && versions.last() == Some(&now) {
            if begun.elapsed() > ON_DISK {
                self.wrong.push("what was answered is not in the state".to_owned());
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
            now = read();
        }
        if versions.last() == Some(&now) {
            return;
        }
        if !versions.last().is_some_and(|last| is_only_noted(last, &now)) {
            versions.clear();
        }
        versions.push(now);
    }
}

/// The state file as JSON, parsed without the program's code. Null if there is none.
pub(super) fn document(bytes: &[u8]) -> Value {
    if bytes.is_empty() { Value::Null } else { serde_json::from_slice(bytes).unwrap() }
}

/// The creates of a state file, each with its state.
fn creates(state: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = state["creates"].as_array().into_iter().flatten();
    all.map(|create| (text(&create["email"]), text(&create["state"]))).collect()
}

/// True if two versions differ only in records that the program does not await: answers to creates and limits.
fn is_only_noted(old: &[u8], new: &[u8]) -> bool {
    let (old, new) = (document(old), document(new));
    let (before, after) = (creates(&old), creates(&new));
    let noted = |email: &String| match (before.get(email), after.get(email)) {
        (Some(before), Some(after)) => {
            before == after || (before == "sending" && after == "acknowledged")
        }
        _ => false,
    };
    let limits = |state: &Value| {
        let all = state["accounts"].as_array().into_iter().flatten();
        let limited = all.filter(|account| !account["channel_limit"].is_null());
        limited.map(|account| account["id"].to_string()).collect::<BTreeSet<_>>()
    };
    before.keys().chain(after.keys()).all(noted)
        && limits(&old).is_subset(&limits(&new))
        && old["remainder"] == new["remainder"]
}
