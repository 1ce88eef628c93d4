//! The limit on healing one difference: automation does not fight people.

use std::collections::BTreeMap;

use crate::model::{Details, DifferenceKey, Event, Heals};

use super::Transition;

/// The number of heals of one difference within [`WINDOW`] after which it is left alone.
pub const MAX_HEALS: usize = 3;
/// The period in seconds in which heals are counted, and for which a difference is then left alone.
pub const WINDOW: u64 = 60 * 60;

/// Splits differences into those that may be healed now and those to report as suspended.
/// A suspension is reported once.
#[must_use]
pub fn allow(
    heals: &mut BTreeMap<DifferenceKey, Heals>,
    wanted: BTreeMap<DifferenceKey, Details>,
    now: u64,
) -> (BTreeMap<DifferenceKey, Details>, Vec<Transition>) {
    forget_old(heals, now);
    let (mut allowed, mut suspended) = (BTreeMap::new(), Vec::new());
    for (key, details) in wanted {
        let recent = heals.get_mut(&key).filter(|heals| heals.at.len() >= MAX_HEALS);
        let Some(Heals { at, suspended_until }) = recent else {
            allowed.insert(key, details);
            continue;
        };
        if suspended_until.is_none() {
            *suspended_until = at.last().map(|last| last.saturating_add(WINDOW));
            suspended.push(Transition::of(Event::HealSuspended, &key, &details));
        }
    }
    (allowed, suspended)
}

/// Records a heal of each of these differences.
pub fn record(
    heals: &mut BTreeMap<DifferenceKey, Heals>,
    healed: impl IntoIterator<Item = DifferenceKey>,
    now: u64,
) {
    forget_old(heals, now);
    for key in healed {
        heals.entry(key).or_default().at.push(now);
    }
}

/// Ends suspensions that are over, and forgets heals outside the window. A clock that was set back by more than the
/// window ends a suspension too.
fn forget_old(heals: &mut BTreeMap<DifferenceKey, Heals>, now: u64) {
    heals.retain(|_, Heals { at, suspended_until }| {
        if let Some(until) = *suspended_until {
            let lasts = now < until && until - now <= 2 * WINDOW;
            if !lasts {
                (*suspended_until, *at) = (None, Vec::new());
            }
            return lasts;
        }
        at.retain(|healed| healed.abs_diff(now) < WINDOW);
        !at.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str) -> BTreeMap<DifferenceKey, Details> {
        let key = DifferenceKey {
            kind: "managed_account".to_owned(),
            email: Some(name.to_owned()),
            code: "enabled".to_owned(),
        };
        [(key, Details::default())].into()
    }

    /// Heals whenever allowed, each `every` seconds, and returns the times of heals and of notifications.
    fn simulate(every: u64, until: u64) -> (Vec<u64>, Vec<u64>) {
        let (mut heals, mut healed, mut notified) = (BTreeMap::new(), Vec::new(), Vec::new());
        for now in (10_000..10_000 + until).step_by(usize::try_from(every).unwrap()) {
            let (allowed, suspended) = allow(&mut heals, wanted("a"), now);
            if !allowed.is_empty() {
                healed.push(now - 10_000);
                record(&mut heals, allowed.into_keys(), now);
            }
            notified.extend(suspended.iter().map(|_| now - 10_000));
        }
        (healed, notified)
    }

    #[test]
    fn a_fourth_heal_within_the_hour_is_suspended_and_notified_once() {
        let (healed, notified) = simulate(60, WINDOW + 120);
        assert_eq!((healed, notified), (vec![0, 60, 120], vec![180]));
    }

    #[test]
    fn healing_resumes_an_hour_after_the_last_heal() {
        let (healed, notified) = simulate(60, WINDOW + 360);
        assert_eq!(healed, [0, 60, 120, 3_720, 3_780, 3_840]);
        assert_eq!(notified, [180, 3_900]);
    }

    #[test]
    fn rare_heals_are_never_suspended() {
        let (healed, notified) = simulate(WINDOW / 2, 20 * WINDOW);
        assert_eq!((healed.len(), notified.len()), (40, 0));
    }

    #[test]
    fn one_difference_does_not_suspend_another_and_a_clock_set_back_ends_a_suspension() {
        let mut heals = BTreeMap::new();
        for now in 0..3 {
            record(&mut heals, wanted("a").into_keys(), 100_000 + now);
        }
        let (_, suspended) = allow(&mut heals, wanted("a"), 100_010);
        assert_eq!(suspended.len(), 1);
        assert_eq!(allow(&mut heals, wanted("b"), 100_010).0.len(), 1);
        assert_eq!(allow(&mut heals, wanted("a"), 1_000).0.len(), 1);
    }
}
