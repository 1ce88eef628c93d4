//! Which beat of the trigger a run is due at: a function of time. Ticks that were missed come together as one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::schedule::Schedule;

/// A clock that was set back by more begins the timetable anew: waiting until it has caught up could take years.
/// After less, nothing is done twice.
const SET_BACK: SignedDuration = SignedDuration::from_hours(1);

/// The next run of one organization.
#[derive(Clone, Debug)]
pub struct Timetable {
    schedule: Schedule,
    /// By at most so much a run is put off, so that not all come at once.
    jitter: Duration,
    /// The tick that is next. `None`: there is none any more.
    tick: Option<Timestamp>,
    /// When the run of it is due.
    due: Option<Timestamp>,
    /// The latest time that was seen.
    seen: Timestamp,
}

impl Timetable {
    /// A timetable that begins now. `share`, from 0 to 1, is how much of the jitter the first run gets.
    #[must_use]
    pub fn new(schedule: Schedule, jitter: Duration, now: Timestamp, share: f64) -> Self {
        let tick = schedule.next(now);
        let due = put_off(tick, jitter, share);
        Self { schedule, jitter, tick, due, seen: now }
    }

    /// The same, with a first run at once: what is watched from now on was never looked at, and the first tick may
    /// be days away.
    #[must_use]
    pub fn at_once(schedule: Schedule, jitter: Duration, now: Timestamp, share: f64) -> Self {
        let table = Self::new(schedule, jitter, now, share);
        Self { due: put_off(Some(now), jitter, share), ..table }
    }

    /// When the next run is due.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// How long it is from the next tick to the one after.
    #[must_use]
    pub fn gap(&self) -> Option<Duration> {
        let tick = self.tick?;
        Duration::try_from(self.schedule.next(tick)?.duration_since(tick)).ok()
    }

    /// Whether a run is due at `now`. After it the next tick is the first one after `now`: however many have
    /// passed, they were one.
    pub fn beat(&mut self, now: Timestamp, share: f64) -> bool {
        let set_back = self.seen.duration_since(now) > SET_BACK;
        self.seen = if set_back { now } else { self.seen.max(now) };
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due || set_back {
            self.tick = self.schedule.next(now);
            self.due = put_off(self.tick, self.jitter, share);
        }
        is_due
    }
}

fn put_off(tick: Option<Timestamp>, jitter: Duration, share: f64) -> Option<Timestamp> {
    let by = jitter.mul_f64(share.clamp(0.0, 1.0));
    // Beats come each second: a part of one would only be waited for.
    let by = Duration::from_secs(by.as_secs());
    Some(tick?.checked_add(by).unwrap_or(Timestamp::MAX))
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
    fn in_a_day_of_beats_no_tick_is_lost_or_doubled() {
        for (cron, ticks) in [("* * * * * *", DAY), ("* * * * *", DAY / 60), ("*/5 * * * *", 288)] {
            let mut table = table(cron, 0);
            let due: Vec<i64> = (1..=DAY).filter(|second| table.beat(at(*second), 0.5)).collect();
            assert_eq!(due.len(), usize::try_from(ticks).unwrap(), "{cron}");
            let even = due.windows(2).all(|two| two[1] - two[0] == DAY / ticks);
            assert!(even, "{cron}");
        }
    }

    #[test]
    fn with_jitter_there_are_as_many_runs_and_each_after_its_tick() {
        let mut table = table("*/5 * * * *", 60);
        let mut random = fastrand::Rng::with_seed(7);
        let mut runs = 0;
        for second in 1..=DAY {
            let tick = table.tick.unwrap();
            if table.beat(at(second), random.f64()) {
                runs += 1;
                let late = at(second).as_second() - tick.as_second();
                assert!((0..=60).contains(&late), "{late}");
            }
        }
        assert!((287..=288).contains(&runs), "{runs}");
    }

    #[test]
    fn what_was_never_looked_at_is_looked_at_within_the_jitter_and_then_by_the_schedule() {
        let nights = || Schedule::parse("0 3 * * MON-FRI", "UTC").unwrap();
        let jitter = Duration::from_secs(30);
        let mut table = Timetable::at_once(nights(), jitter, at(0), 0.5);
        let usual = Timetable::new(nights(), jitter, at(0), 0.0);
        assert_eq!(table.due(), Some(at(15)));
        assert!(!table.beat(at(14), 0.0) && table.beat(at(15), 0.0) && !table.beat(at(16), 0.0));
        assert_eq!(table.due(), usual.due());
    }

    #[test]
    fn ticks_that_were_missed_are_one() {
        let mut table = table("*/5 * * * *", 0);
        assert!(table.beat(at(DAY), 0.0), "the machine slept for a day");
        assert!(!table.beat(at(DAY), 0.0));
        assert!(table.due().is_some_and(|due| due > at(DAY)));
    }

    #[test]
    fn a_clock_that_is_set_back_doubles_nothing() {
        let mut table = table("*/5 * * * *", 0);
        assert!(table.beat(at(600), 0.0));
        assert!((1..600).all(|second| !table.beat(at(second), 0.0)));
        assert!(table.beat(at(900), 0.0));
    }

    #[test]
    fn a_clock_that_was_far_ahead_is_not_waited_for() {
        let mut table = table("*/5 * * * *", 0);
        assert!(table.beat(at(400 * DAY), 0.0));
        assert!(!table.beat(at(10), 0.0));
        let due: Vec<i64> = (11..=3_600).filter(|second| table.beat(at(*second), 0.0)).collect();
        assert_eq!((due.len(), due[0]), (12, 300));
    }
}
