//! A last check before a request is sent.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::error::ErrorKind;

/// A condition under which changes may be sent, such as a lock that is still held.
///
/// It is checked after every wait of a request: for the rate limit, a free slot, a connection. A process that was
/// suspended in one of them, and has lost its lock, sends nothing when it resumes.
#[derive(Clone)]
pub struct Fence(Arc<dyn Fn() -> bool + Send + Sync>);

impl Fence {
    /// A fence that lets requests pass as long as `is_open` returns true.
    pub fn new(is_open: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_open))
    }

    /// Runs a request, and drops it at the first wake-up that finds the fence closed.
    pub(super) async fn guard<T>(&self, request: impl Future<Output = T>) -> Result<T, ErrorKind> {
        let mut request = pin!(request);
        let mut in_flight = false;
        poll_fn(|context| {
            if !(self.0)() {
                return Poll::Ready(Err(ErrorKind::Fenced { in_flight }));
            }
            in_flight = true;
            request.as_mut().poll(context).map(Ok)
        })
        .await
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_request_goes_no_further_once_the_fence_is_closed() {
        let open = Arc::new(AtomicBool::new(false));
        let is_open = Arc::clone(&open);
        let fence = Fence::new(move || is_open.load(Ordering::Relaxed));
        let closed = fence.guard(async { panic!("the request was polled") }).await;
        assert_eq!(closed, Err::<(), _>(ErrorKind::Fenced { in_flight: false }));
        open.store(true, Ordering::Relaxed);
        assert_eq!(fence.guard(async { 1 }).await, Ok(1));
        let connecting = async {
            open.store(false, Ordering::Relaxed);
            tokio::task::yield_now().await;
            panic!("the request went on after its connection was made");
        };
        assert_eq!(
            fence.guard(connecting).await,
            Err::<(), _>(ErrorKind::Fenced { in_flight: true })
        );
    }
}
