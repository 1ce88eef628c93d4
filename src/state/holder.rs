//! Who holds the lock of a state file, for the message to who does not get it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::plain;

/// Who holds the lock of a state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// When it took the lock: a time of RFC 3339.
    pub since: String,
    /// What it does, for example `apply`.
    pub command: String,
    /// The machine on which it runs. `None`: this one, as for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Until when it holds the lock. `None`: until the process ends.
    #[serde(skip)]
    pub lease: Option<Lease>,
}

/// A lock that expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The random word that breaks it.
    pub id: String,
    /// How often the lock was taken.
    pub epoch: u64,
    /// When it expires unless it is renewed: a time of RFC 3339, by the clock of the bucket.
    pub until: String,
}

impl Holder {
    /// What the daemon says that it does: it holds a lock for the moment of one write.
    pub const DAEMON: &'static str = "daemon";

    /// This process, from now on.
    #[must_use]
    pub fn this(command: &str) -> Self {
        // Fractions of a second tell a person nothing.
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

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, since, command, host, lease } = self;
        write!(f, "process {pid} ({})", plain(command))?;
        if let Some(host) = host {
            write!(f, " on {}", plain(host))?;
        }
        write!(f, " since {}", plain(since))?;
        if let Some(Lease { id, epoch: _, until }) = lease {
            write!(f, ", leased until {until}; its lock has the id {}", plain(id))?;
        }
        Ok(())
    }
}
