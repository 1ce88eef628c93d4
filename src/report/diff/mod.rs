//! The live side against the manifest, as a unified diff of YAML in the manifest's layout.
//!
//! It shows the entries of the manifest with the fields that they manage, and unlisted accounts and users that
//! the plan disables or removes. An unknown live value is a comment, and counts as different. With `--only` or
//! `--target` it shows the selected entries and fields.

mod entries;
mod selected;

use std::fmt::Write as _;

use similar::udiff::UnifiedHunkHeader;
use similar::{Algorithm, ChangeTag, DiffOp, capture_diff, group_diff_ops};

use super::PlanContext;
use super::escape::line;
use entries::{Entry, entries};

/// The number of unchanged lines around a change.
const CONTEXT: usize = 3;

/// A plan as a diff. Empty if both sides are equal.
pub(super) fn diff(context: PlanContext<'_>) -> String {
    let report = context.report;
    let mut sides = Sides::default();
    for (title, entries) in entries(context) {
        if !entries.is_empty() {
            let title = vec![format!("{title}:")];
            sides.entry(&Entry { have: title.clone(), want: title });
        }
        for entry in &entries {
            sides.entry(entry);
        }
    }
    let mut out = String::new();
    if !report.plan.inventory.complete {
        out.push_str("# the inventory is incomplete: entries that are missing below may exist\n");
    }
    let hunks = group_diff_ops(std::mem::take(&mut sides.ops), CONTEXT);
    if !hunks.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "--- live {}", line(&report.bound_to.base_url));
        let _ = writeln!(out, "+++ manifest {}", line(report.organization));
    }
    for hunk in hunks {
        sides.hunk(&mut out, &hunk);
    }
    out
}

/// Both sides, line by line, with their differences.
#[derive(Default)]
struct Sides {
    have: Vec<String>,
    want: Vec<String>,
    ops: Vec<DiffOp>,
}

impl Sides {
    /// Adds an entry, which is compared with its counterpart only. The time is linear in the number of entries,
    /// and no line matches one of another account.
    fn entry(&mut self, entry: &Entry) {
        let Entry { have, want } = entry;
        let (from, to) = (self.have.len(), self.want.len());
        self.have.extend_from_slice(have);
        self.want.extend_from_slice(want);
        let (old, new) = (from..self.have.len(), to..self.want.len());
        let ops = capture_diff(Algorithm::Myers, &self.have, old, &self.want, new);
        for op in ops {
            self.push(op);
        }
    }

    /// Adds a difference. Adjacent equal lines are merged, so that a hunk can end among them.
    fn push(&mut self, op: DiffOp) {
        match (self.ops.last_mut(), op) {
            (Some(DiffOp::Equal { len, .. }), DiffOp::Equal { len: more, .. }) => *len += more,
            (_, op) => self.ops.push(op),
        }
    }

    fn hunk(&self, out: &mut String, ops: &[DiffOp]) {
        let _ = writeln!(out, "{}", UnifiedHunkHeader::new(ops));
        for change in ops.iter().flat_map(|op| op.iter_changes(&self.have, &self.want)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let _ = writeln!(out, "{sign}{}", change.value());
        }
    }
}
