//! A read that begins before the manifest is known, so that both are ready at the same time.

use tokio_util::task::AbortOnDropHandle;

use super::{Lists, Needs, read};
use crate::model::{Desired, Live};
use crate::telnyx::{Error, Reader};

/// The lists that a manifest seems to need, being read. Dropping it ends the read.
#[derive(Debug)]
pub struct EarlyRead {
    reader: Reader,
    needs: Needs,
    lists: AbortOnDropHandle<Lists>,
}

impl EarlyRead {
    /// Begins to read. Must be called within a runtime.
    #[must_use]
    pub fn begin(reader: Reader, needs: Needs) -> Self {
        let of_task = reader.clone();
        // Boxed: the read is large.
        let reading = tokio::spawn(async move { Box::pin(Lists::read(&of_task, needs)).await });
        Self { reader, needs, lists: AbortOnDropHandle::new(reading) }
    }

    /// Completes the read for a manifest. If that needs other lists than it seemed to, they are read from the start.
    pub(super) async fn finish(self, desired: &Desired) -> Result<Live, Error> {
        let Self { reader, needs, lists } = self;
        if needs == Needs::of(desired)
            && let Ok(lists) = lists.await
        {
            return Box::pin(lists.complete(&reader, desired)).await;
        }
        read(&reader, desired).await
    }
}
