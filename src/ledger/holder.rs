//! Who holds the lock of a ledger, for the message to who does not get it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::plain;

/// Who holds the lock of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// When it took the lock: a time of RFC 3339.
    pub since: String,
    /// What it does, for example `apply`.
    pub command: String,
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
        Self { pid: std::process::id(), since, command: command.to_owned() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, since, command } = self;
        write!(f, "process {pid} ({}) since {}", plain(command), plain(since))
    }
}
