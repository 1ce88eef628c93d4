//! Statistics of all schedules: injected faults, and recoveries.

use std::collections::BTreeMap;
use std::fmt;

use super::fault::Fault;

/// A way in which the program recovers, or reports that a person must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Recovery {
    /// A create of unknown outcome was shown by a list, and taken for done.
    AdoptedFromInventory,
    /// The answer to a create was lost, and a look-up has found the account.
    LookedUpAndFound,
    /// It has not: the outcome is unknown.
    LookedUpNotFound,
    /// A plan says so until it is settled.
    ReportedUnresolved,
    /// A person said that it is not there: sent again.
    SettledByRetry,
    /// A person said which account it is.
    SettledByAdoption,
    /// Created, and not shown by any list yet: waited for.
    WaitedForTheList,
    /// There was nothing left to do.
    Satisfied,
    /// It was no longer what the plan was made for.
    Stale,
    /// An action that it depends on was not successful.
    Skipped,
    /// A change that is harmless was sent again in the same run.
    SentAgain,
    /// A create that was refused with a 429 was sent again in the same run.
    CreateSentAgain,
    /// A create was refused, as the email was taken meanwhile.
    RefusedAsTaken,
    /// Two accounts have the email, one created by another client: reported.
    ReportedAmbiguous,
    /// The inventory was incomplete, and an action was withheld.
    Withheld,
    /// The inventory could not be read at all.
    ReadFailed,
    /// The status of an account was unknown, and not guessed.
    StatusUnknown,
    /// The live limits were unknown, and were set again.
    AssertedAgain,
    /// The state could not be written, and nothing was sent.
    NotSentUnrecorded,
    /// An action failed, and a later run did it.
    Failed,
}

const RECOVERIES: [Recovery; 20] = [
    Recovery::AdoptedFromInventory,
    Recovery::LookedUpAndFound,
    Recovery::LookedUpNotFound,
    Recovery::ReportedUnresolved,
    Recovery::SettledByRetry,
    Recovery::SettledByAdoption,
    Recovery::WaitedForTheList,
    Recovery::Satisfied,
    Recovery::Stale,
    Recovery::Skipped,
    Recovery::SentAgain,
    Recovery::CreateSentAgain,
    Recovery::RefusedAsTaken,
    Recovery::ReportedAmbiguous,
    Recovery::Withheld,
    Recovery::ReadFailed,
    Recovery::StatusUnknown,
    Recovery::AssertedAgain,
    Recovery::NotSentUnrecorded,
    Recovery::Failed,
];

#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    pub schedules: usize,
    pub runs: usize,
    pub calls: usize,
    pub crashes: usize,
    pub creates: usize,
    pub duplicates: usize,
    /// Schedules in which a person had to settle something.
    pub persons: usize,
    pub faults: BTreeMap<Fault, usize>,
    pub recoveries: BTreeMap<Recovery, usize>,
}

impl Figures {
    pub(super) fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    pub(super) fn recovery(&mut self, recovery: Recovery) {
        *self.recoveries.entry(recovery).or_default() += 1;
    }

    pub(super) fn of<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        all.into_iter().fold(Self::default(), |mut sum, one| {
            sum.add(one);
            sum
        })
    }

    /// The counts of each fault and each recovery.
    pub(super) fn details(&self) -> String {
        let faults = self.faults.iter().map(|(fault, count)| format!("{fault:?} {count}"));
        let recoveries =
            self.recoveries.iter().map(|(recovery, count)| format!("{recovery:?} {count}"));
        let [faults, recoveries] =
            [faults.collect::<Vec<_>>(), recoveries.collect()].map(|all| all.join(", "));
        format!("  faults: {faults}\n  recoveries: {recoveries}")
    }

    fn add(&mut self, other: &Self) {
        let Self {
            schedules,
            runs,
            calls,
            crashes,
            creates,
            duplicates,
            persons,
            faults,
            recoveries,
        } = other;
        self.schedules += schedules;
        self.runs += runs;
        self.calls += calls;
        self.crashes += crashes;
        self.creates += creates;
        self.duplicates += duplicates;
        self.persons += persons;
        for (fault, count) in faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (recovery, count) in recoveries {
            *self.recoveries.entry(*recovery).or_default() += count;
        }
    }

    /// The faults and recoveries that no schedule reached. There must be none.
    pub(super) fn unreached(&self) -> Vec<String> {
        let faults = super::fault::ALL.iter().filter(|one| !self.faults.contains_key(one));
        let recoveries = RECOVERIES.iter().filter(|one| !self.recoveries.contains_key(one));
        faults
            .map(|one| format!("{one:?}"))
            .chain(recoveries.map(|one| format!("{one:?}")))
            .collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            schedules,
            runs,
            calls,
            crashes,
            creates,
            duplicates,
            persons,
            faults,
            recoveries: _,
        } = self;
        let injected: usize = faults.values().sum();
        write!(
            f,
            "{schedules} schedules, {runs} runs, {calls} calls, {crashes} crashes, {injected} faults, {creates} accounts created, {duplicates} duplicates, {persons} needed a person"
        )
    }
}
