//! The report formats: one list, and the one place that knows what each can show.

use std::path::Path;

use super::{
    PlanReport, Style, diff, env, github, gitlab, json, manifest, markdown, outcomes, sarif, text,
};
use crate::execute::Outcome;
use crate::manifest::{Places, Problems};
use crate::model::{Desired, Live};

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportFormat {
    /// For people at a terminal.
    Text,
    /// For programs, `format_version` 1.
    Json,
    /// For a comment on a pull request, within a number of bytes.
    Markdown,
    /// The live side against the manifest, as a unified diff of YAML.
    Diff,
    /// Annotations of GitHub Actions.
    Github,
    /// For the job summary of GitHub Actions: Markdown with more room.
    GithubSummary,
    /// The problems of the manifest, for code scanning.
    Sarif,
    /// For GitLab's widget on merge requests.
    GitlabTerraform,
    /// Counts as variables, one per line.
    Env,
}

impl ReportFormat {
    /// Every format.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Json,
        Self::Markdown,
        Self::Diff,
        Self::Github,
        Self::GithubSummary,
        Self::Sarif,
        Self::GitlabTerraform,
        Self::Env,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Diff => "diff",
            Self::Github => "github",
            Self::GithubSummary => "github-summary",
            Self::Sarif => "sarif",
            Self::GitlabTerraform => "gitlab-terraform",
            Self::Env => "env",
        }
    }

    /// Returns true if the format shows plans only.
    #[must_use]
    pub fn needs_plan(self) -> bool {
        matches!(self, Self::Diff | Self::GitlabTerraform)
    }

    /// Returns true if the format can be written to a file. Annotations are commands to the runner that reads
    /// the log.
    #[must_use]
    pub fn is_file(self) -> bool {
        self != Self::Github
    }
}

/// A plan with its inputs, for reports that point into files.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    /// The plan.
    pub report: PlanReport<'a>,
    /// The desired side of the plan.
    pub desired: &'a Desired,
    /// The live side of the plan.
    pub live: &'a Live,
    /// The places of the manifest's entries.
    pub places: &'a Places,
    /// The manifest's path as given. `None` when a saved plan is applied without its manifest.
    pub path: Option<&'a Path>,
    /// The file of the saved plan, if the plan is saved.
    pub saved: Option<&'a Path>,
    /// The time at which a saved plan expires.
    pub expires_at: Option<&'a str>,
}

impl PlanContext<'_> {
    /// The command that plans again.
    #[must_use]
    pub fn plan_command(&self) -> String {
        let path = self.path.map(|path| path.display().to_string());
        let selection = self.report.state.selection.iter().map(String::as_str);
        let words: Vec<&str> =
            ["plan"].into_iter().chain(path.as_deref()).chain(selection).collect();
        self.report.state.command(&words)
    }
}

/// The content of a report.
#[derive(Clone, Copy, Debug)]
pub enum ReportContent<'a> {
    /// A plan.
    Plan(PlanContext<'a>),
    /// A plan with the outcomes of its actions.
    Outcomes(PlanContext<'a>, &'a [Outcome]),
    /// A valid manifest.
    Valid(&'a Desired),
    /// An invalid manifest.
    Problems(&'a Problems),
}

/// Options for rendering a report.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions<'a> {
    /// The style of text.
    pub style: Style,
    /// The maximum number of bytes of a comment.
    pub max_bytes: usize,
    /// The folders that paths are relative to.
    pub base: &'a PathBase<'a>,
}

/// The folders that paths are relative to in reports for tools.
#[derive(Clone, Copy, Debug)]
pub struct PathBase<'a> {
    /// The working directory.
    pub here: &'a Path,
    /// The root of the repository.
    pub root: &'a Path,
}

impl PathBase<'_> {
    /// Returns a path relative to the root, separated by `/`; a path outside of the root is unchanged.
    pub(super) fn name(&self, file: &Path) -> String {
        let whole: std::path::PathBuf = self.here.join(file).components().collect();
        let short = whole.strip_prefix(self.root).unwrap_or(file);
        let parts: Vec<_> =
            short.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        // The root of an absolute path is a component of its own.
        parts.join("/").replacen("//", "/", 1)
    }
}

/// Renders a report. `None` if the format cannot show the content.
#[must_use]
pub fn render(
    format: ReportFormat,
    body: ReportContent<'_>,
    options: RenderOptions<'_>,
) -> Option<String> {
    use ReportContent as C;
    use ReportFormat as F;
    let RenderOptions { style, max_bytes, base } = options;
    Some(match (format, body) {
        (F::Text, C::Plan(context)) => text::plan(context.report, style),
        (F::Text, C::Outcomes(context, ended)) => {
            outcomes::outcomes(ended, context.report.state, style)
        }
        (F::Text, C::Valid(desired)) => manifest::text(desired),
        (F::Text, C::Problems(problems)) => super::problems::problems(problems, style) + "\n",
        (F::Json, C::Plan(context)) => json::plan(context.report),
        (F::Json, C::Outcomes(context, ended)) => json::outcomes(context.report, ended),
        (F::Json, C::Valid(desired)) => json::valid(desired),
        (F::Json, C::Problems(problems)) => json::problems(problems),
        (F::Markdown, body) => markdown::comment(body, max_bytes),
        (F::GithubSummary, body) => markdown::summary(body),
        (F::Diff, C::Plan(context) | C::Outcomes(context, _)) => diff::diff(context),
        (F::Github, body) => github::annotations(body, base),
        (F::Sarif, C::Problems(problems)) => sarif::sarif(Some(problems), base),
        (F::Sarif, C::Plan(_) | C::Outcomes(..) | C::Valid(_)) => sarif::sarif(None, base),
        (F::GitlabTerraform, C::Plan(context) | C::Outcomes(context, _)) => {
            gitlab::terraform(context.report)
        }
        (F::Env, body) => env::env(body),
        (F::Diff | F::GitlabTerraform, C::Valid(_) | C::Problems(_)) => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{PathBase, ReportFormat};

    #[test]
    fn every_format_is_in_the_list_once_and_in_order() {
        assert!(ReportFormat::ALL.is_sorted());
        let names: BTreeSet<_> = ReportFormat::ALL.iter().map(|format| format.name()).collect();
        assert_eq!(names.len(), ReportFormat::ALL.len());
        assert_eq!(ReportFormat::ALL.last(), Some(&ReportFormat::Env), "the last variant");
    }

    #[test]
    fn paths_are_relative_to_the_root_of_the_repository() {
        let base =
            PathBase { here: Path::new("/repository/teams"), root: Path::new("/repository") };
        assert_eq!(base.name(Path::new("./acme.yaml")), "teams/acme.yaml");
        assert_eq!(base.name(Path::new("/repository/b/c.yaml")), "b/c.yaml");
        assert_eq!(base.name(Path::new("/elsewhere/c.yaml")), "/elsewhere/c.yaml");
    }
}
