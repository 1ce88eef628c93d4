//! Faults of calls. A fault is chosen by the identity of a call, never by its time.

use std::collections::BTreeSet;

use super::call::{Call, Op};

/// A fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The connection is torn down before anything is done.
    RequestLost,
    /// It is done, and the connection is torn down.
    AnswerLost,
    /// It is done, and half of the answer arrives.
    Cut,
    /// It is done after a later call; there is never an answer.
    DoneLate,
    /// It is done, and no answer ever comes.
    NeverAnswered,
    /// It is refused with a 429 that says when to come again.
    RateLimitedWithTime,
    /// It is refused with a 429 that does not.
    RateLimited,
    /// Nothing is done, and a gateway answers with its error page.
    PageInstead,
    /// It is done, and a gateway answers with its error page.
    PageAfter,
    /// It is done, and the answer is a 200 with garbage in it.
    Garbage,
    /// An account of an earlier page has gone since.
    OneLess,
    /// There is one more on an earlier page than before.
    OneMore,
    /// The status filter is ignored.
    Unfiltered,
    /// Another client has just made the same change.
    Meanwhile,
    /// From here on the state cannot be written.
    StateFails,
}

pub(super) const ALL: [Fault; 15] = [
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::Cut,
    Fault::DoneLate,
    Fault::NeverAnswered,
    Fault::RateLimitedWithTime,
    Fault::RateLimited,
    Fault::PageInstead,
    Fault::PageAfter,
    Fault::Garbage,
    Fault::OneLess,
    Fault::OneMore,
    Fault::Unfiltered,
    Fault::Meanwhile,
    Fault::StateFails,
];

impl Fault {
    /// True if it can happen to such a call at all.
    pub(super) fn fits(self, call: &Call) -> bool {
        match self {
            Self::RequestLost
            | Self::AnswerLost
            | Self::Cut
            | Self::NeverAnswered
            | Self::RateLimitedWithTime
            | Self::RateLimited
            | Self::PageInstead
            | Self::PageAfter
            | Self::Garbage
            | Self::StateFails => true,
            Self::DoneLate => call.op.is_change(),
            Self::OneLess | Self::OneMore => {
                call.page > 1 && matches!(call.op, Op::List(_) | Op::LookUp(_))
            }
            Self::Unfiltered => matches!(call.op, Op::List(_) | Op::Count(_)),
            Self::Meanwhile => {
                matches!(call.op, Op::User | Op::Remove | Op::LookUp(_) | Op::Create)
            }
        }
    }

    /// True if the client waits until its timeout.
    pub(super) fn is_slow(self) -> bool {
        matches!(self, Self::DoneLate | Self::NeverAnswered | Self::RateLimited)
    }
}

/// The moment of a crash, relative to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The call has come in, and nothing is done yet.
    Before,
    /// It is done, and not answered.
    After,
    /// It is answered, and so many microseconds have passed.
    Answered(u64),
}

/// The faults and crashes of one run.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// No faults.
    Honest,
    /// The run dies at the call of this number, from 1.
    Dies(usize, Moment),
    /// This happens to the call of this number; if `stubborn`, to every attempt of it.
    Once { number: usize, fault: Fault, stubborn: bool },
    /// Random faults and crashes per thousand calls, derived from the seed.
    Random { seed: u64, run: usize, faults: u64, crashes: u64 },
}

/// A call as a script sees it.
pub(super) struct Seen<'a> {
    pub call: &'a Call,
    /// The position in the run, from 1.
    pub number: usize,
    pub attempt: usize,
}

impl Script {
    /// The fault of a call, if any. `struck` are the calls that a stubborn fault has hit before.
    pub(super) fn fault(&self, seen: &Seen<'_>, struck: &mut BTreeSet<String>) -> Option<Fault> {
        match self {
            Self::Honest | Self::Dies(..) => None,
            Self::Once { number, fault, stubborn } => {
                let again = *stubborn && struck.contains(&seen.call.to_string());
                let now = *number == seen.number;
                if now {
                    struck.insert(seen.call.to_string());
                }
                ((now || again) && fault.fits(seen.call)).then_some(*fault)
            }
            Self::Random { seed, run, faults, crashes: _ } => {
                let mut dice = dice(*seed, *run, seen, "fault");
                // Most calls are reads, and most of what can go wrong badly is not.
                let chance = if seen.call.op.is_change() { *faults * 2 } else { *faults };
                if dice.u64(..1000) >= chance {
                    return None;
                }
                let fits: Vec<Fault> = ALL.into_iter().filter(|one| one.fits(seen.call)).collect();
                let fault = fits[dice.usize(..fits.len())];
                // These take their time; a few of them are enough.
                let rare = matches!(fault, Fault::RateLimited | Fault::StateFails);
                (!rare || dice.u8(..8) == 0).then_some(fault)
            }
        }
    }

    /// True if the run dies at a call, and when.
    pub(super) fn death(&self, seen: &Seen<'_>) -> Option<Moment> {
        match self {
            Self::Honest | Self::Once { .. } => None,
            Self::Dies(number, moment) => (*number == seen.number).then_some(*moment),
            Self::Random { seed, run, faults: _, crashes } => {
                let mut dice = dice(*seed, *run, seen, "death");
                // A run that dies while it reads has done nothing yet, so most die later.
                let chance = if seen.call.op.is_change() { *crashes * 4 } else { *crashes };
                if dice.u64(..1000) >= chance {
                    return None;
                }
                Some(match dice.u8(..3) {
                    0 => Moment::Before,
                    1 => Moment::After,
                    _ => Moment::Answered(dice.u64(..3000)),
                })
            }
        }
    }
}

/// The random generator of a call, independent of other calls.
fn dice(of: u64, run: usize, seen: &Seen<'_>, what: &str) -> fastrand::Rng {
    let text = format!("{run} {what} {} {}", seen.call, seen.attempt);
    // FNV-1a: any mixing does, as long as it is the same tomorrow.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ of, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    fastrand::Rng::with_seed(hash)
}

#[test]
fn a_seed_means_the_same_whatever_comes_before_a_call() {
    let call = |place: usize| Call {
        op: Op::Create,
        subject: format!("amsel@{place}.example"),
        page: 1,
        by_email: false,
        body: serde_json::Value::Null,
    };
    let calls: Vec<Call> = (0..200).map(call).collect();
    let script = Script::Random { seed: 7, run: 1, faults: 300, crashes: 10 };
    let means = |number: usize, call: &Call| {
        let seen = Seen { call, number, attempt: 1 };
        (call.to_string(), script.fault(&seen, &mut BTreeSet::new()), script.death(&seen))
    };
    let mut forwards: Vec<_> =
        (1..).zip(&calls).map(|(number, call)| means(number, call)).collect();
    let mut backwards: Vec<_> =
        (1..).zip(calls.iter().rev()).map(|(number, call)| means(number, call)).collect();
    assert!(forwards.iter().filter(|(_, fault, _)| fault.is_some()).count() > 20);
    assert!(forwards.iter().any(|(_, _, death)| death.is_some()));
    forwards.sort_by(|one, other| one.0.cmp(&other.0));
    backwards.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(forwards, backwards);
}
