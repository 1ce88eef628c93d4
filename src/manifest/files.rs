//! From a path to the files of a manifest. Nothing outside of a folder is read by way of it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use super::problem::Problem;
use super::source::Source;

/// A manifest file is no larger than this, in bytes.
const LARGEST: u64 = 64 << 20;

/// The files of a manifest in the order of their names, and what could not be read.
pub(super) fn read(path: &Path) -> (Vec<Source>, Vec<Problem>) {
    let mut found = Found::default();
    match fs::metadata(path) {
        Err(error) => found.problems.push(failed(path, &error)),
        Ok(metadata) if metadata.is_dir() => found.folder(path),
        Ok(_) => found.files.push(path.to_owned()),
    }
    let Found { files, mut problems, .. } = found;
    let mut sources = Vec::new();
    for file in files {
        match text(&file) {
            Ok(text) => sources.push(Source { path: file, text }),
            Err(problem) => problems.push(*problem),
        }
    }
    (sources, problems)
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    problems: Vec<Problem>,
    /// Where links lead, so that each file and folder is read once.
    seen: BTreeSet<PathBuf>,
}

impl Found {
    fn folder(&mut self, path: &Path) {
        match path.canonicalize() {
            Ok(root) => self.entries(&root, path),
            Err(error) => self.problems.push(failed(path, &error)),
        }
        if self.files.is_empty() && self.problems.is_empty() {
            let problem = Problem::whole(path, "there is no manifest in this folder");
            self.problems.push(problem.hint("the files of a manifest end in .yaml or .yml"));
        }
    }

    fn entries(&mut self, root: &Path, folder: &Path) {
        let entries = fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| Ok(entry?.path())).collect::<io::Result<BTreeSet<_>>>()
        });
        match entries {
            Ok(entries) => entries.iter().for_each(|entry| self.entry(root, entry)),
            Err(error) => self.problems.push(failed(folder, &error)),
        }
    }

    fn entry(&mut self, root: &Path, path: &Path) {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let named = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if hidden {
            return;
        }
        let (real, metadata) =
            match path.canonicalize().and_then(|real| Ok((fs::metadata(&real)?, real))) {
                Ok((metadata, real)) => (real, metadata),
                // A link to nowhere that is no manifest by its name is nobody's business here.
                Err(error) if named => return self.problems.push(failed(path, &error)),
                Err(_) => return,
            };
        if !(metadata.is_dir() || named) {
            return;
        }
        if !real.starts_with(root) {
            let problem = Problem::whole(path, "this link leads out of the folder");
            let problem =
                problem.hint("a manifest is the files of its folder: put the file into it");
            return self.problems.push(problem);
        }
        if !self.seen.insert(real) {
            return;
        }
        if metadata.is_dir() {
            self.entries(root, path);
        } else {
            self.files.push(path.to_owned());
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => {
            Problem::whole(path, "this link leads nowhere")
        }
        io::ErrorKind::NotFound => Problem::whole(path, "there is nothing at this path"),
        io::ErrorKind::PermissionDenied => {
            Problem::whole(path, "this may not be read").hint("look at its owner and permissions")
        }
        _ => Problem::whole(path, format!("this cannot be read: {error}")),
    }
}

/// The text of a file, without a byte order mark.
fn text(path: &Path) -> Result<String, Box<Problem>> {
    let failed = |error: io::Error| Box::new(failed(path, &error));
    if !fs::metadata(path).map_err(failed)?.is_file() {
        let problem = Problem::whole(path, "this is no ordinary file");
        return Err(Box::new(problem.hint("a manifest is a file, or a folder of files")));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        let problem = Problem::whole(path, "this file is larger than 64 MiB");
        return Err(Box::new(problem.hint("spread the accounts over several files in a folder")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(without_mark(text)),
        Err(error) => Err(Box::new(no_text(path, &error))),
    }
}

/// A text without the byte order mark that some editors begin it with.
pub(super) fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The problem of a file that is no UTF-8, at the first byte that cannot be.
fn no_text(path: &Path, error: &FromUtf8Error) -> Problem {
    let bytes = error.as_bytes();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Problem::whole(path, "this file is UTF-16, not UTF-8").hint("save it as UTF-8");
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    let offset = error.utf8_error().valid_up_to();
    let source = Source { path: path.to_owned(), text };
    Problem {
        place: Some(source.unguarded(source.point(offset))),
        ..Problem::whole(path, "this is no UTF-8").hint("save the file as UTF-8")
    }
}
