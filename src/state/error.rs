//! Errors of reading, locking and writing a state.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::LockHolder;
use crate::model::{AccountId, Email, is_harmful, shell_word};

/// An error of reading, locking or writing a state. Texts from files are escaped before they get here.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// `--state` names a bucket in a build without the feature `object-store`.
    #[error("{place} names a bucket, but this build does not support a state in a bucket")]
    NoBucket {
        /// The text of `--state`.
        place: String,
    },
    /// `--state` names a place in Kubernetes in a build without the feature `kubernetes`.
    #[error("{place} names a Secret, but this build does not support a state in Kubernetes")]
    NoKubernetes {
        /// The text of `--state`.
        place: String,
    },
    /// `--state` names a namespace, and the organization is unknown.
    #[error("{place} names a namespace, not a state")]
    NoSecret {
        /// The text of `--state`.
        place: String,
    },
    /// `--state` names a folder of a bucket, and the organization is unknown.
    #[error("{place} names a folder of states, not a state")]
    NoObject {
        /// The text of `--state`.
        place: String,
    },
    /// `--state` is invalid.
    #[error("{place} is not a location of a state")]
    NoPlace {
        /// The text of `--state`.
        place: String,
    },
    /// Another process holds the lock.
    #[error("the state {place} is locked by {}", holder.as_deref().map_or("another process".to_owned(), ToString::to_string))]
    Locked {
        /// The location of the state.
        place: String,
        /// The holder. `None`: the lock does not name it.
        holder: Option<Box<LockHolder>>,
    },
    /// The lock was ours and no longer is.
    #[error("the lock of the state {place} was lost")]
    LockLost {
        /// The location of the state.
        place: String,
    },
    /// A lock to be force-released is free.
    #[error("the state {place} is not locked")]
    NotLocked {
        /// The location of the state.
        place: String,
    },
    /// A lock to be force-released has another id.
    #[error("the lock of the state {place} has another id: it is held by {holder}")]
    OtherLock {
        /// The location of the state.
        place: String,
        /// The holder of the lock.
        holder: Box<LockHolder>,
    },
    /// The lock of a file was to be force-released.
    #[error("the lock of the state {place} cannot be force-released: it has no id")]
    NoLease {
        /// The location of the state.
        place: String,
    },
    /// The lock object has an unknown content.
    #[error("the lock {place} is damaged")]
    LockDamaged {
        /// The location of the lock.
        place: String,
    },
    /// The state is not what was written.
    #[error("the state {place} is damaged: {why}")]
    Damaged {
        /// The location of the state.
        place: String,
        /// The damage.
        why: Damage,
    },
    /// A newer version of the program wrote the state.
    #[error(
        "the state {place} has format_version {version}, but this version of trunkline supports 1"
    )]
    Newer {
        /// The location of the state.
        place: String,
        /// The version of its format.
        version: u64,
    },
    /// The state belongs to another organization, manager or API.
    #[error("the state {place} belongs to {} {theirs}, not to {ours}", what.noun())]
    Foreign {
        /// The location of the state.
        place: String,
        /// The field that differs.
        what: Mismatch,
        /// The value in the state.
        theirs: String,
        /// The value of this run.
        ours: String,
    },
    /// Another process wrote or removed the state while we held its lock.
    #[error("the state {place} was changed by a process that does not hold its lock")]
    Conflict {
        /// The location of the state.
        place: String,
    },
    /// A create that may have been sent, or was acknowledged, must not be sent again.
    #[error("a create of {email} was sent before and is not sent again")]
    SentBefore {
        /// The email of the account.
        email: String,
        /// The account that Telnyx created. `None`: the outcome is unknown.
        id: Option<AccountId>,
    },
    /// An error of the operating system.
    #[error("{doing} {path}")]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// The file.
        path: String,
        /// The error.
        source: Arc<io::Error>,
    },
    /// An error of a bucket or of the connection to it.
    #[error("{doing} {place}: {why}")]
    Bucket {
        /// The step that failed.
        doing: &'static str,
        /// The object.
        place: String,
        /// The reason, in our own words.
        why: String,
        /// The fix.
        hint: &'static str,
    },
    /// An error of Kubernetes or of the connection to it.
    #[error("{doing} {place}: {why}")]
    Kubernetes {
        /// The step that failed.
        doing: &'static str,
        /// The object.
        place: String,
        /// The reason.
        why: String,
        /// The HTTP status of the answer, if there was one.
        status: Option<u16>,
        /// The fix.
        hint: &'static str,
    },
    /// The state does not fit into the backend.
    #[error("writing {place}: the state needs {needed} bytes, but a Secret holds at most {limit}")]
    TooLarge {
        /// The location of the state.
        place: String,
        /// The size of the state, with all that an apply may still record.
        needed: usize,
        /// The largest size.
        limit: usize,
    },
    /// The journal was closed.
    #[error("the state {place} was closed")]
    Closed {
        /// The location of the state.
        place: String,
    },
}

/// The damage of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The file has no content.
    #[error("the file is empty")]
    Empty,
    /// The file was cut, or is not JSON.
    #[error("the file is incomplete or is not a state")]
    Torn,
    /// The checksum does not match.
    #[error("its checksum does not match its content; it was edited or is damaged")]
    Check,
    /// The checksum matches, but an entry is invalid.
    #[error("{0}")]
    Form(String),
}

/// A field that a state and a run must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The label of the organization.
    Organization,
    /// The manager of the accounts.
    Manager,
    /// The base URL of the API.
    BaseUrl,
}

impl Error {
    /// The fix.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoBucket { .. } => {
                "Name a file, use --state none, or use a build with the feature object-store."
                    .to_owned()
            }
            Self::NoKubernetes { .. } => {
                "Name a file, use --state none, or use a build with the feature kubernetes: cargo build --release --features kubernetes".to_owned()
            }
            Self::NoSecret { .. } => {
                "Name the state itself, for example --state kubernetes://telnyx/trunkline-acme.".to_owned()
            }
            Self::NoObject { .. } => {
                "Name the state itself, for example --state s3://bucket/acme.json.".to_owned()
            }
            Self::NoPlace { .. } => "Use a path such as acme.json, file:///var/lib/trunkline/acme.json, s3://bucket/folder, kubernetes://namespace, memory: or none.".to_owned(),
            Self::Locked { place, holder: Some(holder) } if holder.lease.is_some() => {
                let place = shell_word(place);
                format!("Wait for the lock with --lock-timeout 5m. The lock of a killed process expires; `trunkline state unlock ID --state {place}` releases it now.")
            }
            Self::Locked { .. } => {
                "Wait for the lock with --lock-timeout 5m. The system releases it when that process ends.".to_owned()
            }
            Self::LockLost { .. } => "The lock could not be renewed, or was force-released. Run the command again: it reads everything anew.".to_owned(),
            Self::NotLocked { .. } => "Run the command that needs the state again.".to_owned(),
            Self::OtherLock { place, .. } => {
                format!("To see the holder and the id, run `trunkline state unlock --state {}`.", shell_word(place))
            }
            Self::NoLease { place } => {
                format!("The system releases the lock when its process ends. To see the holder, run `trunkline state unlock --state {}`.", shell_word(place))
            }
            Self::LockDamaged { .. } => "Check which other program writes there. Remove that object once no process uses the state.".to_owned(),
            Self::Damaged { .. } => "Restore it from a backup. Before you move it away, check the portal for pending creates: an empty state does not know them.".to_owned(),
            Self::Newer { .. } => "Use the version of trunkline that wrote it, or a newer one.".to_owned(),
            Self::Foreign { what, .. } => what.hint().to_owned(),
            Self::Conflict { .. } => "Check which other program writes there, then run the command again: it reads everything anew.".to_owned(),
            Self::SentBefore { .. } => "Run `trunkline state show`, then settle the create with `trunkline state resolve`.".to_owned(),
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::Unsupported => "Name a file system that supports locks with --state, or use --state none.",
                ErrorKind::InvalidInput | ErrorKind::FileTooLarge => "A state is a regular file of at most 64 MiB. Name one with --state, for example --state acme.json.",
                _ => "Name a writable location with --state, for example --state ../acme.state.json. With --state none nothing is remembered.",
            }
            .to_owned(),
            Self::Bucket { hint, .. } | Self::Kubernetes { hint, .. } => (*hint).to_owned(),
            Self::TooLarge { .. } => "Keep a state of this size in a bucket: --state s3://bucket/folder.".to_owned(),
            Self::Closed { .. } => return None,
        })
    }

    /// Returns true if the backend of the state failed, which says nothing about the state.
    #[must_use]
    pub fn is_of_the_backend(&self) -> bool {
        matches!(self, Self::Bucket { .. } | Self::Kubernetes { .. } | Self::TooLarge { .. })
    }

    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: shown(path), source: Arc::new(source) }
    }

    pub(super) fn sent_before(email: &Email, id: Option<&AccountId>) -> Self {
        Self::SentBefore { email: plain(email.as_str()), id: id.cloned() }
    }
}

impl Mismatch {
    fn noun(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Manager => "manager",
            Self::BaseUrl => "the API at",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Organization => "Name the state of this organization with --state.",
            Self::Manager => "Use the key of that manager, or name another state with --state.",
            Self::BaseUrl => "Correct the base URL, or name another state with --state.",
        }
    }
}

/// A path in a message.
pub(super) fn shown(path: &Path) -> String {
    plain(&path.display().to_string())
}

/// A foreign text on one line, with harmful characters escaped.
pub(super) fn plain(text: &str) -> String {
    let escape = |c: char| if is_harmful(c) { c.escape_unicode().to_string() } else { c.into() };
    text.chars().map(escape).collect()
}
