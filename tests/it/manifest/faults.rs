//! Reading never panics, and reports every fault at its position.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

use super::{EVERYTHING, read, shown};

/// A fault of an account.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    /// The lines that replace the line of the same field, or follow the others. The fault is reported in
    /// the last of them, or at the start of the account if there are none.
    lines: &'static [&'static str],
    /// The field whose line is removed.
    without: Option<&'static str>,
}

const fn kind(name: &'static str, lines: &'static [&'static str]) -> Kind {
    Kind { name, lines, without: None }
}

const KINDS: [Kind; 26] = [
    kind("unknown field", &["enable: true"]),
    kind("a field of Telnyx", &["managed_account_allow_custom_pricing: true"]),
    kind("text for a boolean", &["enabled: \"yes\""]),
    kind("boolean of another age", &["enabled: on"]),
    kind("number for a boolean", &["custom_pricing: 1"]),
    kind("negative limit", &["channel_limit: -1"]),
    kind("text for a limit", &["channel_limit: ten"]),
    kind("fraction for a limit", &["channel_limit: 1.5"]),
    kind("limit that no pool has", &["channel_limit: 5000000000"]),
    kind("list for a limit", &["channel_limit: [1]"]),
    kind("invalid email address", &["email: larry"]),
    kind("number for an email", &["email: 17"]),
    kind("an email twice", &["email: FIRST@reseller.example"]),
    kind("an id twice", &["id: 00000000-0000-4000-8000-00000000000F"]),
    kind("number for an id", &["id: 17"]),
    kind("a key twice", &["rollup_billing: true", "rollup_billing: true"]),
    kind("a password", &["password: hunter2"]),
    kind("a password as its source", &["password_from: hunter2"]),
    kind("a variable of something else", &["password_from: { env: HOME }"]),
    kind("no source", &["password_from: {}"]),
    kind("two sources", &["password_from: { env: TRUNKLINE_SECRET_A, file: a }"]),
    kind("nothing for a boolean", &["reenable_connections:"]),
    kind("group of fields for a name", &["name: { first: A }"]),
    kind("empty name", &["name: ' '"]),
    kind("a name that cannot be seen", &["name: \"a\\u202eb\""]),
    Kind { name: "no email", lines: &[], without: Some("email") },
];

/// The lines of an account with an optional fault, and the index of the faulty line.
fn account(number: usize, fault: Option<Kind>) -> (Vec<String>, Option<usize>) {
    let mut lines = vec![
        format!("name: Shop {number}"),
        format!("email: shop{number}@reseller.example"),
        "enabled: true".to_owned(),
        format!("channel_limit: {number}"),
    ];
    let Some(Kind { name: _, lines: faulty, without }) = fault else { return (lines, None) };
    if let Some(field) = without {
        lines.retain(|line| !line.starts_with(field));
    }
    let mut named = 0;
    for line in faulty {
        let field = line.split_inclusive(':').next().unwrap();
        let good = ["name:", "email:", "enabled:", "channel_limit:"].contains(&field);
        named =
            lines.iter().position(|line| good && line.starts_with(field)).unwrap_or(lines.len());
        lines.splice(named..(named + 1).min(lines.len()), [(*line).to_owned()]);
    }
    (lines, Some(named))
}

/// A manifest of accounts, and the lines with faults.
fn manifest(accounts: &[Option<Kind>]) -> (String, BTreeSet<u64>) {
    let mut text = "version: 1\norganization: acme\naccounts:\n".to_owned();
    text += "  - { name: First, email: first@reseller.example, id: 00000000-0000-4000-8000-00000000000f }\n";
    let mut faults = BTreeSet::new();
    let mut line = 5;
    for (number, fault) in accounts.iter().enumerate() {
        let (lines, fault) = account(number, *fault);
        faults.extend(fault.map(|at| line + at as u64));
        for (index, content) in lines.iter().enumerate() {
            writeln!(text, "  {} {content}", if index == 0 { '-' } else { ' ' }).unwrap();
        }
        line += lines.len() as u64;
    }
    (text, faults)
}

/// The lines of the problems of a text.
fn lines(text: &str) -> BTreeSet<u64> {
    let Err(problems) = read(text) else { return BTreeSet::new() };
    problems.0.iter().map(|problem| problem.place.as_ref().unwrap().line).collect()
}

#[test]
fn every_kind_of_fault_is_reported_at_its_line() {
    for kind in KINDS {
        let (text, faults) = manifest(&[None, Some(kind), None]);
        assert_eq!(lines(&text), faults, "{}\n{text}", kind.name);
    }
}

/// Reads a text and shows what is said of it: whatever it is, that must come to an end.
fn survives(text: &str) {
    if let Err(problems) = read(text) {
        assert!(!problems.0.is_empty());
        let said = format!("{problems}\n{}", shown(&problems));
        let harmful = said.chars().find(|c| *c != '\n' && trunkline::model::is_harmful(*c));
        assert_eq!(harmful, None, "{said}");
        for problem in &problems.0 {
            let excerpt = problem.place.as_ref().and_then(|place| place.excerpt.as_ref());
            let Some(excerpt) = excerpt else { continue };
            assert!(excerpt.text.get(excerpt.mark.clone()).is_some(), "{excerpt:?}");
        }
    }
}

/// A change to a text that leaves it much as it was.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    RemoveLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    Indent(usize, usize),
    Insert(usize, &'static str),
    Remove(usize, usize),
    Value(usize, &'static str),
}

/// Pieces that mean something in YAML, or to us.
const PIECES: [&str; 40] = [
    "\t",
    "\n",
    "\r",
    " ",
    "  ",
    "- ",
    ": ",
    ":",
    "#",
    " # ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "? ",
    "<<: ",
    "%YAML 1.2\n",
    "~",
    "null",
    "-1",
    "1e999",
    ".nan",
    "yes",
    "password: ",
    "é",
    "東",
    "\u{202e}",
    "\u{feff}",
    "\u{0}",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    use Mutation as M;
    let at = || 0usize..5000;
    prop_oneof![
        at().prop_map(M::RemoveLine),
        at().prop_map(M::RepeatLine),
        (at(), at()).prop_map(|(a, b)| M::SwapLines(a, b)),
        (at(), 0usize..9).prop_map(|(line, by)| M::Indent(line, by)),
        (at(), select(&PIECES[..])).prop_map(|(at, piece)| M::Insert(at, piece)),
        (at(), 1usize..20).prop_map(|(at, length)| M::Remove(at, length)),
        (at(), select(&PIECES[..])).prop_map(|(line, piece)| M::Value(line, piece)),
    ]
}

fn mutated(text: &str, mutation: Mutation) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    lines.resize(count, String::new());
    let boundary = |at: usize| {
        (0..=at % (text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap()
    };
    match mutation {
        Mutation::RemoveLine(line) => drop(lines.remove(line % count)),
        Mutation::RepeatLine(line) => lines.insert(line % count, lines[line % count].clone()),
        Mutation::SwapLines(a, b) => lines.swap(a % count, b % count),
        Mutation::Indent(line, by) => {
            let line = &mut lines[line % count];
            *line = format!("{}{}", " ".repeat(by), line.trim_start());
        }
        Mutation::Insert(at, piece) => {
            let at = boundary(at);
            return format!("{}{piece}{}", &text[..at], &text[at..]);
        }
        Mutation::Remove(at, length) => {
            let (begin, end) = (boundary(at), boundary(at % (text.len() + 1) + length));
            return format!("{}{}", &text[..begin], &text[end.max(begin)..]);
        }
        Mutation::Value(line, piece) => {
            let line = &mut lines[line % count];
            let field = line.split(':').next().unwrap_or_default().to_owned();
            *line = format!("{field}: {piece}");
        }
    }
    lines.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_problem_is_reported_on_its_line_among_many(
        accounts in prop::collection::vec(prop::option::of(select(&KINDS[..])), 0..20)
    ) {
        let (text, faults) = manifest(&accounts);
        prop_assert_eq!(lines(&text), faults, "{}", text);
    }

    #[test]
    fn no_change_to_a_good_manifest_makes_reading_panic(
        mutations in prop::collection::vec(mutation(), 1..12)
    ) {
        survives(&mutations.into_iter().fold(EVERYTHING.to_owned(), |text, one| mutated(&text, one)));
    }

    #[test]
    fn no_pieces_of_yaml_make_reading_panic(pieces in prop::collection::vec(select(&PIECES[..]), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, bytes).unwrap();
        let loaded = trunkline::manifest::load(&path);
        prop_assert!(loaded.is_err());
        let _ = shown(&loaded.unwrap_err());
    }
}
