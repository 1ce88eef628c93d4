//! A file that tells who the customers are: whole or not there, and for nobody but its owner.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes a file in one step, over the one that is there: it is durable when this returns, and after an
/// error what was there is still there.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        // Not over a device or a folder, and not through a link to somewhere else.
        Ok(there) if !there.is_file() => {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "it is there and is no file"));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(ErrorKind::InvalidInput)?);
    name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = replace(path, &temporary, text);
    if written.is_err() {
        // It may not even have been made.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn replace(path: &Path, temporary: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
