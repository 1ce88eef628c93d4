//! The live side against what is wanted, as a unified diff of YAML that looks like the manifest.
//!
//! It shows entries of the manifest, with the fields that it manages, and who is taken away. What
//! Telnyx does not tell is a comment on the live side, and differs.

mod entries;
mod yaml;

use std::fmt::Write as _;

use similar::udiff::UnifiedHunkHeader;
use similar::{Algorithm, ChangeTag, DiffOp, capture_diff, group_diff_ops};

use super::Scene;
use super::escape::line;
use entries::{Entry, entries};

/// So many lines around a change are shown.
const CONTEXT: usize = 3;

/// A plan as a diff. Empty when both sides are the same.
pub(super) fn diff(scene: Scene<'_>) -> String {
    let report = scene.report;
    let mut sides = Sides::default();
    for (title, entries) in entries(scene) {
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
        out.push_str("# the inventory is incomplete: what is missing below may be there\n");
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

/// Both sides, line by line, and what differs between them.
#[derive(Default)]
struct Sides {
    have: Vec<String>,
    want: Vec<String>,
    ops: Vec<DiffOp>,
}

impl Sides {
    /// Adds an entry. Each is compared with its counterpart and with nothing else: so it takes as long
    /// as there are entries, and no line is taken for that of another account.
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

    /// Adds what differs. Equal lines that follow each other become one stretch, in which a hunk can end.
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
