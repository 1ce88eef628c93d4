//! The files that an apply writes besides the state: credentials of created accounts, and an audit log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use secrecy::ExposeSecret;

use crate::cli::exit::Failure;
use crate::cli::plan::Planned;
use crate::execute::Outcome;
use crate::model::{AccountId, Email};
use crate::report::{self, StateInfo};
use crate::telnyx::Credentials;

/// The file of `--new-credentials`, readable by its owner only.
pub(super) struct CredentialsFile {
    file: Mutex<File>,
}

impl CredentialsFile {
    /// Opens the file for appending, before anything is sent.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let file = open(path, 0o600, "--new-credentials")?;
        // An existing file may be readable by others. A pipe or a device keeps its mode.
        let private = std::fs::Permissions::from_mode(0o600);
        let closed = is_file(&file)
            .and_then(|it_is| if it_is { file.set_permissions(private) } else { Ok(()) });
        closed.with_context(|| opening(path))?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Appends the credentials of an account. They are on disk when this returns.
    pub(super) fn append(
        &self,
        email: &Email,
        id: &AccountId,
        secrets: &Credentials,
    ) -> io::Result<()> {
        let Credentials { api_key, api_token } = secrets;
        let line = serde_json::json!({
            "email": email.as_str(),
            "id": id.as_str(),
            "api_key": api_key.as_ref().map(ExposeSecret::expose_secret),
            "api_token": api_token.as_ref().map(ExposeSecret::expose_secret),
        });
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes())?;
        sync(&file)
    }
}

/// The file of `--audit-log`.
pub(super) struct AuditLog {
    path: PathBuf,
    actor: String,
    digest: String,
    state: StateInfo,
    /// The file and the first error of writing to it.
    file: Mutex<(File, Option<io::Error>)>,
}

impl AuditLog {
    /// Opens the file for appending, before anything is sent.
    pub(super) fn open(path: &Path, planned: &Planned) -> Result<Self, Failure> {
        let file = open(path, 0o666, "--audit-log")?;
        Ok(Self {
            path: path.to_owned(),
            actor: actor(),
            digest: report::digest(planned.report()),
            state: planned.state.clone(),
            file: Mutex::new((file, None)),
        })
    }

    /// Appends a line. An error is kept until the end, since the outcome cannot be undone.
    pub(super) fn append(&self, outcome: &Outcome) {
        let time = jiff::Timestamp::now().to_string();
        let line = report::audit_line(&time, &self.actor, &self.digest, &self.state, outcome);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A failed write may have left half a line, which must not be joined to this one.
        let line = if file.1.is_some() { format!("\n{line}") } else { line };
        if let Err(error) = file.0.write_all(line.as_bytes()) {
            file.1.get_or_insert(error);
        }
    }

    /// Flushes the file to disk and returns the first error, if any.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let (file, failed) = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let finished = failed.map_or_else(|| sync(&file), Err);
        let incomplete =
            || format!("writing the audit log {}: it is incomplete", self.path.display());
        finished.with_context(incomplete).map_err(|error| {
            Failure::new(error, "Every action was executed and recorded in the state all the same.")
        })
    }
}

/// Opens a file for appending, before anything is sent. `option` is the option that names it.
fn open(path: &Path, mode: u32, option: &str) -> Result<File, Failure> {
    let open = || -> io::Result<File> {
        let mut file = OpenOptions::new().append(true).create(true).mode(mode).open(path)?;
        // A device may open and still reject every write, as /dev/full does.
        if file.metadata()?.file_type().is_char_device() {
            file.write_all(b"\n")?;
        }
        Ok(file)
    };
    open().with_context(|| opening(path)).map_err(|error| {
        Failure::new(error, format!("Name a file in an existing folder with {option}."))
    })
}

fn opening(path: &Path) -> String {
    format!("opening {}; nothing was sent", path.display())
}

/// Returns true for a regular file: pipes and devices cannot be synchronized.
fn is_file(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.is_file())
}

fn sync(file: &File) -> io::Result<()> {
    if is_file(file)? { file.sync_all() } else { Ok(()) }
}

/// The user named by the pipeline, or else by this machine.
fn actor() -> String {
    let names = ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"];
    let user = names.iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    user.unwrap_or_else(|| "unknown".to_owned())
}
