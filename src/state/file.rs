//! A state in a file. The file always has either the old text or the new one, and a write is on disk when it returns.
//!
//! The lock is the operating system's, on a file of its own: the state file is replaced by each write, and a lock on
//! it would be lost. The system releases the lock when the process ends. The lock file is never removed: otherwise
//! two processes could lock two files of the same name.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::document::version;
use super::error::shown;
use super::{Error, Location, LockHolder, owner};

/// The largest state. One of 100,000 accounts has less than 20 MiB.
pub(super) const LARGEST: u64 = 64 << 20;

/// A state file, with its lock file beside it.
#[derive(Clone, Debug)]
pub(super) struct StateFile {
    path: PathBuf,
}

/// The lock of a state file, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct FileLock {
    file: File,
    check: FileLockCheck,
}

/// Detects that the lock file was replaced, in which case a second process could lock the new one.
#[derive(Clone, Debug)]
pub(super) struct FileLockCheck {
    path: PathBuf,
    identity: (u64, u64),
}

impl FileLockCheck {
    pub(super) fn holds(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity)
    }
}

fn identity(found: &fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

impl FileLock {
    pub(super) fn check(&self) -> FileLockCheck {
        self.check.clone()
    }
}

impl StateFile {
    /// Follows a link once, so that a write replaces its target and not the link.
    pub(super) fn new(path: &Path) -> Self {
        let path = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => fs::canonicalize(path).unwrap_or(path.to_owned()),
            _ => path.to_owned(),
        };
        Self { path }
    }

    /// The path, for messages.
    pub(super) fn place(&self) -> String {
        shown(&self.path)
    }

    /// Reads the whole file. `None` if it does not exist.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        match read_bounded(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            // A dangling link, perhaps to a disk that is not mounted, is not an empty state.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                    && !self.path.is_symlink() =>
            {
                Ok(None)
            }
            Err(error) => Err(Error::io("reading the state", &self.path, error)),
        }
    }

    /// Returns true if the state can be written, as far as permissions tell. Changes nothing.
    pub(super) fn is_writable(&self) -> bool {
        let folder = folder_of(&self.path);
        let folder = if folder.exists() { folder } else { folder_of(folder) };
        folder.is_dir() && access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }

    /// Replaces the file if it still has the version `over`: temporary file, fsync, rename, fsync of the folder.
    pub(super) fn replace(&self, bytes: &[u8], over: Option<&str>) -> Result<(), Error> {
        if self.read()?.as_deref().map(version).as_deref() != over {
            return Err(Error::Conflict { place: self.place() });
        }
        self.write(bytes).map_err(|error| Error::io("writing the state", &self.path, error))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.beside(".", ".new");
        // A killed process may have left one, whose mode cannot be trusted.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().write(true).create_new(true).open(&temporary)?;
        match fs::metadata(&self.path) {
            Ok(old) => owner::keep(&file, &old, owner::OWNER_AND_GROUP)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                owner::of_folder(&file, folder_of(&self.path));
            }
            Err(error) => return Err(error),
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        sync_folder(folder_of(&self.path))
    }

    /// Acquires the lock, if it is free. Refuses a state that cannot be written before anything is sent for it.
    pub(super) fn try_lock(&self, holder: &LockHolder) -> Result<Option<FileLock>, Error> {
        let path = self.lock_path();
        let failed = |error| Error::io("locking the state with", &path, error);
        if let Ok(Err(error)) = fs::metadata(&self.path).map(|found| regular(&found)) {
            return Err(Error::io("reading the state", &self.path, error));
        }
        make_folder(folder_of(&self.path))
            .map_err(|error| Error::io("creating the folder of the state", &self.path, error))?;
        if !self.is_writable() {
            let error = io::Error::from(ErrorKind::PermissionDenied);
            return Err(Error::io("writing the state", &self.path, error));
        }
        // The text is only for messages of other processes.
        let text = serde_json::to_string(holder).unwrap_or_default() + "\n";
        let mut file = open_lock(&path, folder_of(&self.path)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
        let identity = file.metadata().map(|found| identity(&found)).map_err(failed)?;
        Ok(Some(FileLock { file, check: FileLockCheck { path, identity } }))
    }

    /// Returns true if a process holds the lock. Creates nothing.
    pub(super) fn is_locked(&self) -> Result<bool, Error> {
        let path = self.lock_path();
        let failed = |error| Error::io("checking the lock", &path, error);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(failed(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The holder that the lock file names. Valid only while the lock is held.
    pub(super) fn holder(&self) -> Option<LockHolder> {
        let mut text = String::new();
        // Our text is one line, so a longer one is not read to its end.
        File::open(self.lock_path()).ok()?.take(4096).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn lock_path(&self) -> PathBuf {
        if self.path.extension().is_some_and(|extension| extension == "json") {
            self.path.with_extension("lock")
        } else {
            self.beside("", ".lock")
        }
    }

    fn beside(&self, before: &str, after: &str) -> PathBuf {
        let mut name = OsString::from(before);
        name.push(self.path.file_name().unwrap_or_default());
        name.push(after);
        self.path.with_file_name(name)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Clears the name of a process that has ended. Closing the file releases the lock in any case.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Reads a regular file of at most 64 MiB. A device or a pipe may never end.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    // Checked before opening: opening a pipe waits for its other end.
    regular(&fs::metadata(path)?)?;
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "larger than 64 MiB"));
    }
    Ok(bytes)
}

/// Refuses anything but a regular file.
fn regular(found: &fs::Metadata) -> io::Result<()> {
    let kind = found.file_type();
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(io::Error::new(ErrorKind::InvalidInput, format!("{what}, not a regular file")))
}

/// Opens the lock file. A new one belongs to the owner of the state's folder; an existing one is left unchanged.
fn open_lock(path: &Path, folder: &Path) -> io::Result<File> {
    let mut options = private();
    options.read(true).write(true);
    match options.clone().create_new(true).open(path) {
        Ok(new) => {
            owner::of_folder(&new, folder);
            Ok(new)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // It may be a link; nothing new is created through one.
            options.create(true).truncate(false).open(path)
        }
        Err(error) => Err(error),
    }
}

/// Options for files with mode 0600: the state names the customers.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates the folder, but not its parents: a path that is mostly missing is a typing error or a disk that is not
/// mounted.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        made => made?,
    }
    // A state restored by a checkout would be outdated, so our own folder stays out of git. Other folders are not
    // ours to configure.
    if folder.file_name().is_some_and(|name| name == Location::FOLDER) {
        fs::write(folder.join(".gitignore"), "*\n")?;
    }
    sync_folder(folder_of(folder))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
