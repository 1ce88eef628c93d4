//! The timetable of one organization: a pure function of time that decides when a run is due. Missed runs coalesce.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Schedule;

/// A clock that was set back by more restarts the timetable: catching up could take years. After less, no run is
/// repeated.
const SET_BACK: SignedDuration = SignedDuration::from_hours(1);

/// The next run of one organization.
#[derive(Clone, Debug)]
pub struct Timetable {
    schedule: Schedule,
    /// The largest delay of a run.
    jitter: Duration,
    /// The next time of the schedule. `None` if there is none.
    scheduled: Option<Timestamp>,
    /// That time with its delay.
    due: Option<Timestamp>,
    /// The latest time of a tick.
    latest: Timestamp,
}

impl Timetable {
    /// Creates a timetable that starts now. `share`, from 0 to 1, is the share of the jitter for the first run.
    #[must_use]
    pub fn new(schedule: Schedule, jitter: Duration, now: Timestamp, share: f64) -> Self {
        let scheduled = schedule.next(now);
        let due = delayed(scheduled, jitter, share);
        Self { schedule, jitter, scheduled, due, latest: now }
    }

    /// Creates a timetable with a first run at once: the first scheduled one may be days away.
    #[must_use]
    pub fn at_once(schedule: Schedule, jitter: Duration, now: Timestamp, share: f64) -> Self {
        let table = Self::new(schedule, jitter, now, share);
        Self { due: delayed(Some(now), jitter, share), ..table }
    }

    /// The time of the next run.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Returns true if a run is due at `now`, and advances to the next one. Missed runs coalesce into one.
    pub fn tick(&mut self, now: Timestamp, share: f64) -> bool {
        let set_back = self.latest.duration_since(now) > SET_BACK;
        self.latest = if set_back { now } else { self.latest.max(now) };
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due || set_back {
            self.scheduled = self.schedule.next(now);
            self.due = delayed(self.scheduled, self.jitter, share);
        }
        is_due
    }
}

fn delayed(scheduled: Option<Timestamp>, jitter: Duration, share: f64) -> Option<Timestamp> {
    let by = jitter.mul_f64(share.clamp(0.0, 1.0));
    // Ticks come each second.
    let by = Duration::from_secs(by.as_secs());
    Some(scheduled?.checked_add(by).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn table(cron: &str, jitter: u64) -> Timetable {
        let schedule = Schedule::parse(cron, "Europe/Berlin").unwrap();
        Timetable::new(schedule, Duration::from_secs(jitter), at(0), 0.0)
    }

    #[test]
    fn in_a_day_no_run_is_lost_or_repeated() {
        for (cron, ticks) in [("* * * * * *", DAY), ("* * * * *", DAY / 60), ("*/5 * * * *", 288)] {
            let mut table = table(cron, 0);
            let due: Vec<i64> = (1..=DAY).filter(|second| table.tick(at(*second), 0.5)).collect();
            assert_eq!(due.len(), usize::try_from(ticks).unwrap(), "{cron}");
            let even = due.windows(2).all(|two| two[1] - two[0] == DAY / ticks);
            assert!(even, "{cron}");
        }
    }

    #[test]
    fn jitter_delays_runs_and_loses_none() {
        let mut table = table("*/5 * * * *", 60);
        let mut random = fastrand::Rng::with_seed(7);
        let mut runs = 0;
        for second in 1..=DAY {
            let scheduled = table.scheduled.unwrap();
            if table.tick(at(second), random.f64()) {
                runs += 1;
                let late = at(second).as_second() - scheduled.as_second();
                assert!((0..=60).contains(&late), "{late}");
            }
        }
        assert!((287..=288).contains(&runs), "{runs}");
    }

    #[test]
    fn the_first_run_comes_at_once_and_the_next_by_the_schedule() {
        let nights = || Schedule::parse("0 3 * * MON-FRI", "UTC").unwrap();
        let jitter = Duration::from_secs(30);
        let mut table = Timetable::at_once(nights(), jitter, at(0), 0.5);
        let usual = Timetable::new(nights(), jitter, at(0), 0.0);
        assert_eq!(table.due(), Some(at(15)));
        assert!(!table.tick(at(14), 0.0) && table.tick(at(15), 0.0) && !table.tick(at(16), 0.0));
        assert_eq!(table.due(), usual.due());
    }

    #[test]
    fn missed_runs_coalesce() {
        let mut table = table("*/5 * * * *", 0);
        assert!(table.tick(at(DAY), 0.0), "the machine slept for a day");
        assert!(!table.tick(at(DAY), 0.0));
        assert!(table.due().is_some_and(|due| due > at(DAY)));
    }

    #[test]
    fn a_clock_set_back_repeats_no_run() {
        let mut table = table("*/5 * * * *", 0);
        assert!(table.tick(at(600), 0.0));
        assert!((1..600).all(|second| !table.tick(at(second), 0.0)));
        assert!(table.tick(at(900), 0.0));
    }

    #[test]
    fn a_clock_that_was_far_ahead_is_not_waited_for() {
        let mut table = table("*/5 * * * *", 0);
        assert!(table.tick(at(400 * DAY), 0.0));
        assert!(!table.tick(at(10), 0.0));
        let due: Vec<i64> = (11..=3_600).filter(|second| table.tick(at(*second), 0.0)).collect();
        assert_eq!((due.len(), due[0]), (12, 300));
    }
}
