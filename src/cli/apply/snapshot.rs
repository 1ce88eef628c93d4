//! `apply --snapshot FILE`: the manifest of what was live before, on disk before the first change is sent.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::Args;
use super::prepare::Prepared;
use super::send::Sent;
use crate::cli::atomic::NewFile;
use crate::cli::exit::Failure;
use crate::cli::global::{Global, manifest_path};
use crate::cli::plan::{self, Planned};
use crate::cli::terminal;
use crate::execute::{Ending, Outcome};
use crate::manifest;
use crate::report::{Snapshot, StateInfo, escape_line};
use crate::state::{Journal, Location, Store};

const HINT: &str = "Name a new file in a writable folder with --snapshot.";

/// The file of `--snapshot`, which does not exist yet.
pub(super) struct SnapshotFile {
    path: PathBuf,
    file: NewFile,
}

/// A snapshot that is ready to be written.
pub(super) struct Pending {
    file: SnapshotFile,
    text: String,
    /// The command that shows the way back.
    command: String,
    /// True if the apply sends something.
    sends: bool,
}

impl SnapshotFile {
    /// Checks that the file can be created, and that nothing takes it for something else: a report would replace it,
    /// and in the folder of the manifest it would be read as a part of that.
    pub(super) fn probe(path: &Path, args: &Args) -> Result<Self, Failure> {
        let shown = escape_line(&path.display().to_string());
        let opening = || format!("opening {shown} for --snapshot; nothing was sent");
        let file = NewFile::probe(path).with_context(opening);
        let file = file.map_err(|error| Failure::new(error, HINT))?;
        let folder = manifest_path(args.path.as_deref()).ok().filter(|manifest| manifest.is_dir());
        let in_manifest = folder.map_or(Ok(false), |folder| file.is_in(&folder));
        let why = if in_manifest.with_context(opening)? {
            "would become a part of the manifest"
        } else if args.reports.write_to(path) {
            "is also the file of a report"
        } else {
            return Ok(Self { path: path.to_owned(), file });
        };
        let error = anyhow::anyhow!("the snapshot {shown} {why}; nothing was sent");
        Err(Failure::new(error, "Name a file in another folder with --snapshot."))
    }

    /// Makes the snapshot, after checking that it reads back and goes back.
    pub(super) fn fill(self, prepared: &Prepared, journal: &Journal) -> Result<Pending, Failure> {
        let Planned { desired, live, state: info, .. } = &prepared.planned;
        let (state, today) = (journal.state(), plan::today()?);
        let snapshot = Snapshot::new(desired, live, &state, today, &prepared.todo);
        let info = self.state(info, &desired.organization);
        let path = self.path.display().to_string();
        let text = snapshot.yaml(&path, &info);
        let read = manifest::parse(&self.path, &text).context("reading back the snapshot")?;
        if read != snapshot.desired || !snapshot.goes_back(live, &state, today) {
            let error = anyhow::Error::msg("the snapshot would not go back; nothing was sent");
            return Err(Failure::new(error, "Apply without --snapshot, and report this."));
        }
        let command = info.command(&["plan", &path]);
        Ok(Pending { file: self, text, command, sends: !prepared.todo.actions.is_empty() })
    }

    /// The state with the option that a command for this file needs: the default place is beside the manifest, and
    /// the file may be elsewhere.
    fn state(&self, info: &StateInfo, organization: &str) -> StateInfo {
        let beside = Store::new(&Location::beside(&self.path, organization)).place();
        let elsewhere = Some(info.location.clone()).filter(|place| *place != beside);
        StateInfo { option: info.option.clone().or(elsewhere), ..info.clone() }
    }
}

impl Pending {
    /// Writes the file. It is on disk when this returns. Returns the command that shows the way back.
    pub(super) fn write(self, global: &Global) -> Result<String, Failure> {
        let Self { file: SnapshotFile { path, file }, text, command, sends } = self;
        let shown = escape_line(&path.display().to_string());
        file.write(&text)
            .with_context(|| format!("writing the snapshot {shown}; nothing was sent"))
            .map_err(|error| Failure::new(error, HINT))?;
        let why = if sends { "" } else { "; there is nothing to send" };
        terminal::note(global, &format!("Wrote {shown}, the manifest of what was live{why}"));
        Ok(command)
    }
}

/// Returns true if an action was sent, so that there may be something to go back from.
pub(super) fn sent_something(sent: &Sent) -> bool {
    let is_sent = |outcome: &Outcome| {
        matches!(outcome.ending, Ending::Done | Ending::Failed(_) | Ending::Unknown(_))
    };
    sent.outcomes.iter().any(is_sent)
}
