//! A state file in a file: always either the old text or the new one, and on disk before anybody hears of it.
//!
//! The lock is one of the operating system, on a file of its own: the state's file is replaced, and a lock
//! on it would go with the old one. A process that was killed holds nothing. The lock file is never removed:
//! two processes could hold two files of the same name.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::document::version;
use super::error::shown;
use super::{Error, Holder, Location, owner};

/// No state is larger: one of 100,000 accounts has less than 20 MiB.
pub(super) const LARGEST: u64 = 64 << 20;

/// A file, with its lock file beside it.
#[derive(Clone, Debug)]
pub(super) struct StateFile {
    path: PathBuf,
}

/// Holds the lock until it is dropped, or the process ends in any way.
#[derive(Debug)]
pub(super) struct FileHold {
    file: File,
    check: FileLockCheck,
}

/// A check whether the lock file is still the one that was locked. Whoever removes it lets a second process lock
/// another file of that name.
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

impl FileHold {
    pub(super) fn check(&self) -> FileLockCheck {
        self.check.clone()
    }
}

impl StateFile {
    /// A link is followed once, here, so that replacing the file doesn't replace the link.
    pub(super) fn new(path: &Path) -> Self {
        let path = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => fs::canonicalize(path).unwrap_or(path.to_owned()),
            _ => path.to_owned(),
        };
        Self { path }
    }

    /// Where it is, for messages.
    pub(super) fn place(&self) -> String {
        shown(&self.path)
    }

    /// The whole file. `None`: there is none.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        match read_bounded(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            // A link to nowhere, as to a disk that is not there now, is no empty state.
            Err(error) if error.kind() == ErrorKind::NotFound && !self.path.is_symlink() => {
                Ok(None)
            }
            Err(error) => Err(Error::io("reading the state", &self.path, error)),
        }
    }

    /// Replaces the file, if it still is `over`: a temporary one beside it, fsync, rename, fsync of the folder.
    pub(super) fn replace(&self, bytes: &[u8], over: Option<&str>) -> Result<(), Error> {
        if self.read()?.as_deref().map(version).as_deref() != over {
            return Err(Error::Conflict { place: self.place() });
        }
        self.write(bytes).map_err(|error| Error::io("writing the state", &self.path, error))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.beside(".", ".new");
        // One may be left of a killed process; its mode is not to be trusted.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().write(true).create_new(true).open(&temporary)?;
        match fs::metadata(&self.path) {
            Ok(there) => owner::keep(&file, &there, owner::NOBODY_ELSE)?,
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

    /// Takes the lock, if nobody holds it.
    pub(super) fn try_lock(&self, holder: &Holder) -> Result<Option<FileHold>, Error> {
        let path = self.lock_path();
        let failed = |error| Error::io("locking", &path, error);
        make_folder(folder_of(&self.path))
            .map_err(|error| Error::io("making the folder of", &self.path, error))?;
        let mut file = open_lock(&path, folder_of(&self.path)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // For the message to others only: the lock itself is held already.
        let text = serde_json::to_string(holder).unwrap_or_default() + "\n";
        file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
        let identity = file.metadata().map(|found| identity(&found)).map_err(failed)?;
        Ok(Some(FileHold { file, check: FileLockCheck { path, identity } }))
    }

    /// Whether somebody holds the lock, and who. Makes nothing.
    pub(super) fn is_locked(&self) -> Result<bool, Error> {
        let path = self.lock_path();
        let failed = |error| Error::io("looking at the lock", &path, error);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Who says to hold the lock. True only while somebody does.
    pub(super) fn holder(&self) -> Option<Holder> {
        let mut text = String::new();
        // It is a line; whatever else is there is not read to its end.
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

impl Drop for FileHold {
    fn drop(&mut self) {
        // So that nobody is told of a process that is long gone. The lock ends with the file in any case.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Reads a regular file of at most 64 MiB. A device or a pipe may never end.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    // Before it is opened: opening a pipe waits for its other end.
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "larger than 64 MiB"));
    }
    Ok(bytes)
}

/// Opens the lock file. It is made for whoever the state's folder belongs to; one that is there is left as it is.
fn open_lock(path: &Path, folder: &Path) -> io::Result<File> {
    let mut options = private();
    options.read(true).write(true);
    match options.clone().create_new(true).open(path) {
        Ok(new) => {
            owner::of_folder(&new, folder);
            Ok(new)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // It may be a link, which nothing new is ever made through.
            options.create(true).truncate(false).open(path)
        }
        Err(error) => Err(error),
    }
}

/// The state tells who the customers are: nobody else may read it.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the folder, not those above it: a path that is mostly missing is a typing error or a disk that is
/// not there.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    // An old state that comes back with a checkout would be believed, so our own folder stays out of git.
    // In a folder of somebody else that is not ours to say.
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
