//! The holder of a lock, for messages of other processes.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::plain;

/// The holder of the lock of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process id.
    pub pid: u32,
    /// The time at which it acquired the lock, as RFC 3339.
    pub since: String,
    /// The command, for example `apply`.
    pub command: String,
    /// The host. `None`: this one, as for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The lease. `None`: the lock is held until the process ends.
    #[serde(skip)]
    pub lease: Option<Lease>,
}

/// A lock that expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The random id that force-releases it.
    pub id: String,
    /// The number of times that the lock was acquired.
    pub epoch: u64,
    /// The time of expiry unless it is renewed, as RFC 3339, by the clock of the bucket.
    pub until: String,
}

impl LockHolder {
    /// The command of the daemon, which holds a lock for one write only.
    pub const DAEMON: &'static str = "daemon";

    /// This process, holding the lock from now on.
    #[must_use]
    pub fn this(command: &str) -> Self {
        // Whole seconds are enough for a message.
        let now = Timestamp::now();
        let since = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
        Self {
            pid: std::process::id(),
            since,
            command: command.to_owned(),
            host: None,
            lease: None,
        }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, since, command, host, lease } = self;
        write!(f, "process {pid} ({})", plain(command))?;
        if let Some(host) = host {
            write!(f, " on {}", plain(host))?;
        }
        write!(f, " since {}", plain(since))?;
        if let Some(Lease { id, epoch: _, until }) = lease {
            write!(f, ", lease expires at {until}; lock id {}", plain(id))?;
        }
        Ok(())
    }
}
