//! Why a state file could not be read, held or written.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Holder;
use crate::model::{AccountId, Email, is_harmful};

/// Why a state file could not be read, held or written. Texts from a file are made harmless here.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// `--state` names a bucket.
    #[error("{place} names a bucket: this build has no bucket state")]
    NoBucket {
        /// What was named.
        place: String,
    },
    /// `--state` names a folder of a bucket where the state itself has to be named.
    #[error("{place} names a folder of state files, not a state file")]
    NoObject {
        /// What was named.
        place: String,
    },
    /// `--state` names nothing that we know.
    #[error("{place} names no place for a state file")]
    NoPlace {
        /// What was named.
        place: String,
    },
    /// Somebody else holds the lock.
    #[error("the state {place} is in use by {}", by(holder.as_deref()))]
    Locked {
        /// Where the state is.
        place: String,
        /// Who holds it. `None`: its lock does not say.
        holder: Option<Box<Holder>>,
    },
    /// The lock was ours, and is not any more.
    #[error("the lock of the state {place} was lost")]
    LockLost {
        /// Where the state is.
        place: String,
    },
    /// There is no lock to break.
    #[error("nobody holds the lock of the state {place}")]
    NotLocked {
        /// Where the state is.
        place: String,
    },
    /// The lock that is there is not the one that was to be broken.
    #[error("that is not the lock of the state {place}: it is in use by {holder}")]
    OtherLock {
        /// Where the state is.
        place: String,
        /// Who holds the one that is there.
        holder: Box<Holder>,
    },
    /// The lock of a file was to be broken.
    #[error("the lock of a file has no id")]
    NoLease,
    /// The object of a lock is not one that we write.
    #[error("the lock {place} is damaged")]
    LockDamaged {
        /// Where the lock is.
        place: String,
    },
    /// It is not what was once written.
    #[error("the state {place} is damaged: {why}")]
    Damaged {
        /// Where the state is.
        place: String,
        /// What is wrong with it.
        why: Damage,
    },
    /// A newer program has written it.
    #[error("the state {place} has format_version {version}; this program knows 1")]
    Newer {
        /// Where the state is.
        place: String,
        /// The version it has.
        version: u64,
    },
    /// It belongs to something else.
    #[error("the state {place} belongs to {} {theirs}, not to {ours}", what.words())]
    Foreign {
        /// Where the state is.
        place: String,
        /// What differs.
        what: Mismatch,
        /// What the state has.
        theirs: String,
        /// What this run has.
        ours: String,
    },
    /// Somebody has written or removed it while we held its lock.
    #[error("the state {place} was changed by somebody who does not hold its lock")]
    Conflict {
        /// Where the state is.
        place: String,
    },
    /// A create that may have been sent, or was acknowledged, is not sent again.
    #[error("a create of {email} has been sent before; it is not sent again")]
    SentBefore {
        /// The account that was to be created.
        email: String,
        /// What Telnyx has created. `None`: nobody knows.
        id: Option<AccountId>,
    },
    /// The operating system said no.
    #[error("{doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: String,
        /// What it said.
        source: Arc<io::Error>,
    },
    /// The bucket, or the way to it, said no.
    #[error("{doing} {place}: {why}")]
    Bucket {
        /// What was being done.
        doing: &'static str,
        /// To what.
        place: String,
        /// What is wrong, in our own words.
        why: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The journal has ended.
    #[error("the state {place} was closed")]
    Closed {
        /// Where the state is.
        place: String,
    },
}

/// What is wrong with a damaged state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// There is a file, and nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It ends or breaks off somewhere, or was never JSON.
    #[error("the file is not whole")]
    Torn,
    /// It is JSON, and not byte for byte what was written.
    #[error("its content does not fit its check; it was changed or is damaged")]
    Check,
    /// It is as it was written, and still not a state file.
    #[error("{0}")]
    Form(String),
}

/// What a state file and a run have to have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The label of the organization.
    Organization,
    /// The manager of the accounts.
    Manager,
    /// Where the API is.
    BaseUrl,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoBucket { .. } => {
                Some("name a file, say --state none, or use a build with the feature object-store")
            }
            Self::NoObject { .. } => Some("name the state itself, as in s3://bucket/acme.json"),
            Self::NoPlace { .. } => Some(
                "it looks like acme.json, file:///var/lib/trunkline/acme.json, s3://bucket/folder, memory: or none",
            ),
            Self::Locked { holder: Some(holder), .. } if holder.lease.is_some() => Some(
                "wait for it with --lock-timeout 5m; that of a process that was killed expires, and state unlock ID breaks it",
            ),
            Self::Locked { .. } => {
                Some("wait for it with --lock-timeout 5m; a process that has ended holds nothing")
            }
            Self::LockLost { .. } => Some(
                "it could not be renewed, or somebody has broken it; run the command again: it reads everything anew",
            ),
            Self::NotLocked { .. } => Some("there is nothing to break"),
            Self::OtherLock { .. } | Self::NoLease => {
                Some("leave the id out to see who holds the lock")
            }
            Self::LockDamaged { .. } => {
                Some("see who else writes there; once nobody uses the state, remove that object")
            }
            Self::Damaged { .. } => Some(
                "restore it from a copy; before you move it away, look in the portal for creates under way: an empty state has forgotten them",
            ),
            Self::Newer { .. } => Some("use the trunkline that has written it, or a newer one"),
            Self::Foreign { what, .. } => Some(what.hint()),
            Self::Conflict { .. } => Some(
                "see who else writes there, then run the command again: it reads everything anew",
            ),
            Self::SentBefore { .. } => {
                Some("see trunkline state show, and settle it with trunkline state resolve")
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::Unsupported => {
                Some("keep the state on a file system that has locks, or say --state none")
            }
            Self::Io { .. } => Some("another place can be named with --state; none keeps nothing"),
            Self::Bucket { hint, .. } => Some(hint),
            Self::Closed { .. } => None,
        }
    }

    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: shown(path), source: Arc::new(source) }
    }

    pub(super) fn sent_before(email: &Email, id: Option<&AccountId>) -> Self {
        Self::SentBefore { email: plain(email.as_str()), id: id.cloned() }
    }
}

impl Mismatch {
    fn words(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Manager => "manager",
            Self::BaseUrl => "the API at",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Organization => "name the state of this organization with --state",
            Self::Manager => "use the key of that manager, or name another state with --state",
            Self::BaseUrl => "correct the base URL, or name another state with --state",
        }
    }
}

fn by(holder: Option<&Holder>) -> String {
    holder.map_or("another process".to_owned(), ToString::to_string)
}

/// A path in a message.
pub(super) fn shown(path: &Path) -> String {
    plain(&path.display().to_string())
}

/// A text of somebody else, fit for one line.
pub(super) fn plain(text: &str) -> String {
    let escape = |c: char| if is_harmful(c) { c.escape_unicode().to_string() } else { c.into() };
    text.chars().map(escape).collect()
}
