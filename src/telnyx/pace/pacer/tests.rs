//! The pacer against servers of several kinds, in simulated time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::*;

const LIMIT: u32 = 20;
const REQUESTS: u32 = 400;

/// The way a server counts requests.
#[derive(Clone, Copy, Debug)]
enum Counting {
    /// Windows of a second. The first begins this many milliseconds before the start.
    Fixed(u64),
    /// A window begins with the first request after the last one.
    FromFirst,
    /// The requests of the last second count.
    Sliding,
    /// A bucket that fills evenly.
    Bucket,
}

impl Counting {
    /// The allowed time, as a multiple of the ideal. Sliding windows always have their reset a second away, so they
    /// are approached with more care.
    fn patience(self) -> f64 {
        match self {
            Self::Fixed(_) | Self::FromFirst => 1.3,
            Self::Sliding | Self::Bucket => 2.0,
        }
    }
}

/// The description of the limit in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LimitDescription {
    /// The real limit, and its reset.
    Limit,
    /// The real limit, and its reset as a whole second of a clock, which is this many milliseconds later here.
    Ends(i64),
    /// Another limit, which is never used up.
    OtherLimit,
    /// The time of the next request.
    RetryAfter,
    Nothing,
}

struct SimulatedServer {
    counting: Counting,
    says: LimitDescription,
    begun: Instant,
    window: Instant,
    taken: VecDeque<Instant>,
    tokens: f64,
    last: Instant,
    /// Everything is refused until this time.
    storm: Instant,
}

impl SimulatedServer {
    fn new(counting: Counting, says: LimitDescription, begun: Instant) -> Self {
        Self {
            counting,
            says,
            begun,
            window: begun,
            taken: VecDeque::new(),
            tokens: f64::from(LIMIT),
            last: begun,
            storm: begun,
        }
    }

    /// Counts requests of other clients.
    fn used(mut self, requests: u32) -> Self {
        self.taken.extend((0..requests).map(|_| self.begun));
        self.tokens -= f64::from(requests);
        self
    }

    /// Refuses everything for some time.
    fn stormy(self, time: Duration) -> Self {
        Self { storm: self.begun + time, ..self }
    }

    /// Returns whether a request is refused, and the description in its answer.
    fn request(&mut self, now: Instant) -> (bool, RateLimit) {
        let second = Duration::from_secs(1);
        match self.counting {
            Counting::Fixed(offset) => {
                let elapsed = (now - self.begun) + Duration::from_millis(offset);
                let window = self.begun + Duration::from_secs(elapsed.as_secs());
                if window != self.window {
                    self.window = window;
                    self.taken.clear();
                }
            }
            Counting::FromFirst => {
                if now - self.window >= second || self.taken.is_empty() {
                    self.window = now;
                    self.taken.clear();
                }
            }
            Counting::Sliding => {
                while self.taken.front().is_some_and(|at| now - *at >= second) {
                    self.taken.pop_front();
                }
            }
            Counting::Bucket => {
                let filled = self.tokens + (now - self.last).as_secs_f64() * f64::from(LIMIT);
                self.tokens = filled.min(f64::from(LIMIT));
                self.last = now;
            }
        }
        let left = match self.counting {
            Counting::Bucket => {
                (0..LIMIT).rfind(|n| f64::from(n + 1) <= self.tokens).map_or(0, |n| n + 1)
            }
            _ => LIMIT - u32::try_from(self.taken.len()).unwrap(),
        };
        let left = if now < self.storm { 0 } else { left };
        let refused = left == 0;
        if !refused {
            self.taken.push_back(now);
            self.tokens -= 1.0;
        }
        (refused, self.says(now, refused, left.saturating_sub(1)))
    }

    fn says(&self, now: Instant, refused: bool, left: u32) -> RateLimit {
        let second = Some(Duration::from_secs(1));
        let retry_after = if refused { second } else { None };
        match self.says {
            LimitDescription::Limit => RateLimit {
                limit: Some(LIMIT),
                remaining: Some(left),
                reset: second,
                ends: None,
                retry_after,
            },
            LimitDescription::Ends(clock) => {
                let since = |time: Instant| i64::try_from((time - self.begun).as_millis()).unwrap();
                let offset = match self.counting {
                    Counting::Fixed(offset) => i64::try_from(offset).unwrap(),
                    Counting::FromFirst | Counting::Sliding | Counting::Bucket => 0,
                };
                let ends = (since(self.window) + 1000 - offset + 999).div_euclid(1000);
                let reset = u64::try_from((ends * 1000 - since(now) + clock).max(0)).unwrap();
                RateLimit {
                    limit: Some(LIMIT),
                    remaining: Some(left),
                    reset: Some(Duration::from_millis(reset)),
                    ends: Some(ends),
                    retry_after,
                }
            }
            LimitDescription::OtherLimit => RateLimit {
                limit: Some(6000),
                remaining: Some(5000),
                reset: Some(Duration::from_secs(60)),
                ends: None,
                retry_after,
            },
            LimitDescription::RetryAfter => RateLimit { retry_after, ..RateLimit::default() },
            LimitDescription::Nothing => RateLimit::default(),
        }
    }
}

/// Sends `REQUESTS` through the pacer until all are accepted: how many were refused, and how long it took.
fn run(counting: Counting, says: LimitDescription, parallelism: usize, latency: u32) -> (u32, f64) {
    send(SimulatedServer::new(counting, says, Instant::now()), parallelism, latency)
}

fn send(mut server: SimulatedServer, parallelism: usize, latency: u32) -> (u32, f64) {
    let begun = server.begun;
    let latency = Duration::from_millis(latency.into());
    let mut pacer = Pacer::default();
    let (mut now, mut waiting, mut refusals) = (begun, REQUESTS, 0);
    let mut flying: BinaryHeap<Reverse<(Instant, u64, bool)>> = BinaryHeap::new();
    let mut answers: Vec<RateLimit> = Vec::new();
    while waiting > 0 || !flying.is_empty() {
        while let Some(Reverse((at, request, refused))) =
            flying.peek().copied().filter(|Reverse((at, ..))| *at <= now)
        {
            flying.pop();
            pacer.answered(request, at, refused, &answers[usize::try_from(request - 1).unwrap()]);
        }
        let mut ask_at = None;
        while waiting > 0 && flying.len() < parallelism && ask_at.is_none() {
            match pacer.ask(now) {
                Err(at) => ask_at = Some(at),
                Ok(request) => {
                    let (refused, said) = server.request(now + latency / 2);
                    flying.push(Reverse((now + latency, request, refused)));
                    answers.push(said);
                    if refused { refusals += 1 } else { waiting -= 1 }
                }
            }
        }
        let answer_at = flying.peek().map(|Reverse((at, ..))| *at);
        if let Some(next) = [ask_at, answer_at].into_iter().flatten().min() {
            now = now.max(next);
        }
    }
    (refusals, (now - begun).as_secs_f64())
}

#[test]
fn the_limit_is_approached_and_not_hit_whatever_the_server_counts() {
    let ideal = f64::from(REQUESTS) / f64::from(LIMIT);
    let kinds = [
        Counting::Fixed(0),
        Counting::Fixed(500),
        Counting::Fixed(950),
        Counting::FromFirst,
        Counting::Sliding,
        Counting::Bucket,
    ];
    for counting in kinds {
        for says in [
            LimitDescription::Limit,
            LimitDescription::OtherLimit,
            LimitDescription::RetryAfter,
            LimitDescription::Nothing,
        ] {
            for parallelism in [4, 16, 32] {
                for latency in [2, 50, 300] {
                    let (refusals, seconds) = run(counting, says, parallelism, latency);
                    let situation = format!(
                        "{counting:?}, says: {says:?}, {parallelism} at once, {latency} ms: {refusals} refused, {seconds:.1} s of {ideal:.1}"
                    );
                    assert!(refusals * 10 < REQUESTS, "{situation}");
                    let in_flight = f64::from(u32::try_from(parallelism).unwrap());
                    let reachable = (in_flight * 1000.0 / f64::from(latency)).min(f64::from(LIMIT));
                    let patience = f64::from(REQUESTS) / reachable * counting.patience();
                    assert!(seconds <= patience, "{situation}");
                }
            }
        }
    }
}

#[test]
fn a_refusal_that_was_not_our_doing_does_not_slow_us_down_for_long() {
    for silence in [1, 60] {
        let silence = Duration::from_secs(silence);
        let begun = Instant::now();
        let mut pacer = Pacer::default();
        let first = pacer.ask(begun).unwrap();
        let refusal = RateLimit { retry_after: Some(silence), ..RateLimit::default() };
        pacer.answered(first, begun, true, &refusal);
        let (mut now, mut sent) = (begun, 0);
        while sent < 100 {
            match pacer.ask(now) {
                Err(at) => now = at,
                Ok(request) => {
                    sent += 1;
                    pacer.answered(request, now, false, &RateLimit::default());
                }
            }
        }
        let took = now - (begun + silence);
        assert!(took < Duration::from_secs(20), "{took:?}, although nothing more was refused");
    }
}

#[test]
fn a_server_that_goes_on_refusing_and_names_no_time_is_asked_less_and_less() {
    let mut pacer = Pacer::default();
    let (begun, nothing) = (Instant::now(), RateLimit::default());
    let (mut now, mut asked) = (begun, Vec::new());
    while asked.len() < 8 {
        match pacer.ask(now) {
            Err(at) => now = at,
            Ok(request) => {
                asked.push((now - begun).as_secs());
                pacer.answered(request, now, true, &nothing);
            }
        }
    }
    assert_eq!(asked, [0, 1, 3, 7, 15, 31, 47, 63]);
    // After an accepted request, a refusal counts as the first one.
    let at = now + Duration::from_secs(60);
    let request = pacer.ask(at).unwrap();
    pacer.answered(request, at, false, &nothing);
    pacer.answered(request, at, true, &nothing);
    assert_eq!(pacer.ask(at), Err(at + SILENCE));
}

#[test]
fn a_described_limit_is_used_from_the_first_window_on_and_hardly_ever_exceeded() {
    let kinds = [Counting::Fixed(0), Counting::Fixed(500), Counting::FromFirst, Counting::Bucket];
    for counting in kinds {
        // Other clients may have used a part of the first window.
        for used in [0, LIMIT / 2, LIMIT - 3] {
            for (parallelism, latency) in [(16, 2), (16, 50), (32, 2), (32, 50)] {
                let server =
                    SimulatedServer::new(counting, LimitDescription::Limit, Instant::now());
                let (refusals, seconds) = send(server.used(used), parallelism, latency);
                let rate = f64::from(REQUESTS + used) / seconds / f64::from(LIMIT);
                let situation = format!(
                    "{counting:?}, {used} used, {parallelism} at once, {latency} ms: {refusals} refused, {rate:.3} of the rate"
                );
                assert!(rate >= 0.95 && refusals * 100 < REQUESTS, "{situation}");
            }
        }
    }
}

#[test]
fn a_reset_at_a_whole_second_costs_no_rate_even_if_the_clocks_differ() {
    for counting in
        [Counting::Fixed(0), Counting::Fixed(500), Counting::Fixed(950), Counting::FromFirst]
    {
        for clock in [0, 400, 5000, -5000] {
            for latency in [2, 50] {
                let says = LimitDescription::Ends(clock);
                let (refusals, seconds) = run(counting, says, 16, latency);
                let rate = f64::from(REQUESTS) / seconds / f64::from(LIMIT);
                let situation = format!(
                    "{counting:?}, {clock} ms, latency {latency} ms: {refusals} refused, {rate:.3} of the rate"
                );
                // A wrong clock misleads until the second window, which shows the length.
                let most = if clock.abs() < 1000 { REQUESTS / 100 } else { REQUESTS / 33 };
                assert!(rate >= 0.95 && refusals < most, "{situation}");
            }
        }
    }
}

#[test]
fn after_a_storm_of_refusals_the_whole_rate_is_used_again() {
    let storm = Duration::from_secs(5);
    for latency in [2, 50] {
        let server =
            SimulatedServer::new(Counting::FromFirst, LimitDescription::Limit, Instant::now());
        let (refusals, seconds) = send(server.stormy(storm), 16, latency);
        let ideal = storm.as_secs_f64() + f64::from(REQUESTS) / f64::from(LIMIT);
        assert!(seconds <= ideal * 1.05, "{latency} ms: {seconds:.1} s of {ideal:.1}");
        // Half a window for each second of the storm.
        assert!(refusals <= 50, "{latency} ms: {refusals} refused");
    }
}
