//! A whole process: its time from start to end, and its peak memory.

use std::io;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The interval between two looks at a process.
const TICK: Duration = Duration::from_millis(1);

/// One run of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    /// The peak of the resident memory in MiB.
    pub(crate) memory: f64,
}

/// Runs a command, which must succeed, and measures it.
pub(crate) fn run(command: &mut Command) -> io::Result<Run> {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stdin(Stdio::null()).spawn()?;
    let mut memory = 0.0;
    let status = loop {
        // The kernel keeps the peak until the end; the last look is at most a tick before.
        memory = peak(&child).unwrap_or(memory);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        sleep(TICK);
    };
    let seconds = begun.elapsed().as_secs_f64();
    if !status.success() {
        return Err(io::Error::other(format!("{command:?} ended with {status}")));
    }
    Ok(Run { seconds, memory })
}

fn peak(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The run of median time.
pub(crate) fn median(mut runs: Vec<Run>) -> Option<Run> {
    runs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    runs.get(runs.len() / 2).copied()
}
