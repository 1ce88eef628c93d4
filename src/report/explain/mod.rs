//! Explanations of what reports name: findings, safety limits, outcomes, exit statuses, and error codes of Telnyx.

mod errors;
mod findings;
mod limits;
mod results;

use std::fmt::Write as _;

use super::words;
use super::wrap::fill;
use crate::model::Code;
use crate::plan::GuardName;

/// The columns of a line of text.
const WIDTH: usize = 80;

/// An explanation.
#[derive(Clone, Copy, Debug, Default)]
struct Explanation {
    /// One line, without a period.
    summary: &'static str,
    /// The situation.
    meaning: &'static str,
    /// The reason why Trunkline or Telnyx handles it so.
    reason: &'static str,
    /// The next step.
    fix: &'static str,
    /// A command of the next step, to copy.
    command: Option<&'static str>,
}

/// A code, name or number that can be explained.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// The name in reports.
    pub name: &'static str,
    kind: TopicKind,
    explanation: Explanation,
}

/// The kind of a topic, in the order of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TopicKind {
    Drift,
    Notice,
    Limit,
    Outcome,
    Exit,
    Error,
}

impl TopicKind {
    const ALL: [Self; 6] =
        [Self::Drift, Self::Notice, Self::Limit, Self::Outcome, Self::Exit, Self::Error];

    /// The noun of one topic, the title of all, and a sentence about them.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Drift => (
                "drift",
                "Drift",
                "Findings that count as drift: the organization differs from the manifest, and the plan has no action that changes it. `accept` turns one into a notice until a day.",
            ),
            Self::Notice => {
                ("notice", "Notices", "Findings that do not count as drift, but should be known.")
            }
            Self::Limit => (
                "safety limit",
                "Safety limits",
                "Limits in `policy` for what one plan may change. A plan over a limit is refused as a whole, with exit status 3.",
            ),
            Self::Outcome => (
                "outcome",
                "Outcomes",
                "Results of the actions of an apply. Each action has exactly one.",
            ),
            Self::Exit => (
                "exit status",
                "Exit statuses",
                "If several apply, 1 and 3 come first, then 6, 5, 4, 7, 2 and 0.",
            ),
            Self::Error => (
                "error code of Telnyx",
                "Error codes of Telnyx",
                "Codes that Telnyx returns most often when it refuses a request.",
            ),
        }
    }
}

/// Every topic, in the order of lists.
#[must_use]
pub fn topics() -> Vec<Topic> {
    let codes = |drift: bool| Code::ALL.into_iter().filter(move |code| code.is_drift() == drift);
    let finding = |kind| {
        move |code: Code| Topic { name: code.name(), kind, explanation: findings::finding(code) }
    };
    let limit = |name| Topic {
        name: words::guard(name),
        kind: TopicKind::Limit,
        explanation: limits::limit(name),
    };
    let fixed = |kind| move |(name, explanation)| Topic { name, kind, explanation };
    codes(true)
        .map(finding(TopicKind::Drift))
        .chain(codes(false).map(finding(TopicKind::Notice)))
        .chain(GuardName::ALL.into_iter().map(limit))
        .chain(results::OUTCOMES.into_iter().map(fixed(TopicKind::Outcome)))
        .chain(results::EXITS.into_iter().map(fixed(TopicKind::Exit)))
        .chain(errors::ERRORS.into_iter().map(fixed(TopicKind::Error)))
        .collect()
}

impl Topic {
    /// The topic of this name, in any case and with `-` or `_`.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let name = folded(name);
        topics().into_iter().find(|topic| topic.name == name)
    }

    /// The name that is most similar to this one, if any is.
    #[must_use]
    pub fn nearest(name: &str) -> Option<&'static str> {
        let name = folded(name);
        let distance = |other: &str| strsim::damerau_levenshtein(&name, other);
        // In a short name, two edits leave nothing in common.
        let near = |other: &&str| distance(other) <= (other.len() / 4).max(1);
        let contains = |other: &&str| name.len() > 3 && other.contains(&name);
        let names = || topics().into_iter().map(|topic| topic.name);
        let nearest = names().filter(near).min_by_key(|other| distance(other));
        nearest.or_else(|| names().find(contains))
    }

    /// The summary, in one line.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.explanation.summary
    }

    /// The number of an exit status.
    #[must_use]
    pub fn exit_status(&self) -> Option<u8> {
        self.name.parse().ok().filter(|_| self.kind == TopicKind::Exit)
    }

    /// A command of the next step.
    #[must_use]
    pub fn command(&self) -> Option<&'static str> {
        self.explanation.command
    }

    /// The whole explanation as text of 80 columns.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { name, kind, explanation } = self;
        let Explanation { summary, meaning, reason, fix, command } = explanation;
        let (noun, ..) = kind.words();
        let mut out = wrapped(&format!("{name} ({noun}): {summary}"), "");
        for (title, body) in [("Meaning", meaning), ("Reason", reason), ("What to do", fix)] {
            let _ = write!(out, "\n{title}:\n{}", wrapped(body, "  "));
        }
        if let Some(command) = command {
            let _ = write!(out, "\n  {command}\n");
        }
        out
    }

    fn markdown(&self) -> String {
        let Self { name, kind: _, explanation } = self;
        let Explanation { summary, meaning, reason, fix, command } = explanation;
        let mut out = format!("### `{name}`\n\n{}.\n", capitalized(summary));
        for (title, body) in [("Meaning", meaning), ("Reason", reason), ("What to do", fix)] {
            let _ = write!(out, "\n**{title}.** {body}\n");
        }
        if let Some(command) = command {
            let _ = write!(out, "\n```sh\n{command}\n```\n");
        }
        out
    }
}

/// A list of all topics, one line each.
#[must_use]
pub fn topic_list() -> String {
    let mut out = String::new();
    for kind in TopicKind::ALL {
        let (_, title, _) = kind.words();
        let _ = writeln!(out, "{title}:");
        let width = of_kind(kind).map(|topic| topic.name.len()).max().unwrap_or(0);
        for topic in of_kind(kind) {
            let _ = writeln!(out, "  {:<width$}  {}", topic.name, topic.summary());
        }
        out.push('\n');
    }
    out.push_str("To explain one, run `trunkline explain CODE`.\n");
    out
}

/// The explanations of these topics as text.
#[must_use]
pub fn topics_text(topics: &[Topic]) -> String {
    let rule = format!("\n{}\n\n", "-".repeat(WIDTH));
    topics.iter().map(Topic::text).collect::<Vec<_>>().join(&rule)
}

/// The explanations of one topic, or of all as a page, in Markdown.
#[must_use]
pub fn topics_markdown(topic: Option<&Topic>) -> String {
    if let Some(topic) = topic {
        return topic.markdown();
    }
    let mut out = "# Findings, limits, outcomes and errors\n\n\
        Reports name each of these. `trunkline explain CODE` prints the same text.\n"
        .to_owned();
    for kind in TopicKind::ALL {
        let (noun, title, about) = kind.words();
        let _ = write!(out, "\n## {title}\n\n{about}\n\n| {noun} | summary |\n|---|---|\n");
        for topic @ Topic { name, .. } in of_kind(kind) {
            let _ = writeln!(out, "| [`{name}`](#{name}) | {} |", topic.summary());
        }
        for topic in of_kind(kind) {
            let _ = write!(out, "\n{}", topic.markdown());
        }
    }
    out
}

fn of_kind(kind: TopicKind) -> impl Iterator<Item = Topic> {
    topics().into_iter().filter(move |topic| topic.kind == kind)
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase().replace('-', "_")
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect()
}

/// A text in lines of at most 80 columns, each after `indent`. A code span stays on one line.
fn wrapped(text: &str, indent: &str) -> String {
    format!("{indent}{}\n", fill(text, indent.len(), indent.len(), WIDTH))
}
