//! Small models of the programs that read reports: the runner, a forge, code scanning.

use std::collections::BTreeMap;
use std::mem::Discriminant;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

/// Some of the commands of GitHub's runner.
const COMMANDS: [&str; 12] = [
    "error",
    "warning",
    "notice",
    "debug",
    "group",
    "endgroup",
    "add-mask",
    "set-env",
    "set-output",
    "stop-commands",
    "add-matcher",
    "echo",
];

/// A command that GitHub's runner reads from a line of a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(super) name: String,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) data: String,
}

/// The commands in a log. The runner splits lines at every line separator.
pub(crate) fn commands(log: &str) -> Vec<Command> {
    let ends = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    log.split(ends).filter_map(|line| newer(line).or_else(|| older(line))).collect()
}

/// `::name key=value,key=value::data`, at the beginning of a line but for white space.
fn newer(line: &str) -> Option<Command> {
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    command(head, ',', &unescaped(data, &["%0D", "\r", "%0A", "\n", "%25", "%"]), |value| {
        unescaped(value, &["%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%"])
    })
}

/// `##[name key=value;key=value]data`, anywhere in a line.
fn older(line: &str) -> Option<Command> {
    let (_, rest) = line.split_once("##[")?;
    let (head, data) = rest.split_once(']')?;
    command(head, ';', data, str::to_owned)
}

fn command(
    head: &str,
    separator: char,
    data: &str,
    property: impl Fn(&str) -> String,
) -> Option<Command> {
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    if !COMMANDS.contains(&name) {
        return None;
    }
    let pairs = properties.split(separator).filter_map(|pair| pair.trim().split_once('='));
    let properties = pairs.map(|(key, value)| (key.to_owned(), property(value))).collect();
    Some(Command { name: name.to_owned(), properties, data: data.to_owned() })
}

fn unescaped(text: &str, pairs: &[&str]) -> String {
    pairs.chunks(2).fold(text.to_owned(), |text, pair| text.replace(pair[0], pair[1]))
}

/// Variables, as a program without a shell reads them.
pub(super) fn variables(text: &str) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for line in text.lines() {
        let (name, value) = line.split_once('=').unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
        assert!(name.starts_with("TRUNKLINE_") && name.chars().all(plain), "{line}");
        assert!(!value.is_empty() && value.chars().all(plain), "{line}");
        assert!(variables.insert(name.to_owned(), value.to_owned()).is_none(), "{line}");
    }
    variables
}

/// The parts of a page of Markdown.
#[derive(Debug, Default)]
pub(crate) struct ParsedPage {
    /// Text that is not in a code span.
    pub(crate) text: String,
    /// The code spans, and the blocks of code.
    pub(crate) code: Vec<String>,
    /// The pieces of HTML.
    pub(crate) html: Vec<String>,
    /// The number of columns of each row of each table.
    pub(crate) rows: Vec<usize>,
    /// The sequence of elements, without their content.
    pub(crate) shape: Vec<Discriminant<Event<'static>>>,
    /// Elements that a name must never become.
    pub(crate) strange: Vec<String>,
}

/// Parses Markdown as a forge does, with every extension.
pub(crate) fn page(markdown: &str) -> ParsedPage {
    let mut page = ParsedPage::default();
    let (mut cells, mut block) = (0, false);
    for event in Parser::new_ext(markdown, Options::all()) {
        page.shape.push(std::mem::discriminant(&event.clone().into_static()));
        match event {
            Event::Text(text) if block => page.code.push(text.trim_end().to_owned()),
            Event::Text(text) => page.text.push_str(&text),
            Event::Code(code) => page.code.push(code.into_string()),
            Event::Html(html) | Event::InlineHtml(html) => page.html.push(html.trim().to_owned()),
            Event::SoftBreak | Event::HardBreak => page.text.push('\n'),
            Event::Start(Tag::TableRow | Tag::TableHead) => cells = 0,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => page.rows.push(cells),
            // The command to apply.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(what))) if &*what == "sh" => {
                block = true;
            }
            Event::End(TagEnd::CodeBlock) => block = false,
            Event::Start(
                Tag::Paragraph
                | Tag::Heading { .. }
                | Tag::List(None)
                | Tag::Item
                | Tag::Table(_)
                | Tag::Strong
                | Tag::HtmlBlock,
            )
            | Event::End(_)
            | Event::Rule => {}
            other => page.strange.push(format!("{other:?}")),
        }
    }
    page
}

/// The results of a SARIF log, which must have the form that code scanning requires.
pub(super) fn results(sarif: &str) -> Vec<Value> {
    let log: Value = serde_json::from_str(sarif).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap().clone();
    for result in &results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[rule]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for prints in result["partialFingerprints"].as_object().unwrap().values() {
            assert!(prints.as_str().unwrap().len() > 64);
        }
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for location in result["locations"].as_array().unwrap().iter().chain(related) {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            let fine = |c: char| c.is_ascii_alphanumeric() || "/-._~%".contains(c);
            assert!(!uri.is_empty() && uri.chars().all(fine), "{uri}");
            if let Some(region) = place.get("region") {
                assert!(region["startLine"].as_u64() > Some(0), "{region}");
            }
        }
    }
    results
}
