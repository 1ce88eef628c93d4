//! The documents: generated parts are current, links resolve, and commands exist.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

use crate::help::commands;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents of the repository with their texts.
fn documents() -> BTreeMap<PathBuf, String> {
    let files =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"];
    let mut paths: Vec<PathBuf> = files.map(|file| root().join(file)).into();
    let docs = std::fs::read_dir(root().join("docs")).unwrap();
    paths.extend(docs.map(|entry| entry.unwrap().path()));
    let read = |path: PathBuf| (path.clone(), std::fs::read_to_string(path).unwrap());
    paths.into_iter().map(read).collect()
}

fn printed(arguments: &[&str]) -> String {
    let run = Command::cargo_bin("trunkline").unwrap().args(arguments).assert().success();
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

/// Compares the generated part of a page with `text`. With `TRUNKLINE_WRITE_DOCS` it is written instead.
fn is_current(page: &str, text: &str) {
    const BEGIN: &str = "<!-- generated -->\n";
    const END: &str = "<!-- /generated -->\n";
    let path = root().join("docs").join(page);
    let written = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = written.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let current = format!("{before}{BEGIN}{}\n{END}{after}", text.trim_end());
    if std::env::var_os("TRUNKLINE_WRITE_DOCS").is_some() {
        std::fs::write(&path, current).unwrap();
    } else {
        assert!(
            written == current,
            "write docs/{page} anew: TRUNKLINE_WRITE_DOCS=1 cargo test --test it docs::"
        );
    }
}

#[test]
fn the_page_of_commands_is_the_help_of_the_program() {
    let mut page = String::new();
    for command in commands() {
        let mut words: Vec<&str> = command.split_whitespace().collect();
        let title =
            if words.is_empty() { "trunkline".to_owned() } else { format!("trunkline {command}") };
        words.push("--help");
        let help = printed(&words);
        write!(page, "\n## {title}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    }
    is_current("commands.md", &page);
}

#[test]
fn the_page_of_findings_is_what_explain_prints() {
    is_current("findings.md", &printed(&["explain", "--all", "--format", "markdown"]));
}

/// The type of a field in words.
fn kind(field: &Value) -> String {
    if let Some(words) = field["enum"].as_array() {
        let words: Vec<String> =
            words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect();
        return if words.len() > 4 { "a code".to_owned() } else { words.join(", ") };
    }
    if let Some(all) = field["allOf"].as_array() {
        return kind(&all[0]);
    }
    if let Some(name) = field["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if field["anyOf"].is_array() {
        return "number or percentage".to_owned();
    }
    match field["type"].as_str() {
        Some("array") => format!("list of {}", kind(&field["items"])),
        Some(other) => other.to_owned(),
        None => "object".to_owned(),
    }
}

#[test]
fn the_reference_of_the_manifest_is_its_schema() {
    let schema: Value = serde_json::from_str(&printed(&["schema", "manifest"])).unwrap();
    let mut page = String::new();
    let definitions = schema["definitions"].as_object().unwrap();
    let whole = "Manifest".to_owned();
    let parts = [(&whole, &schema)].into_iter().chain(definitions);
    for (name, part) in parts {
        writeln!(page, "\n### {name}\n").unwrap();
        if let Some(text) = part["description"].as_str() {
            writeln!(page, "{}\n", text.replace("\n\n", " ")).unwrap();
        }
        page.push_str("| field | type | meaning |\n|---|---|---|\n");
        let required: Vec<&str> =
            part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, about) in part["properties"].as_object().unwrap() {
            let needed = if required.contains(&field.as_str()) { " (required)" } else { "" };
            let text = about["description"].as_str().unwrap_or_default().replace('|', "\\|");
            writeln!(
                page,
                "| `{field}`{needed} | {} | {} |",
                kind(about),
                text.replace("\n\n", " ")
            )
            .unwrap();
        }
    }
    is_current("manifest.md", &page);
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The lines of a text outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let documents = documents();
    let mut links = 0;
    for (path, text) in &documents {
        for line in prose(text) {
            for part in line.split("](").skip(1) {
                let target = part.split(')').next().unwrap();
                if target.starts_with("http") {
                    continue;
                }
                links += 1;
                let (file, heading) = target.split_once('#').unwrap_or((target, ""));
                let there =
                    if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
                assert!(there.exists(), "{}: {target}", path.display());
                if !heading.is_empty() {
                    let text = std::fs::read_to_string(&there).unwrap();
                    let found = prose(&text)
                        .filter(|line| line.starts_with('#'))
                        .any(|line| anchor(line.trim_start_matches('#').trim()) == heading);
                    assert!(found, "{}: {target}", path.display());
                }
            }
        }
    }
    assert!(links > 50, "{links}");
}

#[test]
fn every_command_in_a_document_has_its_options() {
    let known = commands();
    let mut checked = 0;
    for (path, text) in documents() {
        for line in text.lines() {
            let line = line.trim();
            let arguments =
                line.strip_prefix("trunkline ").or(line.strip_prefix("cargo run --release -- "));
            let Some(arguments) = arguments.filter(|_| !line.contains('`')) else { continue };
            let words: Vec<&str> = arguments
                .split_whitespace()
                .take_while(|word| !word.starts_with(['#', '>']))
                .collect();
            let command = [2, 1].into_iter().find_map(|most| {
                let name = words.iter().take(most).copied().collect::<Vec<_>>().join(" ");
                known.contains(&name).then_some(name)
            });
            let Some(command) = command else { panic!("{}: {line}", path.display()) };
            let help =
                printed(&[&command.split(' ').collect::<Vec<_>>()[..], &["--help"]].concat());
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let option = option.split('=').next().unwrap();
                assert!(help.contains(option), "{}: {option} of {line}", path.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn documents_use_the_words_of_the_glossary() {
    let refused = ["ledger", "nobody", "somebody", "losses", "held back", "kept plan", "stands by"];
    for (path, text) in documents() {
        // The changelog and the glossary name what a word replaces.
        if path.ends_with("CHANGELOG.md") {
            continue;
        }
        for line in prose(&text) {
            let found = refused.iter().find(|word| line.to_lowercase().contains(*word));
            assert_eq!(found, None, "{}: {line}", path.display());
        }
    }
}

#[test]
fn the_readme_fits_on_a_few_screens() {
    let lines = documents()[&root().join("README.md")].lines().count();
    assert!(lines <= 150, "{lines}");
}
