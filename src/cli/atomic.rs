//! Files that are replaced as a whole: a reader sees the old text or the new one.

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
        let mut name = OsString::from(".");
        name.push(target.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = target.with_file_name(name);
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
