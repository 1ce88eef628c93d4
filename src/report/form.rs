//! The forms of reports: one list of them, and the one place that knows what each can show.

use std::path::Path;

use super::{
    Report, Style, diff, env, github, gitlab, json, manifest, markdown, outcomes, sarif, text,
};
use crate::execute::Outcome;
use crate::manifest::{Places, Problems};
use crate::model::{Desired, Live};

/// A form that a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// For people at a terminal.
    Text,
    /// For programs, `format_version` 1.
    Json,
    /// For a comment on a pull request: no longer than a budget.
    Markdown,
    /// The live side against the manifest, as a unified diff of YAML.
    Diff,
    /// Annotations of GitHub Actions.
    Github,
    /// For the summary of a job of GitHub Actions: Markdown again, with more room.
    GithubSummary,
    /// What is wrong with the manifest, for code scanning.
    Sarif,
    /// For GitLab's widget on merge requests.
    GitlabTerraform,
    /// Counts as variables, one a line.
    Env,
}

impl Form {
    /// Every form.
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

    /// Its name on the command line.
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

    /// Whether it shows plans and nothing else.
    #[must_use]
    pub fn needs_plan(self) -> bool {
        matches!(self, Self::Diff | Self::GitlabTerraform)
    }

    /// Whether it can be written to a file. Annotations are commands to the runner that reads the log.
    #[must_use]
    pub fn is_file(self) -> bool {
        self != Self::Github
    }
}

/// A plan with what there is to say beside it.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The plan.
    pub report: Report<'a>,
    /// What it was made from: what is wanted.
    pub desired: &'a Desired,
    /// What it was made from: what is live.
    pub live: &'a Live,
    /// Where the manifest lists whom.
    pub places: &'a Places,
    /// The manifest, as it was named. `None`: a saved plan is applied without it.
    pub path: Option<&'a Path>,
    /// The file in which the plan is saved. `None`: it was not saved.
    pub saved: Option<&'a Path>,
    /// Until when a saved plan can be applied. `None`: it was not saved.
    pub expires_at: Option<&'a str>,
}

/// What a report is about.
#[derive(Clone, Copy, Debug)]
pub enum Matter<'a> {
    /// A plan.
    Plan(Scene<'a>),
    /// A plan, and what became of its actions.
    Outcomes(Scene<'a>, &'a [Outcome]),
    /// A manifest without a fault.
    Valid(&'a Desired),
    /// A manifest with faults.
    Problems(&'a Problems),
}

/// How a report is to look.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// How text is shown.
    pub style: Style,
    /// The bytes that a comment may have.
    pub max_bytes: usize,
    /// From where files are named.
    pub base: &'a Base<'a>,
}

/// From where files are named in reports that tools read.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// The folder in which the program runs.
    pub here: &'a Path,
    /// The folder of the repository.
    pub root: &'a Path,
}

impl Base<'_> {
    /// A file as a path from the root with `/`, or as it is if it is not below.
    pub(super) fn name(&self, file: &Path) -> String {
        let whole: std::path::PathBuf = self.here.join(file).components().collect();
        let short = whole.strip_prefix(self.root).unwrap_or(file);
        let parts: Vec<_> =
            short.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        // The root of an absolute path is a part of its own.
        parts.join("/").replacen("//", "/", 1)
    }
}

/// A report. `None`: this form cannot show that matter.
#[must_use]
pub fn render(form: Form, matter: Matter<'_>, look: Look<'_>) -> Option<String> {
    let Look { style, max_bytes, base } = look;
    Some(match (form, matter) {
        (Form::Text, Matter::Plan(scene)) => text::plan(scene.report, style),
        (Form::Text, Matter::Outcomes(_, ended)) => outcomes::outcomes(ended, style),
        (Form::Text, Matter::Valid(desired)) => manifest::text(desired),
        (Form::Text, Matter::Problems(problems)) => {
            super::problems::problems(problems, style) + "\n"
        }
        (Form::Json, Matter::Plan(scene)) => json::plan(scene.report),
        (Form::Json, Matter::Outcomes(scene, ended)) => json::outcomes(scene.report, ended),
        (Form::Json, Matter::Valid(desired)) => json::valid(desired),
        (Form::Json, Matter::Problems(problems)) => json::problems(problems),
        (Form::Markdown, matter) => markdown::comment(matter, max_bytes),
        (Form::GithubSummary, matter) => markdown::summary(matter),
        (Form::Diff, Matter::Plan(scene) | Matter::Outcomes(scene, _)) => diff::diff(scene),
        (Form::Github, matter) => github::annotations(matter, base),
        (Form::Sarif, Matter::Problems(problems)) => sarif::sarif(Some(problems), base),
        (Form::Sarif, Matter::Plan(_) | Matter::Outcomes(..) | Matter::Valid(_)) => {
            sarif::sarif(None, base)
        }
        (Form::GitlabTerraform, Matter::Plan(scene) | Matter::Outcomes(scene, _)) => {
            gitlab::terraform(scene.report)
        }
        (Form::Env, matter) => env::env(matter),
        (Form::Diff | Form::GitlabTerraform, Matter::Valid(_) | Matter::Problems(_)) => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{Base, Form};

    #[test]
    fn every_form_is_in_the_list_once_and_in_order() {
        assert!(Form::ALL.is_sorted());
        let names: BTreeSet<_> = Form::ALL.iter().map(|form| form.name()).collect();
        assert_eq!(names.len(), Form::ALL.len());
        assert_eq!(Form::ALL.last(), Some(&Form::Env), "the last one there is");
    }

    #[test]
    fn files_are_named_from_the_root_of_the_repository() {
        let base = Base { here: Path::new("/repository/teams"), root: Path::new("/repository") };
        assert_eq!(base.name(Path::new("./acme.yaml")), "teams/acme.yaml");
        assert_eq!(base.name(Path::new("/repository/b/c.yaml")), "b/c.yaml");
        assert_eq!(base.name(Path::new("/elsewhere/c.yaml")), "/elsewhere/c.yaml");
    }
}
