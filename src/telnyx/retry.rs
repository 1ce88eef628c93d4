//! Whether a request that failed is sent again, and when.

use std::time::{Duration, Instant};

use super::error::{AnswerFault, ErrorKind};

/// What sending a request twice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resend {
    /// Nothing more than once: a read, or setting something to a value.
    Harmless,
    /// Perhaps a second account: only when not one byte has left, or when it was refused with a 429.
    Creates,
}

/// How long and how often requests are sent again.
#[derive(Clone, Copy, Debug)]
pub struct RetryBudget {
    /// The upper end of the first wait; it doubles with every attempt.
    pub first_wait: Duration,
    /// The longest wait between two attempts.
    pub longest_wait: Duration,
    /// How many more attempts a failing request gets.
    pub attempts: u32,
    /// How long after its first failure no further attempt is begun.
    pub total: Duration,
    /// How many more attempts a rate-limited request gets. Its waits are the server's to choose.
    pub rate_limited: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(8),
            attempts: 4,
            total: Duration::from_secs(90),
            rate_limited: 10,
        }
    }
}

/// The attempts of one request.
pub(super) struct Attempts {
    resend: Resend,
    budget: RetryBudget,
    /// Waiting for one's turn before that is no failure, however long it takes.
    failing_since: Option<Instant>,
    failures: u32,
    refusals: u32,
}

impl Attempts {
    pub(super) fn new(resend: Resend, budget: RetryBudget) -> Self {
        Self { resend, budget, failing_since: None, failures: 0, refusals: 0 }
    }

    /// How often the request was sent.
    pub(super) fn count(&self) -> u32 {
        self.failures + self.refusals
    }

    /// Takes note of a failure: how long to wait before the request is sent again, or `None` when it is not.
    pub(super) fn after(&mut self, kind: &ErrorKind, now: Instant) -> Option<Duration> {
        if *kind == ErrorKind::RateLimited {
            self.refusals += 1;
            // The pacer holds back every request of this key for as long as the server asked.
            return (self.refusals <= self.budget.rate_limited).then_some(Duration::ZERO);
        }
        self.failures += 1;
        let allowed = match self.resend {
            Resend::Harmless => is_passing(kind),
            Resend::Creates => matches!(kind, ErrorKind::Connect(_)),
        };
        let since = *self.failing_since.get_or_insert(now);
        let wait = self.wait();
        let in_budget = self.failures <= self.budget.attempts
            && now.duration_since(since) + wait <= self.budget.total;
        (allowed && in_budget).then_some(wait)
    }

    /// Half of the doubled wait and a random part of the other half: many clients do not come back together.
    fn wait(&self) -> Duration {
        let doubled = self.budget.first_wait.saturating_mul(1 << (self.failures - 1).min(16));
        doubled.min(self.budget.longest_wait).mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// Whether the same request may well succeed in a moment.
fn is_passing(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Connect(_)
        | ErrorKind::Timeout
        | ErrorKind::Broken(_)
        | ErrorKind::RateLimited => true,
        ErrorKind::Server(status) => *status != 501,
        ErrorKind::Rejected(status) => *status == 408,
        ErrorKind::Answer(fault) => match fault {
            AnswerFault::Empty | AnswerFault::Html | AnswerFault::Cut | AnswerFault::NotJson => {
                true
            }
            AnswerFault::Shape(_) | AnswerFault::NoMeta | AnswerFault::TooLarge(_) => false,
        },
        ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::Certificate(_)
        | ErrorKind::Invalid(_)
        | ErrorKind::Redirected(_)
        | ErrorKind::BadId
        | ErrorKind::Stopped
        | ErrorKind::Fenced { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(resend: Resend, kind: &ErrorKind) -> bool {
        let now = Instant::now();
        Attempts::new(resend, RetryBudget::default()).after(kind, now).is_some()
    }

    #[test]
    fn a_create_is_sent_again_only_if_nothing_left_or_on_429() {
        let all = [
            (ErrorKind::Connect(String::new()), true),
            (ErrorKind::RateLimited, true),
            (ErrorKind::Timeout, false),
            (ErrorKind::Broken(String::new()), false),
            (ErrorKind::Server(500), false),
            (ErrorKind::Server(502), false),
            (ErrorKind::Server(503), false),
            (ErrorKind::Rejected(408), false),
            (ErrorKind::Answer(AnswerFault::Cut), false),
            (ErrorKind::Answer(AnswerFault::Html), false),
            (ErrorKind::Invalid(422), false),
        ];
        for (kind, sent_again) in all {
            assert_eq!(again(Resend::Creates, &kind), sent_again, "{kind:?}");
        }
    }

    #[test]
    fn what_is_harmless_is_sent_again_unless_the_answer_is_final() {
        for kind in
            [ErrorKind::Timeout, ErrorKind::Server(502), ErrorKind::Answer(AnswerFault::Html)]
        {
            assert!(again(Resend::Harmless, &kind), "{kind:?}");
        }
        for kind in [
            ErrorKind::Unauthorized,
            ErrorKind::NotFound,
            ErrorKind::Invalid(422),
            ErrorKind::Answer(AnswerFault::NoMeta),
        ] {
            assert!(!again(Resend::Harmless, &kind), "{kind:?}");
        }
    }

    #[test]
    fn waits_grow_with_jitter_and_end_with_the_budget() {
        let begun = Instant::now();
        let budget = RetryBudget::default();
        let mut attempts = Attempts::new(Resend::Harmless, budget);
        for doubled in [250, 500, 1000, 2000] {
            let wait = attempts.after(&ErrorKind::Timeout, begun).unwrap();
            assert!(
                wait >= Duration::from_millis(doubled / 2)
                    && wait <= Duration::from_millis(doubled),
                "{wait:?}"
            );
        }
        assert_eq!(attempts.after(&ErrorKind::Timeout, begun), None, "the attempts are used up");
        let mut late = Attempts::new(Resend::Harmless, budget);
        assert!(late.after(&ErrorKind::Timeout, begun).is_some());
        assert_eq!(
            late.after(&ErrorKind::Timeout, begun + budget.total),
            None,
            "the time is used up"
        );
    }
}
