//! Plans, outcomes and problems as Markdown: for a comment on a pull request, or the summary of a job.
//!
//! The result comes first, then the destructive actions: in a table above any fold, which is cut last. Names
//! stand in code spans only; see [`span`].

mod actions;
mod findings;
mod outcomes;
mod page;
mod problems;
mod span;

use std::path::Path;

use super::form::{Matter, Scene};
use super::json::{PlanSummary, digest};
use super::manifest::counts;
use super::words::{self, count};
use crate::plan::{Level, Plan};
use page::{Page, Section};
use span::{block, code};

/// The longest summary of a job, in bytes: GitHub drops one of more than 1024 KiB.
const SUMMARY: usize = 900 << 10;

/// Returns a comment of at most `max_bytes`. It begins with an invisible mark, by which the next one finds and
/// replaces it.
pub(super) fn comment(matter: Matter<'_>, max_bytes: usize) -> String {
    let mark = match matter {
        Matter::Plan(scene) | Matter::Outcomes(scene, _) => mark(scene.report.organization),
        Matter::Valid(desired) => mark(&desired.organization),
        // The name of the organization may be the problem.
        Matter::Problems(_) => "<!-- trunkline -->\n".to_owned(),
    };
    let page = page(matter);
    let head = mark + &page.head;
    Page { head, ..page }.fit(max_bytes)
}

/// The summary of a job.
pub(super) fn summary(matter: Matter<'_>) -> String {
    page(matter).fit(SUMMARY)
}

/// An HTML comment that no character of the name can end.
fn mark(organization: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("<!-- trunkline:{} -->\n", organization.chars().map(plain).collect::<String>())
}

fn page(matter: Matter<'_>) -> Page {
    match matter {
        Matter::Plan(scene) => plan(scene),
        Matter::Outcomes(scene, ended) => Page {
            head: title(scene.report.organization) + &outcomes::verdict(ended),
            sections: outcomes::sections(ended),
            foot: format!("---\n\nDigest of the plan: {}\n", code(&digest(scene.report))),
            everything: "The output of the apply lists everything.".to_owned(),
        },
        Matter::Valid(desired) => Page {
            head: format!("{}**Valid**: {}.\n", title(&desired.organization), counts(desired)),
            sections: Vec::new(),
            foot: String::new(),
            everything: String::new(),
        },
        Matter::Problems(all) => Page {
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

fn plan(scene: Scene<'_>) -> Page {
    let Plan {
        actions: _,
        findings,
        guards,
        in_sync: _,
        withheld: _,
        ignored: _,
        unchosen: _,
        inventory: _,
    } = scene.report.plan;
    let everything = scene.path.map_or_else(String::new, |path| {
        format!("Everything: {}", code(&format!("trunkline plan {}", word(path))))
    });
    let parts =
        [findings::loosened(findings), actions::destructive(scene.report.plan, &everything)];
    let changes = actions::changes(scene.report.plan);
    let rest = [
        findings::findings(findings, Level::Drift),
        findings::findings(findings, Level::Notice),
        findings::guards(guards),
    ];
    let sections: Vec<Section> =
        parts.into_iter().flatten().chain(changes).chain(rest.into_iter().flatten()).collect();
    Page {
        head: title(scene.report.organization) + &verdict(scene.report.plan),
        sections,
        foot: foot(scene),
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
        unchosen,
    } = summary;
    let mut out = format!("{}\n\n", sentence(plan));
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
    let mut notes: Vec<String> = words::origins(plan).into_iter().collect();
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
    if unchosen > 0 {
        let left = count(unchosen, "action", "actions");
        notes.push(format!("Not selected: {left}; the safety limits apply to the whole plan."));
    }
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
        (0, 0) if plan.inventory.complete && plan.unchosen == 0 => {
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

fn foot(scene: Scene<'_>) -> String {
    let report = scene.report;
    let digest = digest(report);
    let expires = scene.expires_at.map(|time| format!(" · expires {}", code(time)));
    let mut out = format!(
        "---\n\nDigest {} · read from {}{}\n",
        code(&digest),
        code(&report.bound_to.base_url),
        expires.unwrap_or_default()
    );
    if !report.plan.actions.is_empty() {
        let what = match (scene.saved, scene.path) {
            (Some(file), _) => format!("--plan {}", word(file)),
            (None, path) => path.map(word).unwrap_or_default(),
        };
        let command = format!("trunkline apply {what} --expect {digest}");
        // A saved plan contains only the selected actions.
        let chosen = if report.plan.unchosen > 0 && scene.saved.is_none() {
            " (with the same `--target`)"
        } else {
            ""
        };
        out.extend([format!("\nTo apply exactly this{chosen}:\n\n{}", block(&command))]);
    }
    out
}

/// A path as a word of a shell.
fn word(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !path.is_empty() && !path.starts_with('-') && path.chars().all(plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}
