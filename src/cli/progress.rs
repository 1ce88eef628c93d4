//! Progress of a command, shown on a terminal and cleared when it ends.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::global::Global;
use super::terminal;
use crate::telnyx::Reader;

/// The interval between two updates.
const TICK: Duration = Duration::from_millis(120);

/// A progress line on stderr, cleared when it is dropped.
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

    /// Progress of a number of actions, each a [`step`](Self::step).
    pub(super) fn of_actions(global: &Global, actions: usize) -> Self {
        let template = "{spinner} {pos}/{len} [{bar:30}] {per_sec}, {eta} left";
        Self::new(global, u64::try_from(actions).ok(), template)
    }

    pub(super) fn step(&self) {
        self.bar.inc(1);
    }

    /// Clears the line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Awaits a read, and shows the number of answers so far and any wait for the rate limit.
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
                    seconds => format!(", waiting {seconds} s for the rate limit"),
                };
                let noun = if now.answered == 1 { "answer" } else { "answers" };
                progress.bar.set_message(format!("reading: {} {noun}{held}", now.answered));
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
