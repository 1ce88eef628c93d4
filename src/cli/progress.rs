//! How far a command is, for people at a terminal: on stderr, and gone when it ends.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::global::Global;
use super::terminal;
use crate::telnyx::Reader;

/// How often what is shown is brought up to date.
const TICK: Duration = Duration::from_millis(120);

/// Something that takes a while. Dropping it clears what is shown.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new(global: &Global, length: Option<u64>, template: &str) -> Self {
        let shown = terminal::shows_progress(global);
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(length, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        if shown {
            bar.enable_steady_tick(TICK);
        }
        Self { bar }
    }

    /// So many actions, each a [`step`](Self::step).
    pub(super) fn of_actions(global: &Global, actions: usize) -> Self {
        let template = "{spinner} {pos}/{len} [{bar:30}] {per_sec}, {eta} left";
        Self::new(global, u64::try_from(actions).ok(), template)
    }

    pub(super) fn step(&self) {
        self.bar.inc(1);
    }

    /// Takes away what is shown.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Waits for a read, showing how many answers it has got so far.
    pub(super) async fn reading<T>(
        global: &Global,
        reader: &Reader,
        read: impl Future<Output = T>,
    ) -> T {
        let progress = Self::new(global, None, "{spinner} {msg} ({elapsed})");
        let show = async {
            loop {
                let now = reader.progress();
                let held = match now.held.as_secs() {
                    0 => String::new(),
                    seconds => format!(", {seconds} s until the rate limit allows more"),
                };
                progress.bar.set_message(format!("reading: {} answers{held}", now.answered));
                tokio::time::sleep(TICK).await;
            }
        };
        tokio::select! {
            done = read => done,
            never = show => match never {},
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
