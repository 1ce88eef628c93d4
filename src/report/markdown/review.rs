//! An access review: the rows in doubt first, which are cut last.

use super::super::review::{
    COLUMNS, Review, ReviewChanges, ReviewedUser, cells, change_lines, counts, heading, notes,
};
use super::super::words::count;
use super::page::{MarkdownPage, Section, left_out, lines, open};
use super::span::{CELLS, NAMES, code};

/// Returns a review of at most `max_bytes`.
#[must_use]
pub fn review(review: &Review, max_bytes: usize) -> String {
    let everything = format!("Everything: {}.", code(&review.command()));
    let (doubtful, others): (Vec<_>, Vec<_>) =
        review.users.iter().partition(|user| user.is_in_doubt());
    let sections = [
        users("rows in doubt", "In doubt", &doubtful, true),
        review.changes.as_ref().map(changes),
        users("other users", "Others", &others, false),
    ];
    MarkdownPage {
        head: head(review),
        sections: sections.into_iter().flatten().collect(),
        foot: String::new(),
        everything,
    }
    .fit(max_bytes)
}

fn head(review: &Review) -> String {
    let mut out = format!("### {}\n\n", heading(review, NAMES));
    let counts = counts(&review.summary);
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out += &row(counts.iter().map(|(_, _, many)| (*many).to_owned()).collect());
    out.extend(["|".to_owned(), "--:|".repeat(counts.len()), "\n".to_owned()]);
    out += &row(counts.iter().map(|(number, _, _)| number.to_string()).collect());
    out.push('\n');
    let notes = notes(review, NAMES);
    if !notes.is_empty() {
        out += &lines(notes.iter().map(|note| format!("- {note}\n")));
        out.push('\n');
    }
    out
}

/// A table of users. Its shapes have ever fewer of the first rows.
fn users(
    name: &'static str,
    title: &str,
    users: &[&ReviewedUser],
    cut_last: bool,
) -> Option<Section> {
    if users.is_empty() {
        return None;
    }
    let rows: Vec<String> =
        users.iter().map(|user| format!("| {} |\n", cells(user, CELLS).join(" | "))).collect();
    let names = COLUMNS.map(|name| name.to_lowercase().replace('_', " ").replace("sso", "SSO"));
    let head = format!("| {} |\n|{}\n", names.join(" | "), "---|".repeat(COLUMNS.len()));
    let title = format!("{title}: {}", users.len());
    let shape = |shown: usize| {
        let table = format!("{head}{}", rows[..shown].concat());
        let left = left_out(&[(users.len() - shown, "row", "rows")]);
        let body = if shown > 0 { table + &left } else { left };
        open(&title, &body)
    };
    let fewer = |shown: &usize| (*shown > 0).then(|| shown * 7 / 8);
    let shapes = std::iter::successors(Some(rows.len()), fewer).map(shape).collect();
    Some(Section { name, shapes, complete: 1, cut_last })
}

fn changes(changes: &ReviewChanges) -> Section {
    let name = "changes";
    if changes.are_none() {
        let none = format!("No changes since {}.\n\n", changes.since);
        return Section { name, shapes: vec![none], complete: 1, cut_last: false };
    }
    let all = change_lines(changes, NAMES);
    let full = lines(all.iter().map(|(word, what)| format!("- {word}: {what}\n")));
    let brief = format!("Left out to fit: {}.\n", count(all.len(), "change", "changes"));
    let title = format!("Changes since {}", changes.since);
    let shapes = [full, brief].map(|body| open(&title, &body)).into();
    Section { name, shapes, complete: 1, cut_last: false }
}
