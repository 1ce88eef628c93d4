//! `trunkline fmt [PATH]`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::exit::{Exit, Failure};
use super::global::manifest_path;
use super::terminal;
use crate::manifest::{self, Formatted, Layout};
use crate::report::escape_line;
use crate::state::owner;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifest: a file or a folder
    path: Option<PathBuf>,
    /// Write nothing, and exit with status 2 if a file would change
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Args { path, check } = args;
    let mut changed = false;
    for Formatted { path, text, state } in manifest::format(&manifest_path(path.as_deref())?)? {
        let name = escape_line(&path.display().to_string());
        match state {
            Layout::Canonical => {}
            Layout::Unchanged => {
                terminal::say(&format!("{name}: not formatted, because of its unusual layout"));
            }
            Layout::Changed => {
                changed = true;
                if !check {
                    write(&path, &text).with_context(|| format!("writing {name}"))?;
                }
                terminal::print(&format!("{name}\n"))?;
            }
        }
    }
    Ok(if changed && *check { Exit::Drift } else { Exit::Fine })
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
