//! The files of a manifest. Nothing outside a manifest's folder is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use super::problem::Problem;
use super::reading::nearest;
use super::source::SourceFile;
use super::tree::Span;

/// The largest file, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// The result of reading the files at a path.
pub(super) struct ReadFiles {
    /// The files in the order of their names.
    pub sources: Vec<SourceFile>,
    /// Files that look like a part of the manifest but were not read, because of their names.
    pub skipped: Vec<PathBuf>,
    pub problems: Vec<Problem>,
}

/// Reads the file at `path`, or the manifest files of the folder at `path`.
pub(super) fn read(path: &Path) -> ReadFiles {
    let mut walk = FolderWalk::default();
    match fs::metadata(path) {
        Err(error) => walk.problems.push(io_problem(path, &error)),
        Ok(metadata) if metadata.is_dir() => walk.folder(path),
        Ok(_) => walk.files.push(path.to_owned()),
    }
    let FolderWalk { files, skipped, mut problems, seen: _ } = walk;
    let mut sources = Vec::new();
    for file in files {
        match text(&file) {
            Ok(text) => sources.push(SourceFile { path: file, text }),
            Err(problem) => problems.push(*problem),
        }
    }
    ReadFiles { sources, skipped, problems }
}

#[derive(Default)]
struct FolderWalk {
    files: Vec<PathBuf>,
    skipped: Vec<PathBuf>,
    problems: Vec<Problem>,
    /// The targets of links, so that each file and folder is read once.
    seen: BTreeSet<PathBuf>,
}

/// The relation of a file's name to a manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameKind {
    /// `*.yaml` or `*.yml`, in any case.
    Manifest,
    /// A name that suggests a manifest, such as `a.yaml.bak`, `a.yml~`, `a.json` or `.a.yaml`.
    NearMiss,
    Other,
}

impl NameKind {
    fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let hidden = name.starts_with('.');
        if is_yaml(path) && !hidden {
            Self::Manifest
        } else if name.contains(".yaml")
            || name.contains(".yml")
            || has_extension(path, "json") && !hidden
        {
            Self::NearMiss
        } else {
            Self::Other
        }
    }
}

/// Returns true if the name of a file ends in `.yaml` or `.yml`, in any case.
pub(super) fn is_yaml(path: &Path) -> bool {
    has_extension(path, "yaml") || has_extension(path, "yml")
}

/// Returns false if the name of a file says that it is something else than YAML, or JSON, which is YAML too.
pub(super) fn is_named_like_yaml(path: &Path) -> bool {
    path.extension().is_none() || is_yaml(path) || has_extension(path, "json")
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case(extension))
}

impl FolderWalk {
    fn folder(&mut self, path: &Path) {
        match path.canonicalize() {
            Ok(root) => self.entries(&root, path),
            Err(error) => self.problems.push(io_problem(path, &error)),
        }
        if self.files.is_empty() && self.problems.is_empty() {
            let problem = Problem::whole(path, "no manifest files in this folder");
            let names = "The files of a manifest end in .yaml or .yml";
            self.problems.push(problem.hint(match self.skipped.first() {
                Some(skipped) => format!("{names}; {} was not read.", skipped.display()),
                None => format!("{names}."),
            }));
        }
    }

    fn entries(&mut self, root: &Path, folder: &Path) {
        let entries = fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| Ok(entry?.path())).collect::<io::Result<BTreeSet<_>>>()
        });
        match entries {
            Ok(entries) => entries.iter().for_each(|entry| self.entry(root, entry)),
            Err(error) => self.problems.push(io_problem(folder, &error)),
        }
    }

    fn entry(&mut self, root: &Path, path: &Path) {
        let kind = NameKind::of(path);
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let (real, metadata) =
            match path.canonicalize().and_then(|real| Ok((fs::metadata(&real)?, real))) {
                Ok((metadata, real)) => (real, metadata),
                Err(error) if kind == NameKind::Manifest => {
                    return self.problems.push(io_problem(path, &error));
                }
                // A dangling link with any other name does not concern the manifest.
                Err(_) => return,
            };
        if !metadata.is_dir() && kind == NameKind::NearMiss {
            if !is_output(&real) {
                self.skipped.push(path.to_owned());
            }
            return;
        }
        if hidden || !metadata.is_dir() && kind == NameKind::Other {
            return;
        }
        if !real.starts_with(root) {
            let problem = Problem::whole(path, "this link points outside the folder");
            let problem = problem.hint("Move the file into the folder; nothing outside is read.");
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

/// Returns true if a file is something that Trunkline wrote, such as a saved plan: it has a `format_version`.
fn is_output(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(1024).read_to_end(&mut start));
    read.is_ok() && String::from_utf8_lossy(&start).contains("\"format_version\"")
}

fn io_problem(path: &Path, error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => Problem::whole(path, "dangling link"),
        io::ErrorKind::NotFound => {
            let problem = Problem::whole(path, "no such file or folder");
            problem.hint(match similar(path) {
                Some(near) => format!("Did you mean {}?", near.display()),
                None => "Check the path.".to_owned(),
            })
        }
        io::ErrorKind::PermissionDenied => {
            Problem::whole(path, "permission denied").hint("Check the owner and permissions.")
        }
        _ => Problem::whole(path, format!("cannot read this file: {error}")),
    }
}

/// The YAML file or folder beside a missing one with the most similar name, if any is similar.
fn similar(path: &Path) -> Option<PathBuf> {
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(parent.unwrap_or(Path::new("."))).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let paths = paths.filter(|path| is_yaml(path) || path.is_dir());
    let stems: BTreeMap<String, PathBuf> =
        paths.filter_map(|path| Some((stem(&path)?, path))).collect();
    let near = nearest(&stem(path)?, &stems.keys().map(String::as_str).collect::<Vec<_>>())?;
    Some(path.with_file_name(stems.get(near)?.file_name()?))
}

/// Reads the text of a file, without a byte order mark.
fn text(path: &Path) -> Result<String, Box<Problem>> {
    let failed = |error: io::Error| Box::new(io_problem(path, &error));
    if !fs::metadata(path).map_err(failed)?.is_file() {
        let problem = Problem::whole(path, "not a regular file");
        return Err(Box::new(problem.hint("A manifest is a file, or a folder of files.")));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(failed)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    decoded(path, bytes)
}

/// Decodes the contents of a file. `path` names it in problems.
pub(super) fn decoded(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Problem>> {
    if bytes.len() as u64 > MAX_BYTES {
        let problem = Problem::whole(path, "this file is larger than 64 MiB");
        return Err(Box::new(problem.hint("Split it into several files in a folder.")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(without_byte_order_mark(text)),
        Err(error) => Err(Box::new(encoding_problem(path, &error))),
    }
}

/// Removes the byte order mark that some editors write at the start of a file.
pub(super) fn without_byte_order_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The problem of a file that is not UTF-8, at the first invalid byte.
pub(super) fn encoding_problem(path: &Path, error: &FromUtf8Error) -> Problem {
    let bytes = error.as_bytes();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Problem::whole(path, "this file is UTF-16, not UTF-8").hint("Save it as UTF-8.");
    }
    if bytes.contains(&0) {
        let problem = Problem::whole(path, "this is a binary file");
        return problem.hint("A manifest is a text file in YAML.");
    }
    let offset = error.utf8_error().valid_up_to();
    let byte = bytes[offset];
    let message = match windows_1252(byte) {
        Some(c) => {
            format!("this file is not UTF-8: byte 0x{byte:02X} is {c:?} in Windows-1252")
        }
        None => format!("this file is not UTF-8: byte 0x{byte:02X} is invalid here"),
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let source = SourceFile { path: path.to_owned(), text };
    let span = Span::at(&source.text, offset);
    Problem {
        place: Some(source.unparsed_position(span)),
        ..Problem::whole(path, message).hint("Save the file as UTF-8.")
    }
}

/// The character of a byte from 0x80 in the encoding that Windows editors use in Western countries.
fn windows_1252(byte: u8) -> Option<char> {
    const FROM_0X80: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => Some(FROM_0X80[usize::from(byte - 0x80)]).filter(|c| *c != '\0'),
        // The same as in Latin-1; the no-break space and the soft hyphen are invisible.
        0xa1..=0xac | 0xae..=0xff => Some(char::from(byte)),
        _ => None,
    }
}
