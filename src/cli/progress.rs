//! Progress of a command: a line on a terminal, cleared when it ends, and a message for each long wait.

use std::convert::Infallible;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::global::Global;
use super::terminal;
use crate::telnyx::{Reader, RequestProgress};

/// The interval between two updates.
const TICK: Duration = Duration::from_millis(120);
/// Waits for the rate limit from this length on are reported.
const LONG: Duration = Duration::from_secs(5);
/// The time and the actions from which the rate is known.
const KNOWN: (Duration, u64) = (Duration::from_secs(2), 5);

/// A progress line on stderr, cleared when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
}

impl Progress {
    fn new(global: &Global, length: Option<u64>, template: &str) -> Self {
        let shown = terminal::shows_progress(global) && length != Some(0);
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(length, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&rate(state.pos(), state.len(), state.elapsed()));
            };
            bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
        }
        if shown {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, quiet: global.quiet }
    }

    /// Progress of a number of actions, each a [`step`](Self::step).
    pub(super) fn of_actions(global: &Global, actions: usize) -> Self {
        let template = "{spinner} applying: {pos} of {len} [{bar:20}]{rate}{msg}";
        Self::new(global, u64::try_from(actions).ok(), template)
    }

    pub(super) fn step(&self) {
        self.bar.inc(1);
    }

    /// Clears the line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Awaits a read, and shows the pages so far.
    pub(super) async fn reading<T>(
        global: &Global,
        reader: &Reader,
        read: impl Future<Output = T>,
    ) -> T {
        let progress = Self::new(global, None, "{spinner} {msg} ({elapsed})");
        progress.during(reader, pages, read).await
    }

    /// Awaits work, and shows its waits for the rate limit. `describe` names what is done so far.
    pub(super) async fn during<T>(
        &self,
        reader: &Reader,
        describe: impl Fn(RequestProgress) -> String,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::select! {
            done = work => done,
            never = self.watch(reader, describe) => match never {},
        }
    }

    async fn watch(
        &self,
        reader: &Reader,
        describe: impl Fn(RequestProgress) -> String,
    ) -> Infallible {
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
            self.bar.set_message(describe(now) + &suffix);
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The lists that were read so far.
fn pages(progress: RequestProgress) -> String {
    let RequestProgress { account_pages, user_pages, answered, held: _ } = progress;
    let counted =
        |number: u64, noun| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let lists = [("accounts", account_pages), ("users", user_pages)];
    let lists = lists.into_iter().filter(|(_, pages)| *pages > 0);
    let lists: Vec<String> =
        lists.map(|(name, pages)| format!("{name}: {}", counted(pages, "page"))).collect();
    if lists.is_empty() {
        return format!("reading: {}", counted(answered, "answer"));
    }
    format!("reading {}", lists.join(", "))
}

/// The rate and the time left, once they are known.
fn rate(done: u64, all: Option<u64>, elapsed: Duration) -> String {
    let (time, actions) = KNOWN;
    if elapsed < time || done < actions {
        return String::new();
    }
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = match done.saturating_mul(1_000) / milliseconds {
        0 => format!("{} per minute", done.saturating_mul(60_000) / milliseconds),
        rate => format!("{rate} per second"),
    };
    let left = all.unwrap_or(done).saturating_sub(done);
    // Rounded up, so that the last action is not announced as done.
    let left = match left.saturating_mul(milliseconds).div_ceil(done.saturating_mul(1_000)) {
        0 => return format!(" {rate}"),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    };
    format!(" {rate}, about {left} left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_shown_once_it_is_known() {
        let rate = |done, seconds| rate(done, Some(120), Duration::from_secs(seconds));
        assert_eq!(rate(0, 60), "", "nothing is done");
        assert_eq!(rate(40, 1), "", "too early");
        assert_eq!(rate(40, 10), " 4 per second, about 20 s left");
        assert_eq!(rate(10, 60), " 10 per minute, about 11 min left");
        assert_eq!(rate(120, 10), " 12 per second");
    }

    #[test]
    fn a_read_names_its_lists() {
        let read = |account_pages, user_pages| {
            pages(RequestProgress { account_pages, user_pages, answered: 1, held: Duration::ZERO })
        };
        assert_eq!(read(0, 0), "reading: 1 answer");
        assert_eq!(read(12, 0), "reading accounts: 12 pages");
        assert_eq!(read(12, 1), "reading accounts: 12 pages, users: 1 page");
    }
}
