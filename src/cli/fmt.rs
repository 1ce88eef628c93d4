//! `trunkline fmt PATH`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::exit::{Exit, Failure};
use super::terminal;
use crate::manifest::{self, Formatted, Layout};
use crate::report::escape_line;
use crate::state::owner;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest: a file or a folder
    path: PathBuf,
    /// Write nothing, and exit with 2 when a file would change
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Args { path, check } = args;
    let mut changed = false;
    for Formatted { path, text, state } in manifest::format(path)? {
        let name = escape_line(&path.display().to_string());
        match state {
            Layout::Canonical => {}
            Layout::Unchanged => {
                terminal::say(&format!("{name}: left as it is, for its layout is an unusual one"));
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

/// Puts a text into the place of a file, whole or not at all.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    // A link stays a link.
    let path = path.canonicalize()?;
    let folder = path.parent().context("it has no folder")?;
    let name = path.file_name().context("it has no name")?.to_string_lossy().into_owned();
    // A hidden file is no manifest.
    let beside = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let put = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.write_all(text.as_bytes())?;
        owner::keep(&file, &fs::metadata(&path)?, owner::EVERYBODY)?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    put().map_err(|error| {
        // It may not have come into being.
        let _ = fs::remove_file(&beside);
        error.into()
    })
}
