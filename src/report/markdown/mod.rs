//! Plans, outcomes and problems as Markdown, for a comment on a pull request or a job summary.
//!
//! The result comes first, then the destructive actions: in a table above any fold, which is cut last. Names
//! stand in code spans only; see [`span`].

mod actions;
mod findings;
mod outcomes;
mod page;
mod problems;
mod review;
mod span;

use super::format::{PlanContext, ReportContent};
use super::json::{PlanSummary, digest};
use super::manifest::counts;
use super::origins;
use super::words::{self, count};
use crate::plan::{Level, Plan};
use page::{MarkdownPage, Section};
pub use review::review;
use span::{block, code};

/// The maximum length of a job summary in bytes. GitHub drops one of more than 1024 KiB.
const SUMMARY: usize = 900 << 10;

/// Returns a comment of at most `max_bytes`. The next comment finds and replaces it by its invisible mark.
pub(super) fn comment(body: ReportContent<'_>, max_bytes: usize) -> String {
    let mark = match body {
        ReportContent::Plan(context) | ReportContent::Outcomes(context, _) => {
            mark(context.report.organization)
        }
        ReportContent::Valid(desired) => mark(&desired.organization),
        // The name of the organization may be the problem.
        ReportContent::Problems(_) => "<!-- trunkline -->\n".to_owned(),
    };
    let page = page(body);
    let head = mark + &page.head;
    MarkdownPage { head, ..page }.fit(max_bytes)
}

/// A job summary.
pub(super) fn summary(body: ReportContent<'_>) -> String {
    page(body).fit(SUMMARY)
}

/// An HTML comment, which no name can end.
fn mark(organization: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("<!-- trunkline:{} -->\n", organization.chars().map(plain).collect::<String>())
}

fn page(body: ReportContent<'_>) -> MarkdownPage {
    match body {
        ReportContent::Plan(context) => plan(context),
        ReportContent::Outcomes(context, ended) => MarkdownPage {
            head: title(context.report.organization) + &outcomes::verdict(ended),
            sections: outcomes::sections(ended, context.report.state),
            foot: format!("---\n\nDigest of the plan: {}\n", code(&digest(context.report))),
            everything: "The output of the apply lists everything.".to_owned(),
        },
        ReportContent::Valid(desired) => MarkdownPage {
            head: format!("{}**Valid**: {}.\n", title(&desired.organization), counts(desired)),
            sections: Vec::new(),
            foot: String::new(),
            everything: String::new(),
        },
        ReportContent::Problems(all) => MarkdownPage {
            head: "### Trunkline\n\n**The manifest is not valid.** Nothing was planned.\n\n"
                .to_owned(),
            sections: vec![problems::section(all)],
            foot: String::new(),
            everything: format!("{} lists everything.", code("trunkline validate")),
        },
    }
}

fn title(organization: &str) -> String {
    format!("### Trunkline: {}\n\n", code(organization))
}

fn plan(context: PlanContext<'_>) -> MarkdownPage {
    let Plan {
        actions: _,
        findings,
        guards,
        in_sync: _,
        withheld: _,
        ignored: _,
        unchosen: _,
        unchosen_findings: _,
        inventory: _,
    } = context.report.plan;
    let state = context.report.state;
    let everything = context
        .path
        .map_or_else(String::new, |_| format!("Everything: {}", code(&context.plan_command())));
    let parts = [
        findings::urgent(findings, state),
        findings::loosened(findings, state),
        actions::destructive(context.report.plan, &everything),
    ];
    let changes = actions::changes(context.report.plan);
    let rest = [
        findings::findings(findings, Level::Drift, state),
        findings::findings(findings, Level::Notice, state),
        findings::guards(guards),
    ];
    let sections: Vec<Section> =
        parts.into_iter().flatten().chain(changes).chain(rest.into_iter().flatten()).collect();
    MarkdownPage {
        head: title(context.report.organization) + &verdict(context.report.plan),
        sections,
        foot: foot(context),
        everything,
    }
}

/// The result: a sentence, the counts, and what prevents an apply.
fn verdict(plan: &Plan) -> String {
    let summary = PlanSummary::of(plan);
    let PlanSummary {
        create,
        update,
        enable,
        disable,
        remove,
        findings,
        withheld,
        ignored,
        in_sync,
        destructive,
        unchosen: _,
        unchosen_findings: _,
    } = summary;
    let origins = origins::counts(plan).map(|origins| format!("{origins}\n\n"));
    let mut out = format!("{}{}\n\n", origins.unwrap_or_default(), sentence(plan));
    let columns = [
        ("create", create),
        ("update", update),
        ("enable", enable),
        ("disable", disable),
        ("remove", remove),
        ("destructive", destructive),
        ("withheld", withheld),
        ("findings", findings),
        ("ignored", ignored),
        ("in sync", in_sync),
    ];
    let columns: Vec<_> = columns.into_iter().filter(|(_, count)| *count > 0).collect();
    if !columns.is_empty() {
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        out += &row(columns.iter().map(|(name, _)| (*name).to_owned()).collect());
        out.extend(["|".to_owned(), "--:|".repeat(columns.len()), "\n".to_owned()]);
        out += &row(columns.iter().map(|(_, count)| count.to_string()).collect());
        out += "\n";
    }
    let refusing = plan.guards.iter().filter(|guard| guard.refused()).count();
    let mut notes = Vec::new();
    if refusing > 0 {
        let limits = count(refusing, "safety limit", "safety limits");
        notes.push(format!(
            "**An apply is refused** by {limits}; if the plan is correct, use `{}`.",
            words::approval(plan)
        ));
    }
    if !plan.inventory.complete {
        notes.push(
            "**The inventory is incomplete**: creates and destructive actions that depend on the missing part are \
             withheld."
                .to_owned(),
        );
    }
    if plan.withheld > 0 {
        let held = count(plan.withheld, "action", "actions");
        notes.push(format!("Withheld: {held}, for the reasons among the findings and notices."));
    }
    notes.extend(origins::not_selected(plan));
    if !notes.is_empty() {
        out += &page::lines(notes.iter().map(|note| format!("- {note}\n")));
        out.push('\n');
    }
    out
}

fn sentence(plan: &Plan) -> String {
    let destructive = plan.destructive();
    let others = plan.actions.len() - destructive;
    match (destructive, others) {
        (0, 0) if plan.has_drift() => {
            "**Nothing to apply**, but there are differences that no request can resolve."
                .to_owned()
        }
        (0, 0) if words::is_in_sync(plan) => {
            format!("**In sync**: {}.", words::in_sync(plan))
        }
        (0, 0) => "**Nothing to apply.**".to_owned(),
        (0, others) => {
            format!("**{} to apply**, none destructive.", count(others, "action", "actions"))
        }
        (destructive, 0) => {
            let actions = count(destructive, "destructive action", "destructive actions");
            format!("**{actions}** and nothing else.")
        }
        (destructive, others) => format!(
            "**{}** and {}.",
            count(destructive, "destructive action", "destructive actions"),
            count(others, "other action", "other actions")
        ),
    }
}

fn foot(context: PlanContext<'_>) -> String {
    let report = context.report;
    let state = report.state;
    let digest = digest(report);
    let expires = context.expires_at.map(|time| format!(" · expires {}", code(time)));
    let mut out = format!(
        "---\n\nDigest {} · read from {} · state {}{}\n",
        code(&digest),
        code(&report.bound_to.base_url),
        state.described(code),
        expires.unwrap_or_default()
    );
    if !report.plan.actions.is_empty() {
        // A saved plan contains only the selected actions.
        let source = match (context.saved, context.path) {
            (Some(file), _) => vec!["--plan".to_owned(), file.display().to_string()],
            (None, path) => {
                let path = path.map(|path| path.display().to_string());
                path.into_iter().chain(state.selection.iter().cloned()).collect()
            }
        };
        let selects_drift = source.windows(2).any(|pair| pair == ["--only", "drift"]);
        let words = ["apply"].into_iter().chain(source.iter().map(String::as_str));
        let words: Vec<&str> = words.chain(["--expect", &digest]).collect();
        if selects_drift {
            out.push_str(
                "\nTo apply exactly this, save it with `--out FILE`, and run `trunkline apply --plan FILE`.\n",
            );
        } else {
            out.extend(["\nTo apply exactly this:\n\n", &block(&state.command(&words))]);
        }
    }
    out
}
