//! Whose turn it is to watch, where several daemons could: the lease of one of them.

use super::bucket::BucketHold;

/// The turn to watch an organization. In a bucket it is a lease that is renewed as long as this lives; elsewhere
/// nobody else is asked, and it always is ours.
///
/// It is no lock of the state: who has it writes under that lock like anybody else.
#[derive(Debug)]
pub struct Turn(Option<BucketHold>);

impl Turn {
    /// Of somebody who shares with nobody.
    #[must_use]
    pub fn alone() -> Self {
        Self(None)
    }

    pub(super) fn leased(hold: BucketHold) -> Self {
        Self(Some(hold))
    }

    /// Whether it still is ours. Once it is not it never is again.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.0.as_ref().is_none_or(|hold| hold.check().holds())
    }

    /// Leaves it to others: they have it when this returns, or, when the bucket cannot be reached, once it expires.
    pub async fn release(self) {
        if let Some(hold) = self.0 {
            hold.release().await;
        }
    }
}
