//! The current state. Readers never wait for a writer. Writers run one at a time; each changes a copy, which becomes
//! the state once it is on disk.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::Mutex;

use super::{delay::Delays, fault::Refusal, file::DataFile, seed, state::SandboxState};

pub(super) struct SandboxStore {
    current: RwLock<Arc<SandboxState>>,
    writer: Mutex<()>,
    file: Option<DataFile>,
    pub(super) delays: Delays,
}

impl SandboxStore {
    pub(super) fn new(state: SandboxState, file: Option<DataFile>) -> Self {
        Self {
            current: RwLock::new(Arc::new(state)),
            writer: Mutex::new(()),
            file,
            delays: Delays::default(),
        }
    }

    /// A snapshot of the state.
    pub(super) fn read(&self) -> Arc<SandboxState> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The state that lists show, which may lag behind.
    pub(super) fn listed(&self) -> Arc<SandboxState> {
        self.delays.listed(self.read())
    }

    /// Applies a change atomically. Returns its result, and the state after it.
    ///
    /// It runs in its own task, so that a change that is on disk becomes the state even if the client disconnects.
    pub(super) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        with: impl FnOnce(&mut SandboxState) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<(T, Arc<SandboxState>), Refusal> {
        let store = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _turn = store.writer.lock().await;
            let before = store.read();
            let mut changed = SandboxState::clone(&before);
            let result = with(&mut changed)?;
            let changed = Arc::new(changed);
            store.keep(&changed).await?;
            store.delays.changed(before);
            *store.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&changed);
            Ok((result, changed))
        });
        work.await.unwrap_or(Err(Refusal::NotKept))
    }

    async fn keep(&self, state: &Arc<SandboxState>) -> Result<(), Refusal> {
        let Some(file) = self.file.clone() else {
            return Ok(());
        };
        let state = Arc::clone(state);
        let written = tokio::task::spawn_blocking(move || write(&file, &state)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "the sandbox could not write its data file");
                Err(Refusal::NotKept)
            }
            Err(_) => Err(Refusal::NotKept),
        }
    }
}

/// Writes a state to its file, before the change becomes visible.
pub(super) fn write(file: &DataFile, state: &SandboxState) -> io::Result<()> {
    file.replace(&seed::to_json(state)?)
}
