//! Progress of a command: a line on a terminal, cleared when it ends, and a message for each long wait.

use std::convert::Infallible;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::global::Global;
use super::terminal;
use crate::telnyx::Reader;

/// The interval between two updates.
const TICK: Duration = Duration::from_millis(120);
/// Waits for the rate limit from this length on are reported.
const LONG: Duration = Duration::from_secs(5);

/// A progress line on stderr, cleared when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
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
        Self { bar, quiet: global.quiet }
    }

    /// Progress of a number of actions, each a [`step`](Self::step).
    pub(super) fn of_actions(global: &Global, actions: usize) -> Self {
        let template = "{spinner} {pos}/{len} [{bar:30}] {per_sec}, {eta} left {msg}";
        Self::new(global, u64::try_from(actions).ok(), template)
    }

    pub(super) fn step(&self) {
        self.bar.inc(1);
    }

    /// Clears the line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Awaits a read, and shows the number of answers so far.
    pub(super) async fn reading<T>(
        global: &Global,
        reader: &Reader,
        read: impl Future<Output = T>,
    ) -> T {
        let progress = Self::new(global, None, "{spinner} {msg} ({elapsed})");
        let answers = |answered: u64| {
            format!("reading: {answered} {}", if answered == 1 { "answer" } else { "answers" })
        };
        progress.during(reader, answers, read).await
    }

    /// Awaits work, and shows its waits for the rate limit. `describe` names what is done, by the
    /// number of answers.
    pub(super) async fn during<T>(
        &self,
        reader: &Reader,
        describe: impl Fn(u64) -> String,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::select! {
            done = work => done,
            never = self.watch(reader, describe) => match never {},
        }
    }

    async fn watch(&self, reader: &Reader, describe: impl Fn(u64) -> String) -> Infallible {
        let mut reported = false;
        loop {
            let now = reader.progress();
            let waiting = now.held.as_secs();
            let reason = format!("waiting {waiting} s for the rate limit");
            if now.held.is_zero() {
                reported = false;
            } else if now.held >= LONG && !reported {
                reported = true;
                if !self.quiet {
                    self.bar.suspend(|| terminal::say(&reason));
                }
            }
            let suffix = if waiting > 0 { format!(", {reason}") } else { String::new() };
            self.bar.set_message(describe(now.answered) + &suffix);
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
