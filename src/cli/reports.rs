//! The output format of a command, and its further reports in files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::{
    OsStringValueParser, PossibleValue, PossibleValuesParser, RangedU64ValueParser,
    TypedValueParser,
};

use super::atomic::Replacement;
use super::exit::Failure;
use super::terminal;
use super::values::Completed;
use crate::manifest::{LoadedManifest, ManifestFiles, Places, Problems};
use crate::model::{Desired, UnlistedUsers};
use crate::report::{self, PathBase, RenderOptions, ReportContent, ReportFormat, Style};

/// The reports that are written to files.
#[derive(clap::Args, Debug)]
pub(super) struct Reports {
    /// Also write a report (may be repeated); kinds: text json markdown diff github-summary sarif
    /// gitlab-terraform env
    #[arg(long = "report", value_name = "KIND=FILE", value_parser = ReportFile::parser(), hide_possible_values = true)]
    files: Vec<ReportFile>,
    /// Most bytes of a Markdown report; destructive actions are cut last
    #[arg(long, value_name = "N", default_value_t = 60_000, value_parser = RangedU64ValueParser::<usize>::new().range(1_000..))]
    max_bytes: usize,
}

/// A report and its file.
#[derive(Clone, Debug)]
struct ReportFile {
    format: ReportFormat,
    path: PathBuf,
}

/// The kinds of `--report`.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    ReportFormat::ALL.into_iter().filter(|format| format.is_file()).map(ReportFormat::name)
}

/// Parses one of some formats.
pub(super) fn one_of<const N: usize>(
    formats: [ReportFormat; N],
) -> impl TypedValueParser<Value = ReportFormat> {
    let named = move |name: String| formats.into_iter().find(|format| format.name() == name);
    PossibleValuesParser::new(formats.map(ReportFormat::name))
        .try_map(move |name| named(name).ok_or("unknown format"))
}

impl ReportFile {
    fn parser() -> impl TypedValueParser<Value = Self> {
        let parser = OsStringValueParser::new().try_map(|text| Self::parse(&text));
        let values = || kinds().map(PossibleValue::new).collect();
        Completed { parser, values }
    }

    fn parse(text: &OsStr) -> Result<Self, String> {
        use std::os::unix::ffi::OsStrExt as _;
        let bytes = text.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b'=');
        let (kind, path) = at.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
        let kind = String::from_utf8_lossy(kind);
        let is_kind = |format: &ReportFormat| format.is_file() && format.name() == kind;
        let Some(format) = ReportFormat::ALL.into_iter().find(is_kind) else {
            let names: Vec<&str> = kinds().collect();
            let near = |name: &&&str| strsim::damerau_levenshtein(&kind, name) <= 2;
            let nearest = names.iter().find(near);
            let meant = nearest.map(|name| format!("did you mean {name}? ")).unwrap_or_default();
            return Err(format!(
                "{kind:?} is not a kind of report; {meant}use one of {}",
                names.join(", ")
            ));
        };
        if path.is_empty() {
            return Err(format!("the file is missing, as in {kind}=report"));
        }
        Ok(Self { format, path: PathBuf::from(OsStr::from_bytes(path)) })
    }
}

/// The files of a plan, for reports that point into them.
#[derive(Default)]
pub(super) struct PlanSource {
    /// The manifest's path as given. `None` when a saved plan is applied without its manifest.
    pub path: Option<PathBuf>,
    /// The places of its entries.
    pub places: Places,
    /// The number of files of the manifest.
    pub files: usize,
    /// The file of the saved plan, if any.
    pub saved: Option<PathBuf>,
    /// The time at which the saved plan expires.
    pub expires_at: Option<String>,
}

/// The report files, probed before the command runs.
pub(super) struct Files {
    open: Vec<(ReportFormat, PathBuf, Replacement)>,
    max_bytes: usize,
    here: PathBuf,
    root: PathBuf,
}

impl Reports {
    /// Returns true if a report goes to a file.
    pub(super) fn are_wanted(&self) -> bool {
        !self.files.is_empty()
    }

    /// Prepares the reports of a command that has no plan.
    pub(super) fn open_for_manifest(&self) -> Result<Files, Failure> {
        if let Some(ReportFile { format, path: _ }) =
            self.files.iter().find(|one| one.format.needs_plan())
        {
            let error = anyhow::anyhow!("the report {} needs a plan", format.name());
            return Err(Failure::new(error, "Use `trunkline plan` to write that report."));
        }
        self.open()
    }

    /// Returns true if a report goes to this file.
    pub(super) fn write_to(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// Prepares every report, so that one that cannot be written fails before anything is read or sent.
    pub(super) fn open(&self) -> Result<Files, Failure> {
        let Self { files, max_bytes } = self;
        let mut seen = BTreeSet::new();
        let mut open = Vec::new();
        for ReportFile { format, path } in files {
            let shown = path.display();
            if !seen.insert(path) {
                let error = anyhow::anyhow!("two reports go to {shown}");
                return Err(Failure::new(error, "Name a different file for each report."));
            }
            let file = Replacement::probe(path)
                .with_context(|| format!("opening {shown} for a report; nothing was done"))
                .map_err(|error| Failure::new(error, "Name a file in an existing folder."))?;
            open.push((*format, path.clone(), file));
        }
        let here = std::env::current_dir().context("reading the working directory")?;
        let root = repository(&here);
        Ok(Files { open, max_bytes: *max_bytes, here, root })
    }
}

/// The root of the repository: the folder that the pipeline names, else the working directory.
pub(super) fn repository(here: &Path) -> PathBuf {
    let roots = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].into_iter().filter_map(std::env::var_os);
    roots
        .map(PathBuf::from)
        .find(|root| root.is_absolute() && here.starts_with(root))
        .unwrap_or_else(|| here.to_owned())
}

impl Files {
    /// Renders a report. `None` if the format cannot show the content.
    pub(super) fn render(
        &self,
        format: ReportFormat,
        body: ReportContent<'_>,
        style: Style,
    ) -> Option<String> {
        let Self { open: _, max_bytes, here, root } = self;
        let base = PathBase { here, root };
        report::render(format, body, RenderOptions { style, max_bytes: *max_bytes, base: &base })
    }

    /// Prints a report to stdout.
    pub(super) fn print(
        &self,
        format: ReportFormat,
        body: ReportContent<'_>,
        style: Style,
    ) -> Result<(), Failure> {
        let print = match format {
            ReportFormat::Text => terminal::print_wrapped,
            _ => terminal::print,
        };
        self.render(format, body, style).map_or(Ok(()), |text| print(&text))
    }

    /// Prints a report to stderr, for the person who is asked to approve.
    pub(super) fn show(&self, body: ReportContent<'_>) {
        if let Some(text) = self.render(ReportFormat::Text, body, Style::default()) {
            terminal::say(&match terminal::error_width() {
                Some(width) => report::wrap(&text, width),
                None => text,
            });
        }
    }

    /// Writes every report that can show the content.
    pub(super) fn write(&mut self, body: ReportContent<'_>) -> Result<(), Failure> {
        for (format, path, file) in std::mem::take(&mut self.open) {
            let Some(text) = self.render(format, body, Style::default()) else { continue };
            file.write(&text)
                .with_context(|| format!("writing the report {}", path.display()))
                .map_err(|error| {
                    Failure::new(error, "Check the folder and the free space of the disk.")
                })?;
        }
        Ok(())
    }

    /// Reads a manifest. Its problems go to every report that can show them, and to stdout if `format` is one of
    /// `shown`.
    pub(super) fn load(
        &mut self,
        path: &Path,
        format: ReportFormat,
        shown: &[ReportFormat],
    ) -> Result<(Desired, PlanSource), Failure> {
        self.parse(path, ManifestFiles::read(path), format, shown)
    }

    /// Does the same as [`load`](Self::load) with files that have been read.
    pub(super) fn parse(
        &mut self,
        path: &Path,
        files: ManifestFiles,
        format: ReportFormat,
        shown: &[ReportFormat],
    ) -> Result<(Desired, PlanSource), Failure> {
        match files.load() {
            Ok(LoadedManifest { desired, places, files, skipped }) => {
                warn_of_skipped(&skipped);
                warn_of_unread_users(path, &desired);
                let path = Some(path.to_owned());
                Ok((desired, PlanSource { path, places, files, ..PlanSource::default() }))
            }
            Err(problems) => {
                self.broken(&problems, format, shown)?;
                Err(problems.into())
            }
        }
    }

    fn broken(
        &mut self,
        problems: &Problems,
        format: ReportFormat,
        shown: &[ReportFormat],
    ) -> Result<(), Failure> {
        let body = ReportContent::Problems(problems);
        self.write(body)?;
        if shown.contains(&format) {
            self.print(format, body, Style::default())?;
        }
        Ok(())
    }
}

/// Names the files of a folder that look like a part of the manifest and were not read.
pub(super) fn warn_of_skipped(files: &[PathBuf]) {
    for file in files {
        let file = report::escape_line(&file.display().to_string());
        terminal::say(&format!(
            "warning: {file} is not part of the manifest: its name does not end in .yaml or .yml, or is hidden"
        ));
    }
}

/// Names a policy that removes users where the manifest has no `users`, which may have been deleted by mistake.
fn warn_of_unread_users(path: &Path, desired: &Desired) {
    if desired.users.is_none() && desired.policy.unlisted_users == UnlistedUsers::Remove {
        let path = report::escape_line(&path.display().to_string());
        terminal::say(&format!(
            "warning: `unlisted_users: remove` has no effect: {path} has no `users`, so users are neither read nor removed; list the users that stay below `users`, or delete that line"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_format_and_a_file() {
        let parse = |text: &str| ReportFile::parse(OsStr::new(text));
        let report = parse("markdown=a=b.md").unwrap();
        assert_eq!((report.format, report.path), (ReportFormat::Markdown, PathBuf::from("a=b.md")));
        let error = parse("sarfi=x").unwrap_err();
        assert!(error.contains("did you mean sarif?") && error.ends_with("gitlab-terraform, env"));
        for bad in ["github=x", "markdown", "markdown=", "=x", ""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
