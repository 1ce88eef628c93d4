//! The problems of a manifest.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::words::{self, count};
use super::page::{Section, lines, open};
use super::span::code;
use crate::manifest::{Position, Problem, Problems, Related};

/// Every problem with its place, else the number of problems in each file.
pub(super) fn section(problems: &Problems) -> Section {
    let full: String = problems.0.iter().map(full).collect();
    let brief: String = problems.0.iter().map(brief).collect();
    let brief = format!("{brief}\nLeft out to fit: hints and other places.\n");
    let mut files: BTreeMap<&Path, usize> = BTreeMap::new();
    for problem in &problems.0 {
        *files.entry(&problem.file).or_default() += 1;
    }
    let counts = lines(
        files
            .iter()
            .map(|(file, count)| format!("- {count} × {}\n", code(&file.display().to_string()))),
    );
    let counts =
        format!("{counts}\nLeft out to fit: the places and texts of all {}.\n", problems.0.len());
    let title = count(problems.0.len(), "problem", "problems");
    let shapes = [full, brief, counts].map(|body| open(&title, &body)).into();
    Section { name: "problems", shapes, complete: 1, cut_last: true }
}

fn full(problem: &Problem) -> String {
    let Problem { kind: _, file: _, place: _, message: _, hint, related } = problem;
    let mut out = brief(problem);
    for Related { file, place, message } in related {
        out.extend([format!("  - {}: {}\n", code(&spot(file, Some(place))), code(message))]);
    }
    match hint {
        Some(hint) => out + &format!("  - hint: {}\n", code(hint)),
        None => out,
    }
}

fn brief(problem: &Problem) -> String {
    let Problem { kind, file, place, message, hint: _, related: _ } = problem;
    let spot = spot(file, place.as_ref());
    format!("- **{}** {}: {}\n", words::problem(*kind), code(&spot), code(message))
}

fn spot(file: &Path, place: Option<&Position>) -> String {
    match place {
        Some(Position { line, column, excerpt: _ }) => {
            format!("{}:{line}:{column}", file.display())
        }
        None => file.display().to_string(),
    }
}
