//! `trunkline fmt [PATH…]`

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::exit::{Exit, Failure};
use super::global::manifest_paths;
use super::terminal;
use crate::manifest::{self, Formatted, Layout, Problems};
use crate::report::{escape_line, text_diff};
use crate::state::owner;

/// The PATH of standard input.
const STDIN: &str = "-";

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifests, each a file or a folder; or - to read stdin and write stdout
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing, and exit with status 2 if a file would change
    #[arg(long)]
    check: bool,
    /// Like --check, and print the changes as a unified diff
    #[arg(long)]
    diff: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let paths = manifest_paths(&args.paths)?;
    if paths.iter().any(|path| path.as_os_str() == STDIN) {
        return stdin(args, paths.len());
    }
    let (mut changed, mut problems) = (false, Vec::new());
    for path in paths {
        match manifest::format(&path) {
            Ok(formatted) => {
                for one in formatted {
                    changed |= settle(args, &one)?;
                }
            }
            Err(Problems(found)) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    Ok(if changed && args.is_dry() { Exit::Drift } else { Exit::Fine })
}

impl Args {
    /// Returns true if nothing is written.
    fn is_dry(&self) -> bool {
        self.check || self.diff
    }
}

/// Formats stdin to stdout.
fn stdin(args: &Args, paths: usize) -> Result<Exit, Failure> {
    if paths > 1 {
        let error = anyhow::anyhow!("{STDIN} cannot be combined with another path");
        return Err(Failure::new(error, "Run `trunkline fmt` once for stdin."));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("reading stdin")?;
    let mut changed = false;
    for one in manifest::format_bytes(Path::new("<stdin>"), bytes)? {
        if args.is_dry() {
            changed |= settle(args, &one)?;
        } else {
            warn(&one);
            terminal::print(&one.text)?;
        }
    }
    Ok(if changed { Exit::Drift } else { Exit::Fine })
}

/// Writes or shows a formatted file. Returns true if it changes.
fn settle(args: &Args, formatted: &Formatted) -> Result<bool, Failure> {
    warn(formatted);
    let Formatted { path, before, text, state } = formatted;
    if *state != Layout::Changed {
        return Ok(false);
    }
    let name = shown(path);
    if args.diff {
        terminal::print(&text_diff(&name, before, text))?;
        return Ok(true);
    }
    if !args.check {
        write(path, text).with_context(|| format!("writing {name}"))?;
    }
    terminal::print(&format!("{name}\n"))?;
    Ok(true)
}

/// Names a file that is not formatted.
fn warn(formatted: &Formatted) {
    if formatted.state == Layout::Unchanged {
        let name = shown(&formatted.path);
        terminal::say(&format!("{name}: not formatted, because of its unusual layout"));
    }
}

fn shown(path: &Path) -> String {
    escape_line(&path.display().to_string())
}

/// Replaces a file atomically.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    // Follow a link instead of replacing it.
    let path = path.canonicalize()?;
    let folder = path.parent().context("the path has no parent folder")?;
    let name =
        path.file_name().context("the path has no file name")?.to_string_lossy().into_owned();
    // A hidden file is not read as a manifest.
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let replace = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        owner::keep(&file, &fs::metadata(&path)?, owner::ANY_MODE)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    };
    replace().map_err(|error| {
        // The file may not exist.
        let _ = fs::remove_file(&temporary);
        error.into()
    })
}
