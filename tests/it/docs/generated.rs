//! The generated parts of the documents.

use std::fmt::Write as _;

use assert_cmd::Command;
use serde_json::Value;

use super::{Page, exclusive};

const START: &str = "<!-- generated -->\n";
const END: &str = "<!-- /generated -->\n";

/// The page with another generated part.
fn with(page: &Page, part: &str) -> String {
    let (before, rest) = page.text.split_once(START).unwrap_or_else(|| panic!("{}", page.path));
    let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("{}", page.path));
    format!("{before}{START}\n{}\n\n{END}{after}", part.trim())
}

fn output(arguments: &[&str]) -> String {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    let run = command.args(arguments).env_clear().assert().success();
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

#[test]
fn the_page_of_findings_is_what_explain_prints() {
    let _lock = exclusive();
    let page = Page::read("docs/findings.md");
    let text = output(&["explain", "--all", "--format", "markdown"]);
    let (title, text) = text.split_once('\n').unwrap();
    assert!(page.text.starts_with(title), "{title}");
    page.expect(&with(&page, text));
}

#[test]
fn the_page_of_commands_is_their_help() {
    let _lock = exclusive();
    let page = Page::read("docs/commands.md");
    let mut part = String::new();
    commands(&[], &mut part);
    page.expect(&with(&page, &part));
}

/// Adds the help of a command and of those below it. Global options are listed once, at the program.
fn commands(words: &[&str], part: &mut String) {
    let help = output(&[words, &["--help"]].concat());
    let title = [&["trunkline"], words].concat().join(" ");
    let (text, global) = match help.split_once("\n\nGlobal options:\n") {
        Some((text, rest)) if !words.is_empty() => {
            let (options, rest) = rest.split_once("\n\n").unwrap_or((rest, ""));
            (format!("{text}\n\n{rest}"), names(options))
        }
        _ => (help.clone(), Vec::new()),
    };
    let level = "#".repeat(2 + words.len());
    write!(part, "{level} {title}\n\n```text\n{}\n```\n\n", trimmed(&text)).unwrap();
    if !global.is_empty() {
        write!(part, "Global options: {}.\n\n", global.join(", ")).unwrap();
    }
    for name in listed(&help) {
        commands(&[words, &[name]].concat(), part);
    }
}

/// The long names of options.
fn names(options: &str) -> Vec<String> {
    let words = options.lines().filter(|line| line.trim_start().starts_with('-'));
    let long = words.filter_map(|line| line.split([' ', '.']).find(|word| word.starts_with("--")));
    long.map(|name| format!("`{name}`")).collect()
}

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<&str> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next();
    let rows = list.unwrap_or_default().lines().filter_map(|line| line.strip_prefix("  "));
    rows.filter(|row| !row.starts_with(' ')).filter_map(|row| row.split(' ').next()).collect()
}

/// Without blank space at the ends of lines.
fn trimmed(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_tables_of_the_manifest_are_its_schema() {
    let _lock = exclusive();
    let page = Page::read("docs/manifest.md");
    let schema: Value = serde_json::from_str(&output(&["schema", "manifest"])).unwrap();
    let definitions = &schema["definitions"];
    let password = &definitions["Account"]["properties"]["password_from"];
    let sections = [
        ("The file", &schema),
        ("policy", &definitions["Policy"]),
        ("accept", &definitions["Accept"]),
        ("defaults.account", &definitions["AccountDefaults"]),
        ("accounts", &definitions["Account"]),
        ("accounts: password_from", password),
        ("users", &definitions["User"]),
    ];
    let mut part = String::new();
    for (title, object) in sections {
        write!(part, "### {title}\n\n{COLUMNS}").unwrap();
        let required = object["required"].as_array().cloned().unwrap_or_default();
        for (name, field) in object["properties"].as_object().unwrap() {
            let (description, default) = described(field);
            let default = if required.contains(&Value::from(name.as_str())) {
                "required".to_owned()
            } else {
                default
            };
            writeln!(part, "| `{name}` | {} | {default} | {description} |", kind(field)).unwrap();
        }
        part.push('\n');
    }
    page.expect(&with(&page, &part));
}

const COLUMNS: &str = "| field | type | default | description |\n|---|---|---|---|\n";

/// The description of a field, and its default, which some descriptions end with.
fn described(field: &Value) -> (String, String) {
    let text = field["description"].as_str().unwrap().replace('|', "\\|");
    let (text, said) = match text.rsplit_once(" Default: ") {
        Some((text, default)) => {
            (text.to_owned(), Some(format!("`{}`", default.trim_end_matches('.'))))
        }
        None => (text, None),
    };
    let default = field.get("default").map(|value| match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    });
    (text, said.or(default).unwrap_or_default())
}

/// The type of a field, in words.
fn kind(field: &Value) -> String {
    if let Some(words) = field["enum"].as_array() {
        if words.len() > 4 {
            return "code of a finding".to_owned();
        }
        let words = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`"));
        return words.collect::<Vec<_>>().join(", ");
    }
    if field.get("const").is_some() {
        return format!("`{}`", field["const"]);
    }
    if field.get("anyOf").is_some() {
        return "number or percentage".to_owned();
    }
    let pattern = field["pattern"].as_str().unwrap_or_default();
    match field["type"].as_str() {
        Some("array") => {
            let of = &field["items"];
            format!(
                "list of {}",
                match of.get("$ref") {
                    Some(_) => "entries".to_owned(),
                    None if of["pattern"].as_str().is_some_and(|p| p.contains('@')) =>
                        "addresses".to_owned(),
                    None => "texts".to_owned(),
                }
            )
        }
        Some("string") if pattern.contains('@') => "address".to_owned(),
        Some("string") if pattern.contains("urn:uuid") => "UUID".to_owned(),
        Some("string") if pattern.starts_with("^[0-9]{4}-") => "day, `YYYY-MM-DD`".to_owned(),
        Some("string") if pattern.ends_with("d$") => "days, such as `90d`".to_owned(),
        Some("string") => "text".to_owned(),
        Some("boolean") => "`true`, `false`".to_owned(),
        Some(number @ ("integer" | "number")) => {
            if number == "integer" { "whole number" } else { "amount" }.to_owned()
        }
        _ => "section".to_owned(),
    }
}
