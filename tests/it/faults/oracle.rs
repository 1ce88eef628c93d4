//! Checks after every run, and the end of a schedule: runs without faults, and a person who reads the live
//! organization.

mod facts;

use std::collections::BTreeSet;
use std::fs;

use trunkline::execute::{Ending, Outcome, SkipReason, Unrecorded};
use trunkline::model::{AccountId, Code, Create, Email, State, Status};
use trunkline::plan::{AccountTarget, Action, Channels, Finding, FindingKind};
use trunkline::state::StateChange;

use facts::{is_so, is_unresolved, was_looked_for};

use super::book::{self, By, Organization};
use super::call::{Call, Op, Which};
use super::fault::Script;
use super::figures::{Figures, Recovery};
use super::run::{RunOptions, RunResult, Site, op};

/// So many runs without faults bring everything to its end, whatever happened before.
const MAX_RUNS: usize = 16;

/// The way a person settles a create of unknown outcome whose account exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Person {
    /// Says at once which account it is.
    Adopts,
    /// Waits for a list to show it.
    Waits,
}

impl Site {
    /// A run, and everything that has to hold after it.
    pub(super) fn checked_run(&self, script: Script, options: RunOptions) -> RunResult {
        let ran = self.run(script, options);
        self.check(&ran, options);
        ran
    }

    pub(super) fn check(&self, ran: &RunResult, options: RunOptions) {
        self.check_inventory(ran);
        self.check_outcomes(ran, options);
        self.check_state(&ran.after);
        self.check_memory(ran);
        self.count(ran);
        let api = self.api();
        assert!(api.wrong.is_empty(), "{:#?}\nafter {:#?}\n{}", api.wrong, api.log, api.world.name);
    }

    pub(super) fn figures(&self) -> Figures {
        self.api().figures.clone()
    }

    fn wrong(&self, what: String) {
        self.api().wrong.push(what);
    }

    /// A complete inventory has every account and user, and a known status is right.
    fn check_inventory(&self, ran: &RunResult) {
        let (Some(plan), Some(live)) = (&ran.plan, &ran.live) else { return };
        let book = self.api().book.clone();
        for one in book.accounts.iter().filter(|one| one.by == By::Before) {
            let shown = live.accounts.iter().find(|account| account.id.as_str() == one.id);
            let changed = {
                let run = &self.api().run;
                run.landed.contains(&one.email)
                    || run.changes.iter().any(|(_, email)| *email == one.email)
            };
            match shown {
                None if plan.inventory.complete && one.status != book::Status::Cancelled => {
                    self.wrong(format!("a complete inventory lacks {}", one.email));
                }
                Some(account) if !changed => {
                    let status = match one.status {
                        book::Status::Enabled => Status::Enabled,
                        book::Status::Disabled => Status::Disabled,
                        book::Status::Cancelled => Status::Blocked,
                    };
                    if account.status.is_some_and(|said| said != status) {
                        self.wrong(format!(
                            "{}: the status is said to be {:?}",
                            one.email, account.status
                        ));
                    }
                }
                None | Some(_) => {}
            }
        }
        if plan.inventory.complete && live.accounts.iter().any(|one| one.id.as_str() == "passing") {
            self.wrong("a complete inventory has an account that was never there".to_owned());
        }
    }

    /// Every action has one outcome, in order, and none says what is not so.
    fn check_outcomes(&self, ran: &RunResult, options: RunOptions) {
        let (Some(plan), Some(outcomes)) = (&ran.plan, &ran.outcomes) else { return };
        let of: Vec<&Action> = outcomes.iter().map(|outcome| &outcome.action).collect();
        if of != plan.requested().collect::<Vec<_>>() || ran.told != outcomes.len() {
            self.wrong(format!(
                "{} outcomes, {} told, for {:#?}",
                of.len(),
                ran.told,
                plan.actions
            ));
        }
        let api = self.api();
        let (book, changes) = (api.book.clone(), api.run.changes.clone());
        let seen = api.run.seen.clone();
        drop(api);
        let created = |email: &str| {
            let of =
                |one: &&Outcome| one.action.is_create() && one.action.email().as_str() == email;
            outcomes.iter().find(of)?.created.as_deref()
        };
        for Outcome { action, ending, .. } in outcomes {
            let email = action.email().as_str();
            let is_so = |book: &Organization| is_so(book, action, created(email));
            let came_in = changes.contains(&(op(action), email.to_owned()));
            let lie = match ending {
                Ending::Done => !is_so(&book) || !came_in,
                Ending::Satisfied => !is_so(&book),
                // With several at once one of the run before may still have been on its way.
                Ending::Skipped(SkipReason::DependencyFailed) if !action.awaits_create() => true,
                Ending::Skipped(_) | Ending::Stale(_) => came_in && options.parallelism == 1,
                Ending::Failed(_) => op(action) == Op::Create && book.ours(email) > 0,
                Ending::Unknown(fault) => {
                    // Without a record of its result, a create stays recorded as sent.
                    let unrecorded = fault.unrecorded == Some(Unrecorded::Result)
                        && ran.after.creates.get(action.email()) == Some(&Create::Sending);
                    op(action) != Op::Create
                        || !(unrecorded || (came_in && was_looked_for(&seen, email)))
                }
            };
            if lie {
                self.wrong(format!("{ending:?} for {action:?}, and that is not so"));
            }
        }
    }

    /// The state never claims what did not happen, and knows of every create that may have.
    pub(super) fn check_state(&self, state: &State) {
        let book = self.api().book.clone();
        for (id, limit) in &state.limits {
            let account = book.account(id.as_str());
            if !account.is_some_and(|account| account.limits.contains(limit)) {
                self.wrong(format!("the state claims a limit of {limit} for {id}"));
            }
        }
        let acknowledged = state.creates.iter().filter_map(|(email, create)| match create {
            Create::Acknowledged(id) => Some((id, email)),
            Create::Intended | Create::Sending => None,
        });
        for (id, email) in acknowledged.chain(&state.emails) {
            if book.account(id.as_str()).is_none_or(|account| account.email != email.as_str()) {
                self.wrong(format!("the state claims that {id} is {email}"));
            }
        }
        let known: BTreeSet<&Email> = state.emails.values().collect();
        for email in book.sent.iter().map(Email::new) {
            let recorded = match state.creates.get(&email) {
                Some(Create::Sending | Create::Acknowledged(_)) => true,
                Some(Create::Intended) | None => known.contains(&email),
            };
            if !recorded {
                self.wrong(format!("{email} may have been created, and the state does not know"));
            }
        }
    }

    /// Checks what a run forgets. It must forget a limit whose change was never answered, and must not forget an
    /// account that an incomplete list lacks.
    fn check_memory(&self, ran: &RunResult) {
        let Some(plan) = &ran.plan else { return };
        let (lost, fails) = {
            let run = &self.api().run;
            (run.limits_lost.clone(), run.state_fails)
        };
        if ran.outcomes.is_some() && !fails {
            for id in ran.after.limits.keys().filter(|id| lost.contains(id.as_str())) {
                self.wrong(format!("the state claims to know the limit of {id}"));
            }
        }
        if !plan.inventory.complete {
            for id in ran.before.emails.keys().filter(|id| !ran.after.emails.contains_key(id)) {
                self.wrong(format!("{id} was forgotten after an incomplete inventory"));
            }
        }
    }

    /// Which recoveries the run has taken.
    fn count(&self, ran: &RunResult) {
        let mut api = self.api();
        let lost = api.run.lost.clone();
        let mut recoveries = Vec::new();
        let sending =
            |state: &State, email: &Email| state.creates.get(email) == Some(&Create::Sending);
        for email in ran.before.creates.keys().filter(|email| sending(&ran.before, email)) {
            if !ran.after.creates.contains_key(email)
                && ran.after.emails.values().any(|one| one == email)
            {
                recoveries.push(Recovery::AdoptedFromInventory);
            }
        }
        if ran.error.is_some() && ran.plan.is_none() {
            recoveries.push(Recovery::ReadFailed);
        }
        if let Some(plan) = &ran.plan {
            for finding in &plan.findings {
                recoveries.extend(match &finding.what {
                    FindingKind::UnresolvedCreate => Some(Recovery::ReportedUnresolved),
                    FindingKind::NotYetListed => Some(Recovery::WaitedForTheList),
                    FindingKind::AccountAmbiguous { .. } => Some(Recovery::ReportedAmbiguous),
                    FindingKind::StatusUnknown => Some(Recovery::StatusUnknown),
                    _ => None,
                });
            }
            if !plan.inventory.complete && plan.withheld > 0 {
                recoveries.push(Recovery::Withheld);
            }
            if plan.inventory.channels == Channels::Unverified && !ran.before.limits.is_empty() {
                recoveries.push(Recovery::AssertedAgain);
            }
        }
        for Outcome { action, ending, .. } in ran.outcomes.iter().flatten() {
            let create = op(action) == Op::Create;
            recoveries.extend(match ending {
                Ending::Done if create && lost.contains(action.email().as_str()) => {
                    Some(Recovery::LookedUpAndFound)
                }
                Ending::Done => None,
                Ending::Satisfied => Some(Recovery::Satisfied),
                Ending::Failed(fault) if fault.unrecorded == Some(Unrecorded::Intent) => {
                    Some(Recovery::NotSentUnrecorded)
                }
                Ending::Failed(_) => Some(Recovery::Failed),
                Ending::Stale(_) => Some(Recovery::Stale),
                Ending::Unknown(_) => Some(Recovery::LookedUpNotFound),
                Ending::Skipped(_) => Some(Recovery::Skipped),
            });
        }
        for recovery in recoveries {
            api.figures.recovery(recovery);
        }
    }

    /// Brings a schedule to its end, and says whether it needed a person.
    pub(super) fn converge(&self, person: Person) {
        self.api().land_all();
        let mut settled = false;
        for _ in 0..MAX_RUNS {
            let ran = self.checked_run(Script::Honest, RunOptions::PATIENT);
            let did = self.settle(&ran, person);
            settled |= did;
            if !did && self.is_at_rest(&ran) && !is_unresolved(&ran) {
                // It was the run that sends nothing more.
                self.check_end(&ran);
                let mut api = self.api();
                api.figures.schedules += 1;
                api.figures.persons += usize::from(settled);
                api.figures.duplicates += api.book.duplicates();
                return;
            }
        }
        let api = self.api();
        panic!("it does not come to an end: {:#?}\n{}", api.log, api.world.name);
    }

    /// True if a run had nothing to do, and no list still hides anybody from it.
    pub(super) fn is_at_rest(&self, ran: &RunResult) -> bool {
        assert_eq!(ran.error, None, "a run without faults fails");
        let plan = ran.plan.as_ref().unwrap();
        let nothing = plan.actions.is_empty();
        let api = self.api();
        assert!(
            !nothing || api.run.changes.is_empty(),
            "it had nothing to do: {:?}",
            api.run.changes
        );
        // Whoever is only waited for is shown by a later list.
        let waits = |finding: &Finding| finding.what == FindingKind::NotYetListed;
        let waits = plan.findings.iter().any(waits);
        // An incomplete inventory proves nothing about an account that it lacks.
        nothing && !waits && plan.inventory.complete
    }

    /// Settles what is of unknown outcome, as `state resolve` does for a person who has looked. Says whether
    /// anything was settled.
    pub(super) fn settle(&self, ran: &RunResult, person: Person) -> bool {
        let mut any = false;
        for finding in ran.plan.iter().flat_map(|plan| &plan.findings) {
            let (Some(email), FindingKind::UnresolvedCreate) = (finding.email(), &finding.what)
            else {
                continue;
            };
            let there = self.api().book.of_email(email.as_str()).cloned();
            match there {
                Some(account) if person == Person::Adopts => {
                    any = true;
                    self.api().figures.recovery(Recovery::SettledByAdoption);
                    let id = AccountId::new(account.id);
                    self.record(vec![StateChange::Adopt(email.clone(), id)]);
                }
                // The next runs see it.
                Some(_) => {}
                None => {
                    any = true;
                    let mut api = self.api();
                    api.figures.recovery(Recovery::SettledByRetry);
                    api.book.sent.remove(email.as_str());
                    drop(api);
                    self.record(vec![StateChange::Retry(email.clone())]);
                }
            }
        }
        any
    }

    /// Checks the end: everything is as expected or reported, and nothing more is sent.
    pub(super) fn check_end(&self, ran: &RunResult) {
        let plan = ran.plan.as_ref().unwrap();
        let api = self.api();
        assert_eq!(plan.actions, [], "{:#?}\n{}", api.log, api.world.name);
        let told = |email: &str| {
            let ambiguous = |finding: &Finding| {
                matches!(finding.what, FindingKind::AccountAmbiguous { .. })
                    && finding.email().is_some_and(|of| of.as_str() == email)
            };
            plan.findings.iter().any(ambiguous)
        };
        let left: Vec<_> = api.world.differences(&api.book);
        let left: Vec<_> = left.into_iter().filter(|(email, _)| !told(email)).collect();
        assert!(
            left.is_empty(),
            "{left:?} is not as it should be: {:#?}\n{}",
            api.log,
            api.world.name
        );
        for finding in
            plan.findings.iter().filter(|one| one.level() == trunkline::plan::Level::Drift)
        {
            // An account that another client created has the name that this client gave it.
            let theirs = finding.email().is_some_and(|email| {
                api.book
                    .accounts
                    .iter()
                    .any(|one| one.by == By::Other && one.email == email.as_str())
            });
            let fine = theirs
                && matches!(finding.code(), Code::ImmutableName | Code::AccountUnlisted)
                || matches!(finding.what, FindingKind::AccountAmbiguous { .. });
            assert!(fine, "{finding:?}: {:#?}\n{}", api.log, api.world.name);
        }
        for (id, limit) in &ran.after.limits {
            let is = api.book.account(id.as_str()).map(book::Account::limit);
            assert_eq!(is, Some(*limit), "the limit that is remembered of {id}: {:#?}", api.log);
        }
        assert_eq!(api.book.duplicates(), 0, "{:#?}\n{}", api.log, api.world.name);
    }

    /// Leaves what a process leaves that is killed while it writes the state.
    pub(super) fn leave_half_a_state(&self) {
        fs::write(self.api().in_the_way(), b"{\"format_version\": 1, \"org").unwrap();
    }
}
