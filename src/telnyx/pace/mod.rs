//! Pacing: requests approach the rate limit without exceeding it.
//!
//! All requests of a key share one [`Pace`], which follows the limit that the server describes. The first half
//! of the remaining requests is sent at once, which keeps a small plan fast. The rest is spread over the time
//! until the reset. If the server describes no limit, the rate is measured at its refusals.

mod headers;
mod pacer;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::time::{Instant, sleep_until};

use headers::RateLimit;
pub use headers::retry_after;
use pacer::Pacer;

/// The pace of one key.
#[derive(Debug, Default)]
pub(super) struct Pace {
    pacer: Mutex<Pacer>,
    /// The end of the current wait. Meaningless once it is past.
    held_until: Mutex<Option<Instant>>,
}

/// Permission for one request. Dropping it ends the request.
pub(super) struct Leave<'a> {
    pace: &'a Pace,
    request: Option<u64>,
}

impl Pace {
    /// Waits until the next request may be sent.
    pub(super) async fn leave(&self) -> Leave<'_> {
        loop {
            let now = Instant::now();
            let decision = self.with(|pacer| pacer.ask(now.into_std()));
            let at = match decision {
                Ok(request) => {
                    return Leave { pace: self, request: Some(request) };
                }
                Err(at) => at,
            };
            let wait = at.saturating_duration_since(now.into_std());
            if wait.as_secs() >= 5 {
                tracing::info!(seconds = wait.as_secs(), "waiting for the rate limit");
            }
            *self.held_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + wait);
            sleep_until(now + wait).await;
        }
    }

    /// The remaining wait for the rate limit.
    pub(super) fn held(&self) -> Duration {
        let until = *self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Pacer) -> T) -> T {
        act(&mut self.pacer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Leave<'_> {
    /// Records the limit that an answer describes.
    pub(super) fn answered(mut self, status: StatusCode, headers: &HeaderMap) {
        let Some(request) = self.request.take() else {
            return;
        };
        let said = RateLimit::read(headers, jiff::Timestamp::now());
        let refused = status == StatusCode::TOO_MANY_REQUESTS;
        let now = Instant::now().into_std();
        self.pace.with(|pacer| pacer.answered(request, now, refused, &said));
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.pace.with(|pacer| pacer.lost(request));
        }
    }
}
