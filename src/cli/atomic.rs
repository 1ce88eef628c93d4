//! Files that are replaced or created as a whole: a reader sees the old text or the new one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::state::owner;

/// A file to be replaced.
#[derive(Debug)]
pub(super) struct Replacement {
    target: PathBuf,
    /// The temporary file that takes its place. `None` for a device or a pipe, which is written in place.
    beside: Option<PathBuf>,
}

impl Replacement {
    /// Checks that the file can be replaced, without changing it.
    pub(super) fn probe(path: &Path) -> io::Result<Self> {
        let there = fs::metadata(path).ok();
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        let device = path.starts_with("/dev") || path.starts_with("/proc");
        if device || there.as_ref().is_some_and(|there| !there.is_file()) {
            return Ok(Self { target: path.to_owned(), beside: None });
        }
        // The target of a link is replaced, not the link.
        let target = if there.is_some() { path.canonicalize()? } else { path.to_owned() };
        if target.file_name().is_none() {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let beside = beside(&target);
        // Removed again, so that an interrupted run leaves nothing behind.
        create(&beside)?;
        fs::remove_file(&beside)?;
        Ok(Self { target, beside: Some(beside) })
    }

    /// Replaces the file.
    pub(super) fn write(self, text: &str) -> io::Result<()> {
        let Self { target, beside } = self;
        let Some(beside) = beside else {
            return OpenOptions::new().append(true).open(target)?.write_all(text.as_bytes());
        };
        let written = replace(&target, &beside, text);
        if written.is_err() {
            // Best effort: the temporary file belongs to this process.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

/// A file to be created, which must not exist.
#[derive(Debug)]
pub(super) struct NewFile {
    target: PathBuf,
    /// The nearest folder above it that exists.
    existing_folder: PathBuf,
}

impl NewFile {
    /// Checks that the file does not exist and can be created, without creating anything.
    pub(super) fn probe(path: &Path) -> io::Result<Self> {
        // A link to nowhere exists, too.
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it already exists"));
        }
        let target = std::path::absolute(path)?;
        let named = !path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let name = target.file_name().filter(|_| named).ok_or(io::ErrorKind::InvalidFilename)?;
        let exists = |folder: &&Path| fs::symlink_metadata(folder).is_ok();
        let existing_folder = target.ancestors().find(exists).unwrap_or(Path::new("/")).to_owned();
        let beside = beside(&existing_folder.join(name));
        create(&beside)?;
        fs::remove_file(&beside)?;
        Ok(Self { target, existing_folder })
    }

    /// Returns true if the file is in a folder, or in one below it.
    pub(super) fn is_in(&self, folder: &Path) -> io::Result<bool> {
        Ok(self.existing_folder.canonicalize()?.starts_with(folder.canonicalize()?))
    }

    /// Creates the file and its folders. They are on disk when this returns.
    pub(super) fn write(self, text: &str) -> io::Result<()> {
        let Self { target, existing_folder } = self;
        let folder = target.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        // A rename replaces what exists, so the file that it replaces must be one that this process has created.
        create(&target)?;
        let beside = beside(&target);
        let mut new = folder.ancestors().take_while(|folder| folder.starts_with(&existing_folder));
        let written = replace_on_disk(&target, &beside, text)
            .and_then(|()| new.try_for_each(|folder| File::open(folder)?.sync_all()));
        if written.is_err() {
            // Best effort: both files belong to this process.
            let _ = (fs::remove_file(&beside), fs::remove_file(&target));
        }
        written
    }
}

fn replace_on_disk(target: &Path, beside: &Path, text: &str) -> io::Result<()> {
    let mut file = create(beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, target)
}

/// The temporary file that takes the place of another.
fn beside(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    target.with_file_name(name)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn replace(target: &Path, beside: &Path, text: &str) -> io::Result<()> {
    let mut file = create(beside)?;
    if let Ok(there) = fs::metadata(target) {
        owner::keep(&file, &there, owner::ANY_MODE)?;
    }
    file.write_all(text.as_bytes())?;
    fs::rename(beside, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.md");
        fs::write(&path, "old").unwrap();
        let replacement = Replacement::probe(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written yet");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        replacement.write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_gets_its_folders_and_never_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/snapshot.yaml");
        let (first, second) = (NewFile::probe(&path).unwrap(), NewFile::probe(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written yet");
        first.write("first").unwrap();
        let refused = second.write("second").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(NewFile::probe(&path).is_err());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for refused in [&link, &path.join("below"), folder.path()] {
            assert!(NewFile::probe(refused).is_err(), "{}", refused.display());
        }
    }

    #[test]
    fn a_link_stays_a_link_and_an_unwritable_file_is_an_error_of_the_probe() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("report.md"), folder.path().join("link.md"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Replacement::probe(&link).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(link.is_symlink());
        assert!(Replacement::probe(&folder.path().join("nowhere/report.md")).is_err());
        assert!(Replacement::probe(folder.path()).is_err());
    }
}
