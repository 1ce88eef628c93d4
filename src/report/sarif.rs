//! The problems of a manifest as SARIF 2.1.0, the format of code scanning.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::digest::sha256;
use super::escape::{self, line};
use super::format::PathBase;
use super::words;
use crate::manifest::{Position, Problem, ProblemKind, Problems, Related};

/// A log of one run. A valid manifest has no results, which closes earlier alerts.
pub(super) fn sarif(problems: Option<&Problems>, base: &PathBase<'_>) -> String {
    let problems = problems.map_or(&[][..], |problems| &problems.0);
    let mut fingerprints = Fingerprints::default();
    let results: Vec<Value> =
        problems.iter().map(|problem| result(problem, base, &mut fingerprints)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Trunkline",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": ProblemKind::ALL.map(rule),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    // Serializing JSON values cannot fail.
    escape::json(&serde_json::to_string_pretty(&log).unwrap_or_default()) + "\n"
}

fn rule(kind: ProblemKind) -> Value {
    json!({
        "id": words::problem(kind),
        "shortDescription": { "text": words::problem_kind(kind) },
        "defaultConfiguration": { "level": "error" },
    })
}

fn result(problem: &Problem, base: &PathBase<'_>, fingerprints: &mut Fingerprints) -> Value {
    let Problem { kind, file, place, message, hint, related } = problem;
    let text = match hint {
        Some(hint) => format!("{}. Hint: {}", line(message), line(hint)),
        None => line(message),
    };
    let mut result = json!({
        "ruleId": words::problem(*kind),
        "ruleIndex": ProblemKind::ALL.iter().position(|one| one == kind),
        "level": "error",
        "message": { "text": text },
        "locations": [location(file, place.as_ref(), base)],
        "partialFingerprints": { "trunkline/v1": fingerprints.of(problem, base) },
    });
    if !related.is_empty() {
        let related = related.iter().enumerate().map(|(id, Related { file, place, message })| {
            let mut location = location(file, Some(place), base);
            location["id"] = id.into();
            location["message"] = json!({ "text": line(message) });
            location
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn location(file: &Path, place: Option<&Position>, base: &PathBase<'_>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(&base.name(file)) } });
    if let Some(Position { line, column, excerpt: _ }) = place {
        physical["region"] = json!({ "startLine": line, "startColumn": column });
    }
    json!({ "physicalLocation": physical })
}

/// A path as a relative URI reference, percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            // Writing to a string cannot fail.
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

/// Fingerprints identify alerts across runs, independent of line numbers and the location of the repository.
#[derive(Default)]
struct Fingerprints {
    seen: BTreeMap<String, usize>,
}

impl Fingerprints {
    fn of(&mut self, problem: &Problem, base: &PathBase<'_>) -> String {
        let Problem { kind, file, place, message, hint: _, related: _ } = problem;
        let name = base.name(file);
        // Only the file name of a file outside of the repository is stable.
        let name = if Path::new(&name).is_absolute() {
            file.file_name().unwrap_or_default().to_string_lossy().into_owned()
        } else {
            name
        };
        let excerpt = place.as_ref().and_then(|place| place.excerpt.as_ref());
        let marked = excerpt.map_or("", |excerpt| excerpt.text.trim());
        let whole = json!([words::problem(*kind), name, message, marked]).to_string();
        let digest = sha256(&whole).replace("sha256:", "");
        // Equal problems are numbered.
        let number = self.seen.entry(digest.clone()).or_default();
        *number += 1;
        format!("{digest}:{number}")
    }
}
