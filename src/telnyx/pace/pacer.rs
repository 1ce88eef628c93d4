//! The rules of pacing, without a clock: every instant is an argument.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::headers::RateLimit;

/// The wait after a refusal without a time. It doubles while nothing is accepted.
const SILENCE: Duration = Duration::from_secs(1);
/// The maximum number of doublings.
const DOUBLINGS: u32 = 4;
/// The share of a measured rate that is used, so that the next window does not end in a refusal.
const PRUDENCE: f64 = 0.9;
/// The growth of a measured rate with each accepted request. Without it, one low measurement would persist.
const RECOVERY: f64 = 0.001;
/// The growth below any rate that is known to be refused, as after a refusal caused by another client.
const DISCOVERY: f64 = 0.1;
/// The maximum measured rate, in requests per second.
const FASTEST: f64 = 1000.0;
/// The number of answers from which a rate is measured.
const MEMORY: usize = 4096;
/// The maximum number of requests before the first answer, which may describe a limit. Other clients may have used most
/// of the window.
const INTRODUCTION: usize = 4;
/// The time after which a request that waits for the first answer asks again.
const GLANCE: Duration = Duration::from_millis(5);

/// The known limit of a server.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// The number of requests sent.
    sent: u64,
    /// The requests that are not yet answered, with the times at which they were sent.
    in_flight: BTreeMap<u64, Instant>,
    /// The shortest time from a request to its answer, once there is an answer.
    fastest: Option<Duration>,
    /// The latest request whose answer described the limit.
    described: u64,
    /// The window that the server described, if it describes any.
    window: Option<RateWindow>,
    /// The accepted requests per second, measured at refusals that the description does not explain.
    measured: Option<f64>,
    /// The rate at which the server last refused.
    too_fast: Option<f64>,
    /// The times of recently accepted requests, oldest first.
    accepted: VecDeque<Instant>,
    /// The consecutive refusals without a time.
    unnamed: u32,
    /// No request before this time: the server asked to wait.
    silent_until: Option<Instant>,
    /// No request before this time: the rest of the window is spread evenly.
    next: Option<Instant>,
}

/// A window as the server describes it.
#[derive(Debug)]
struct RateWindow {
    limit: u32,
    /// The remaining requests according to the last answer.
    remaining: u32,
    /// The estimate of remaining requests.
    left: u32,
    renewed: Instant,
    length: Duration,
    /// The end that the server names as a point in time.
    ends: Option<i64>,
    /// The length, measured between two such ends.
    measured: Option<Duration>,
}

impl Pacer {
    /// Returns the number of a request that may be sent now, or the time to ask again.
    pub(super) fn ask(&mut self, now: Instant) -> Result<u64, Instant> {
        for hold in [self.silent_until, self.next].into_iter().flatten() {
            if hold > now {
                return Err(hold);
            }
        }
        if self.fastest.is_none() && self.in_flight.len() >= INTRODUCTION {
            return Err(now + GLANCE);
        }
        let even = self.measured.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        let gap = match &mut self.window {
            Some(window) => {
                if now >= window.renewed {
                    window.renew(now);
                    // Requests of the old window do not describe the new one.
                    self.described = self.sent;
                }
                window.take(now)?.max(even)
            }
            None => even,
        };
        self.next = Some(now + gap);
        self.sent += 1;
        self.in_flight.insert(self.sent, now);
        Ok(self.sent)
    }

    /// A request ended without an answer.
    pub(super) fn lost(&mut self, request: u64) {
        self.in_flight.remove(&request);
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, request: u64, now: Instant, refused: bool, said: &RateLimit) {
        let sent = self.in_flight.remove(&request).unwrap_or(now);
        let took = now.saturating_duration_since(sent);
        let fastest = self.fastest.map_or(took, |fastest| fastest.min(took));
        self.fastest = Some(fastest);
        // Answers may arrive out of order. An older request describes an older state.
        if request > self.described {
            self.described = request;
            // The time on the way is the same for the next request; the rest may have passed before it was counted.
            self.describe(request, now.checked_sub(fastest).unwrap_or(now), said);
        }
        if refused {
            self.refused(now, said);
        } else {
            self.accepted(now);
        }
        if let Some(silence) = said.retry_after.filter(|_| !refused) {
            self.be_silent(now, silence);
        }
    }

    /// Adopts the window that the server describes, as of a time.
    fn describe(&mut self, request: u64, at: Instant, said: &RateLimit) {
        let (Some(remaining), Some(reset)) = (said.remaining, said.reset) else { return };
        // Without a limit, it is at least what was left before this request.
        let known = self.window.as_ref().map_or(0, |window| window.limit);
        let limit = said.limit.unwrap_or_else(|| known.max(remaining.saturating_add(1)));
        // A reset of 0 is a fraction of a second, rounded down.
        let reset = if reset.is_zero() { SILENCE } else { reset };
        let known = self.window.as_ref().filter(|window| window.limit == limit);
        // A point in time is rounded up, and read with our clock: up to a second late, or more. Between the ends of two
        // windows the error is the same, so their distance is the length, or a multiple after a pause.
        let apart = known.and_then(|window| said.ends?.checked_sub(window.ends?));
        let apart = apart.and_then(|seconds| u64::try_from(seconds).ok()).filter(|it| *it > 0);
        let measured = known.and_then(|window| window.measured);
        let measured = measured.into_iter().chain(apart.map(Duration::from_secs)).min();
        // A little later: a request just before the end would still count in the old window.
        let later = |time: Duration| time + time / 50;
        let reset = later(measured.map_or(reset, |length| reset.min(length)));
        // The reset may be near when the first answer comes, and no window is shorter than a second.
        let longest = || known.map_or(reset, |window| window.length.max(reset));
        let length = measured.map_or_else(longest, later).max(SILENCE);
        // `reset` is a whole number of seconds, so its end would move on with every answer of one
        // window: only when there is more left than before has a new one begun.
        let renewed = match known {
            Some(window) if remaining <= window.remaining && at < window.renewed => {
                window.renewed.min(at + reset)
            }
            _ => at + reset,
        };
        // The server had not counted later requests when it answered this one.
        let uncounted = self.in_flight.range(request..).count();
        let left = remaining.saturating_sub(u32::try_from(uncounted).unwrap_or(u32::MAX));
        if self.window.is_none() {
            // A description replaces a measurement.
            (self.measured, self.too_fast) = (None, None);
        }
        self.window =
            Some(RateWindow { limit, remaining, left, renewed, length, ends: said.ends, measured });
    }

    fn refused(&mut self, now: Instant, said: &RateLimit) {
        let reset = said.reset.filter(|_| said.remaining.is_none_or(|remaining| remaining == 0));
        let length = self.window.as_ref().and_then(|window| window.measured);
        let reset = reset.map(|reset| length.map_or(reset, |length| reset.min(length)));
        let first_of_its_kind = self.silent_until.is_none_or(|until| until <= now);
        let silence = match (said.retry_after, reset) {
            // Requests in flight with the first one are refused for the same reason.
            (None, None) if !first_of_its_kind => SILENCE,
            (None, None) => {
                self.unnamed += 1;
                SILENCE * (1 << (self.unnamed - 1).min(DOUBLINGS))
            }
            (after, reset) => after.unwrap_or_default().max(reset.unwrap_or_default()),
        };
        if first_of_its_kind && !self.is_explained(said) {
            self.measured = self.measure(now, silence.max(SILENCE));
        }
        self.be_silent(now, silence);
    }

    /// Returns true if the window was used up. If not, the server has another limit that it does not describe.
    fn is_explained(&self, said: &RateLimit) -> bool {
        let used_up = |window: &RateWindow| window.left == 0 || said.remaining == Some(0);
        self.window.as_ref().is_some_and(used_up)
    }

    /// The rate after a refusal, from the requests accepted in the window that it ends.
    fn measure(&mut self, now: Instant, window: Duration) -> Option<f64> {
        let recent = |at: &&Instant| now.duration_since(**at) < window;
        let lately = self.accepted.iter().rev().take_while(recent).count();
        let lately = f64::from(u32::try_from(lately).unwrap_or(u32::MAX));
        if lately == 0.0 {
            // Another client used up the window, so the limit is unknown. Without a description, send slowly.
            let careful = self.window.is_none().then_some(1.0 / SILENCE.as_secs_f64());
            return self.measured.or(careful);
        }
        let rate = lately / window.as_secs_f64();
        self.too_fast = Some(rate);
        Some(self.measured.map_or(rate, |known| rate.min(known)) * PRUDENCE)
    }

    fn accepted(&mut self, now: Instant) {
        self.unnamed = 0;
        if self.accepted.len() == MEMORY {
            self.accepted.pop_front();
        }
        self.accepted.push_back(now);
        if let Some(rate) = &mut self.measured {
            let known = self.too_fast.is_some_and(|limit| *rate >= limit * PRUDENCE);
            *rate = (*rate * (1.0 + if known { RECOVERY } else { DISCOVERY })).min(FASTEST);
        }
    }

    fn be_silent(&mut self, now: Instant, silence: Duration) {
        let until = now + silence;
        self.silent_until = Some(self.silent_until.map_or(until, |known| known.max(until)));
    }
}

impl RateWindow {
    /// Begins the next window.
    fn renew(&mut self, now: Instant) {
        self.left = self.limit;
        self.remaining = self.limit;
        self.renewed = now + self.length;
    }

    /// Takes one request out of the window, and returns the wait before the next.
    fn take(&mut self, now: Instant) -> Result<Duration, Instant> {
        if self.left == 0 {
            return Err(self.renewed);
        }
        self.left -= 1;
        let free = self.left >= self.limit / 2;
        Ok(if free { Duration::ZERO } else { (self.renewed - now) / (self.left + 1) })
    }
}

#[cfg(test)]
mod tests;
