//! A file that is replaced as a whole: whoever reads it sees the old text or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that is going to be replaced.
#[derive(Debug)]
pub(super) struct Replacement {
    target: PathBuf,
    /// The file beside it that takes its place. `None`: it is no ordinary file, and written as it is.
    beside: Option<(PathBuf, File)>,
}

impl Replacement {
    /// Prepares it: what would go wrong goes wrong now, and nothing is changed yet.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let there = fs::metadata(path).ok();
        let device = path.starts_with("/dev") || path.starts_with("/proc");
        if device || there.as_ref().is_some_and(|there| !there.is_file()) {
            if path.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a folder"));
            }
            return Ok(Self { target: path.to_owned(), beside: None });
        }
        // What a link names is replaced, not the link.
        let target = if there.is_some() { path.canonicalize()? } else { path.to_owned() };
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = target.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let replacement = Self { target, beside: Some((beside, file)) };
        if let (Some(there), Some((_, file))) = (there, &replacement.beside) {
            file.set_permissions(there.permissions())?;
        }
        Ok(replacement)
    }

    /// Replaces it.
    pub(super) fn write(mut self, text: &str) -> io::Result<()> {
        let Some((beside, file)) = &mut self.beside else {
            let mut file = OpenOptions::new().append(true).open(&self.target)?;
            return file.write_all(text.as_bytes());
        };
        file.write_all(text.as_bytes())?;
        fs::rename(&*beside, &self.target)?;
        self.beside = None;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some((beside, _)) = &self.beside {
            // It is ours alone; when even that fails an empty file is left.
            let _ = fs::remove_file(beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.md");
        fs::write(&path, "old").unwrap();
        drop(Replacement::open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old", "what is not written is not lost");
        let link = folder.path().join("link.md");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Replacement::open(&link).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(Replacement::open(&folder.path().join("nowhere/report.md")).is_err());
        assert!(Replacement::open(folder.path()).is_err());
    }
}
