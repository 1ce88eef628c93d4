//! Retries: which failed requests are sent again, and after which wait.

use std::time::{Duration, Instant};

use super::error::{AnswerFault, ErrorKind};

/// The effect of sending a request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resend {
    /// The same as once: a read, or setting a field to a value.
    Harmless,
    /// Possibly a second account. Retried only if no byte was sent, or after a 429.
    Creates,
}

/// The limits of retries.
#[derive(Clone, Copy, Debug)]
pub struct RetryBudget {
    /// The maximum of the first wait. It doubles with every attempt.
    pub first_wait: Duration,
    /// The maximum wait between two attempts.
    pub longest_wait: Duration,
    /// The maximum number of retries of a failing request.
    pub attempts: u32,
    /// The time after the first failure in which attempts may begin.
    pub total: Duration,
    /// The maximum number of retries of a rate-limited request. The server determines its waits.
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
    /// Set at the first failure. Earlier waits for the rate limit do not count.
    failing_since: Option<Instant>,
    failures: u32,
    refusals: u32,
}

impl Attempts {
    pub(super) fn new(resend: Resend, budget: RetryBudget) -> Self {
        Self { resend, budget, failing_since: None, failures: 0, refusals: 0 }
    }

    /// The number of attempts.
    pub(super) fn count(&self) -> u32 {
        self.failures + self.refusals
    }

    /// Records a failure, and returns the wait before the next attempt, or `None` if there is none.
    pub(super) fn after(&mut self, kind: &ErrorKind, now: Instant) -> Option<Duration> {
        if *kind == ErrorKind::RateLimited {
            self.refusals += 1;
            // The pacer delays every request of this key for as long as the server requests.
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

    /// Half of the doubled wait plus a random part of the other half, so that clients do not retry at once.
    fn wait(&self) -> Duration {
        let doubled = self.budget.first_wait.saturating_mul(1 << (self.failures - 1).min(16));
        doubled.min(self.budget.longest_wait).mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// Returns true if the same request may soon succeed.
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
            AnswerFault::Shape(_) | AnswerFault::TooLarge(_) => false,
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
        for kind in [ErrorKind::Unauthorized, ErrorKind::NotFound, ErrorKind::Invalid(422)] {
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
