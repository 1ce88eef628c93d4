//! The state on disk: a change is there before it is answered.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::seed::{Seed, SeedError};

/// Why the state cannot be kept in a file.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// What is in the file is not a state. It is never taken for an empty one.
    #[error("the sandbox's data cannot be used ({0}); repair the file, or name another")]
    Damaged(#[from] SeedError),
    /// The file cannot be written.
    #[error("keeping the sandbox's data in {path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
}

/// The state in the file, or else `seed`, which is then written there.
pub(super) fn open(path: &Path, seed: Seed) -> Result<Seed, DataError> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(Seed::read(path)?);
    }
    write(path, &seed)?;
    Ok(seed)
}

/// Replaces the file as a whole: a reader, and a process that is killed here, leave an old or a new one.
pub(super) fn write(path: &Path, state: &Seed) -> Result<(), DataError> {
    replace(path, state).map_err(|error| DataError::Io { path: path.display().to_string(), error })
}

fn replace(path: &Path, state: &Seed) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = folder.join(name);
    let mut file = private(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(state)?)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()
}

/// A file that only its owner can read: it holds keys, if only those of a sandbox.
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
