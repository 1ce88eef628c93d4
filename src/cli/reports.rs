//! The forms in which results are shown, and the reports that are written beside.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};

use super::atomic::Replacement;
use super::exit::Failure;
use super::terminal;
use crate::manifest::{self, Places, Problems};
use crate::model::Desired;
use crate::report::{self, PathBase, RenderOptions, ReportContent, ReportFormat, Style};

/// The reports that are written beside what is printed.
#[derive(clap::Args, Debug)]
pub(super) struct Reports {
    /// Also write a report (may be repeated); kinds: text json markdown diff github-summary sarif
    /// gitlab-terraform env
    #[arg(long = "report", value_name = "KIND=FILE", value_parser = Wanted::parser())]
    wanted: Vec<Wanted>,
    /// Most bytes of a Markdown report; destructive actions are cut last
    #[arg(long, value_name = "N", default_value_t = 60_000, value_parser = RangedU64ValueParser::<usize>::new().range(1_000..))]
    max_bytes: usize,
}

/// A report that is wanted.
#[derive(Clone, Debug)]
struct Wanted {
    form: ReportFormat,
    path: PathBuf,
}

/// Takes one of some forms.
pub(super) fn one_of<const N: usize>(
    forms: [ReportFormat; N],
) -> impl TypedValueParser<Value = ReportFormat> {
    let named = move |name: String| forms.into_iter().find(|form| form.name() == name);
    PossibleValuesParser::new(forms.map(ReportFormat::name))
        .try_map(move |name| named(name).ok_or("there is no such form"))
}

impl Wanted {
    fn parser() -> impl TypedValueParser<Value = Self> {
        clap::builder::OsStringValueParser::new().try_map(|text| Self::parse(&text))
    }

    fn parse(text: &OsStr) -> Result<Self, String> {
        use std::os::unix::ffi::OsStrExt as _;
        let bytes = text.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b'=');
        let (kind, path) = at.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
        let kind = String::from_utf8_lossy(kind);
        let kinds = || ReportFormat::ALL.into_iter().filter(|form| form.is_file());
        let Some(form) = kinds().find(|form| form.name() == kind) else {
            let names: Vec<&str> = kinds().map(ReportFormat::name).collect();
            let near = |name: &&&str| strsim::damerau_levenshtein(&kind, name) <= 2;
            let nearest = names.iter().find(near);
            let meant = nearest.map(|name| format!("did you mean {name}? ")).unwrap_or_default();
            return Err(format!("unknown kind of report; {meant}kinds: {}", names.join(" ")));
        };
        if path.is_empty() {
            return Err(format!("the file is missing, as in {kind}=report"));
        }
        Ok(Self { form, path: PathBuf::from(OsStr::from_bytes(path)) })
    }
}

/// Where a plan comes from, as far as reports point there.
#[derive(Default)]
pub(super) struct PlanSource {
    /// The manifest, as it was named. `None`: a saved plan is applied without it.
    pub path: Option<PathBuf>,
    /// Where it lists whom.
    pub places: Places,
    /// The file in which the plan is saved, if it is.
    pub saved: Option<PathBuf>,
    /// Until when that can be applied.
    pub expires_at: Option<String>,
}

/// The reports while their command runs.
pub(super) struct Files {
    open: Vec<(ReportFormat, PathBuf, Replacement)>,
    max_bytes: usize,
    here: PathBuf,
    root: PathBuf,
}

impl Reports {
    /// Prepares the reports of a command that only looks at a manifest.
    pub(super) fn open_for_manifest(&self) -> Result<Files, Failure> {
        if let Some(Wanted { form, path: _ }) = self.wanted.iter().find(|one| one.form.needs_plan())
        {
            let error = anyhow::anyhow!("a manifest alone has no report {}", form.name());
            return Err(Failure::new(error, "that report is written by `trunkline plan`"));
        }
        self.open()
    }

    /// Prepares every report: one that cannot be written is an error before anything is read or sent.
    pub(super) fn open(&self) -> Result<Files, Failure> {
        let Self { wanted, max_bytes } = self;
        let mut seen = BTreeSet::new();
        let mut files = Vec::new();
        for Wanted { form, path } in wanted {
            let shown = path.display();
            if !seen.insert(path) {
                let error = anyhow::anyhow!("two reports go to {shown}");
                return Err(Failure::new(error, "give each report a file of its own"));
            }
            let file = Replacement::probe(path)
                .with_context(|| format!("opening {shown} for a report; nothing was done"))
                .map_err(|error| {
                    Failure::new(error, "a report goes to a file in a folder that is there")
                })?;
            files.push((*form, path.clone(), file));
        }
        let here = std::env::current_dir().context("looking for the working directory")?;
        let root = repository(&here);
        Ok(Files { open: files, max_bytes: *max_bytes, here, root })
    }
}

/// The folder from which tools name files: what the pipeline says, if we are in it.
fn repository(here: &Path) -> PathBuf {
    let said = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].into_iter().filter_map(std::env::var_os);
    said.map(PathBuf::from)
        .find(|root| root.is_absolute() && here.starts_with(root))
        .unwrap_or_else(|| here.to_owned())
}

impl Files {
    /// Something in a form. `None`: the form cannot show that.
    pub(super) fn render(
        &self,
        form: ReportFormat,
        content: ReportContent<'_>,
        style: Style,
    ) -> Option<String> {
        let Self { open: _, max_bytes, here, root } = self;
        let base = PathBase { here, root };
        report::render(form, content, RenderOptions { style, max_bytes: *max_bytes, base: &base })
    }

    /// Prints something in a form to stdout.
    pub(super) fn print(
        &self,
        form: ReportFormat,
        content: ReportContent<'_>,
        style: Style,
    ) -> Result<(), Failure> {
        self.render(form, content, style).map_or(Ok(()), |text| terminal::print(&text))
    }

    /// Shows something to whoever is asked about it, apart from the result.
    pub(super) fn tell(&self, content: ReportContent<'_>) {
        if let Some(text) = self.render(ReportFormat::Text, content, Style::default()) {
            terminal::say(&text);
        }
    }

    /// Writes every report that can show something.
    pub(super) fn write(&mut self, content: ReportContent<'_>) -> Result<(), Failure> {
        for (form, path, file) in std::mem::take(&mut self.open) {
            let Some(text) = self.render(form, content, Style::default()) else { continue };
            file.write(&text)
                .with_context(|| format!("writing the report {}", path.display()))
                .map_err(|error| {
                    Failure::new(error, "look at its folder, and whether the disk is full")
                })?;
        }
        Ok(())
    }

    /// Reads a manifest. The faults of one go into every report that can show them, and to stdout if
    /// its form is one of `shown`.
    pub(super) fn load(
        &mut self,
        path: &Path,
        form: ReportFormat,
        shown: &[ReportFormat],
    ) -> Result<(Desired, PlanSource), Failure> {
        match manifest::load_with_places(path) {
            Ok((desired, places)) => {
                let path = Some(path.to_owned());
                Ok((desired, PlanSource { path, places, ..PlanSource::default() }))
            }
            Err(problems) => {
                self.broken(&problems, form, shown)?;
                Err(problems.into())
            }
        }
    }

    fn broken(
        &mut self,
        problems: &Problems,
        form: ReportFormat,
        shown: &[ReportFormat],
    ) -> Result<(), Failure> {
        let content = ReportContent::Problems(problems);
        self.write(content)?;
        if shown.contains(&form) {
            self.print(form, content, Style::default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_kind_and_a_file() {
        let parse = |text: &str| Wanted::parse(OsStr::new(text));
        let wanted = parse("markdown=a=b.md").unwrap();
        assert_eq!((wanted.form, wanted.path), (ReportFormat::Markdown, PathBuf::from("a=b.md")));
        let error = parse("sarfi=x").unwrap_err();
        assert!(error.contains("did you mean sarif?") && error.ends_with("gitlab-terraform env"));
        for bad in ["github=x", "markdown", "markdown=", "=x", ""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
