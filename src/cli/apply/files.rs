//! What an apply writes beside the state: the secrets of created accounts, and a log of outcomes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::cli::exit::Failure;
use crate::cli::plan::Planned;
use crate::execute::Outcome;
use crate::model::{AccountId, Email};
use crate::report;
use crate::telnyx::Credentials;

/// The file of `--new-credentials`: for nobody but its owner.
pub(super) struct Vault {
    file: Mutex<File>,
}

impl Vault {
    /// Opens it before anything is sent: one that cannot be written is an error then.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let open = || -> io::Result<File> {
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
            // One that was there may have been open to others. A pipe or a device is not ours to close.
            if is_file(&file)? {
                file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
            }
            Ok(file)
        };
        let file =
            open().with_context(|| format!("opening {}; nothing was sent", path.display()))?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Keeps the secrets of an account: they are on disk when this returns.
    pub(super) fn keep(
        &self,
        email: &Email,
        id: &AccountId,
        secrets: &Credentials,
    ) -> io::Result<()> {
        let Credentials { api_key, api_token } = secrets;
        let line = serde_json::json!({
            "email": email.as_str(),
            "id": id.as_str(),
            "api_key": api_key.expose_secret(),
            "api_token": api_token.expose_secret(),
        });
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes())?;
        durable(&file)
    }
}

/// The file of `--audit-log`.
pub(super) struct AuditLog {
    path: PathBuf,
    actor: String,
    digest: String,
    /// With what went wrong first.
    file: Mutex<(File, Option<io::Error>)>,
}

impl AuditLog {
    /// Opens it before anything is sent: one that cannot be written is an error then.
    pub(super) fn open(path: &Path, planned: &Planned) -> Result<Self, Failure> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.with_context(|| format!("opening {}; nothing was sent", path.display()))?;
        let digest = report::digest(planned.report());
        Ok(Self { path: path.to_owned(), actor: actor(), digest, file: Mutex::new((file, None)) })
    }

    /// Appends a line. What goes wrong is told in the end: the outcome is what it is.
    pub(super) fn append(&self, outcome: &Outcome) {
        let time = jiff::Timestamp::now().to_string();
        let line = report::audit_line(&time, &self.actor, &self.digest, outcome);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // After a failure half a line may stand there, which the next one must not be glued to.
        let line = if file.1.is_some() { format!("\n{line}") } else { line };
        if let Err(error) = file.0.write_all(line.as_bytes()) {
            file.1.get_or_insert(error);
        }
    }

    /// Makes it durable.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let (file, failed) = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let finished = failed.map_or_else(|| durable(&file), Err);
        let lacks = || format!("the audit log {} lacks something", self.path.display());
        Ok(finished.with_context(lacks)?)
    }
}

/// Whether it is a file that keeps what is written: pipes and devices are not.
fn is_file(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.is_file())
}

/// Waits until what was written is on disk, where there is one.
fn durable(file: &File) -> io::Result<()> {
    if is_file(file)? { file.sync_all() } else { Ok(()) }
}

/// Who applies: what a pipeline says, or else the user of this machine.
fn actor() -> String {
    let names = ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"];
    let said = names.iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    said.unwrap_or_else(|| "unknown".to_owned())
}
