//! `fmt`: the canonical layout, with every comment and without a change of meaning.

use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;
use trunkline::manifest::{self, Formatted, Layout};
use trunkline::model::Desired;

use crate::support::manifests::manifests;

/// Formats a text. Returns the new text and the result.
fn format(text: &str) -> (String, Layout) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("m.yaml");
    std::fs::write(&path, text).unwrap();
    let formatted = manifest::format(&path).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let [Formatted { text, state, .. }] = &formatted[..] else { panic!("one file") };
    (text.clone(), *state)
}

fn parse(text: &str) -> Desired {
    manifest::parse(Path::new("m.yaml"), text)
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// Formats a text that is not canonical, and checks the promises of `fmt`.
fn formatted(text: &str) -> String {
    let (new, state) = format(text);
    assert_eq!(state, Layout::Changed, "{text}");
    assert_eq!(parse(&new), parse(text));
    assert_eq!(format(&new), (new.clone(), Layout::Canonical));
    new
}

#[test]
fn fields_are_sorted_and_comments_stay_with_their_entries() {
    let text = "\
# yaml-language-server: $schema=./schema.json


# About the file.
users:
# the owner
- email: root@acme.example   # never removed
- {absent: true,   email: left@acme.example}
-   groups: [ A,B ]

    # the day of the contract
    until: 2027-01-31 # extended once
    email: ext@acme.example
  # more is to come
accounts: # all of them
    # --- north ---
    -   email: cat@shop.example
        # the shop, not the clinic
        name: 'Cat'
        password_from: { env: TRUNKLINE_SECRET_CAT }   # only once
        channel_limit:   30  # winter
        enabled: true # of course
        # custom_pricing: true


    # --- south ---
    # closed soon
    - name: >-
          Dog
          Hotel
      email: dog@shop.example
    # here the south ends
defaults:
  account: {custom_pricing: false, enabled: true}
# Who are we?
organization: acme
policy:
  protected:
  # the boss
  - root@acme.example
  max_removals: 25%     # a quarter
  unlisted_users: remove # all

  max_disables: 1
version: 1
# the end
";
    insta::assert_snapshot!(formatted(text));
}

#[test]
fn an_unusual_value_is_moved_as_a_whole() {
    let text = "\
accounts:
  - email: cat@shop.example
    name: \"Cat
      Shop\"   # two lines
    password_from: {   # a source
        env: TRUNKLINE_SECRET_CAT   # inside
      }
  -
    name: Dog
    email: dog@shop.example
version: 1
defaults:
      account:
          enabled: true
          # inside too
          custom_pricing: false
      # below
organization: acme
";
    insta::assert_snapshot!(formatted(text));
}

#[test]
fn an_anchor_stays_before_its_alias() {
    let text = "\
organization:   &name acme
version: 1
accounts:
  - { name: *name, email: cat@shop.example }
";
    assert_eq!(
        formatted(text),
        "organization: &name acme\nversion: 1\n\naccounts:\n  - { name: *name, email: cat@shop.example }\n"
    );
}

#[test]
fn an_anchored_value_is_moved_as_a_whole() {
    let text = "\
organization: acme
version: 1
users:
    - email: ops@acme.example
      groups:   &all
          - A
          # inside too
          - B
      # below
    - { email: dev@acme.example, groups: *all }
";
    insta::assert_snapshot!(formatted(text));
}

#[test]
fn a_file_with_an_unusual_layout_is_not_changed() {
    let odd = [
        "{ version: 1, organization: acme } # flow\n",
        "? version\n: 1\norganization: acme\n",
        "--- { version: 1, organization: acme }\n",
        "version: 1\norganization: # the label\n  # is below\n  acme\n",
        "version: 1\norganization: acme\n... # over\n",
    ];
    for text in odd {
        assert_eq!(format(text), (text.to_owned(), Layout::Unchanged));
    }
}

#[test]
fn line_endings_and_the_end_of_the_file_are_normalized() {
    let text = "version: 1\r\n\r\n\r\norganization: acme # us  \r\naccounts:\r\n- name: >-\r\n    A\r\n    B\r\n  email: a@b.example\r\n\r\n";
    let wanted = "version: 1\n\norganization: acme  # us\n\naccounts:\n  - name: >-\n      A\n      B\n    email: a@b.example\n";
    assert_eq!(formatted(text), wanted);
    assert_eq!(
        formatted("---\nversion: 1\norganization: acme"),
        "---\nversion: 1\norganization: acme\n"
    );
}

#[test]
fn the_worked_manifests_are_canonical() {
    for name in ["example.yaml", "reseller.yaml", "franchise"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests").join(name);
        for Formatted { path, state, .. } in manifest::format(&path).unwrap() {
            assert_eq!(state, Layout::Canonical, "{}", path.display());
        }
    }
}

/// A deterministic source of choices.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.roll(place + 1));
        }
    }
}

/// Writes a manifest in another layout, with numbered comments.
struct Mess {
    dice: Dice,
    comments: usize,
    /// True if items may be in brackets.
    brackets: bool,
    out: String,
}

impl Mess {
    fn note(&mut self) -> String {
        self.comments += 1;
        format!("# ~note {}~ is: a 'note' [", self.comments)
    }

    /// Writes optional empty lines and comments, at some column.
    fn above(&mut self, column: usize) {
        for _ in 0..self.dice.roll(3) {
            if self.dice.roll(2) == 0 {
                self.out.push_str(["\n", "  \n"][self.dice.roll(2)]);
            } else {
                let (note, column) =
                    (self.note(), [column, column, 0, column + 1][self.dice.roll(4)]);
                self.out.extend([" ".repeat(column).as_str(), &note, "\n"]);
            }
        }
    }

    /// Writes a line with an optional trailing comment.
    fn line(&mut self, text: &str) {
        let behind = if self.dice.roll(4) == 0 {
            format!("{}{}", " ".repeat(1 + self.dice.roll(5)), self.note())
        } else {
            String::new()
        };
        self.out.extend([text, &behind, "\n"]);
    }

    /// Writes a section, given its first line and the others without their indentation.
    fn section(&mut self, head: &str, lines: &[&str]) {
        self.above(0);
        if lines.is_empty() {
            let (name, value) = head.split_once(": ").unwrap();
            let space = " ".repeat(1 + self.dice.roll(3));
            return self.line(&format!("{name}:{space}{value}"));
        }
        self.line(head);
        let is_list = lines[0].starts_with("- ");
        let indent = [usize::from(!is_list), 2, 4][self.dice.roll(3)];
        let mut groups: Vec<Vec<&str>> = Vec::new();
        for line in lines {
            // An item, or a field with the lines below it.
            match groups.last_mut().filter(|_| line.starts_with("  ")) {
                Some(group) => group.push(line),
                None => groups.push(vec![line]),
            }
        }
        if !is_list {
            self.dice.shuffle(&mut groups);
        }
        for group in groups {
            self.above(indent);
            if is_list { self.item(indent, &group) } else { self.field(indent, &group) }
        }
    }

    fn field(&mut self, indent: usize, lines: &[&str]) {
        let inner = self.dice.roll(3);
        for line in lines {
            let line = line.trim_start();
            let more = if line.starts_with("- ") { inner } else { 0 };
            self.line(&format!("{}{line}", " ".repeat(indent + more)));
        }
    }

    fn item(&mut self, indent: usize, lines: &[&str]) {
        let mut fields: Vec<&str> = lines.iter().map(|line| &line[2..]).collect();
        self.dice.shuffle(&mut fields);
        let margin = " ".repeat(indent);
        // A plain text in brackets may end earlier.
        let quoted = |field: &str| !field.contains([',', '[', '{', '}', ']']);
        if self.brackets && self.dice.roll(3) == 0 && fields.iter().all(|field| quoted(field)) {
            let separator = [", ", " , ", ",\n            "][self.dice.roll(3)];
            return self.line(&format!("{margin}- {{{}  }}", fields.join(separator)));
        }
        let dash = format!("{margin}-{}", " ".repeat(1 + self.dice.roll(3)));
        let mut begin = dash.clone();
        if self.dice.roll(5) == 0 {
            self.line(&format!("{margin}-"));
            begin = " ".repeat(dash.len());
        }
        for (place, field) in fields.iter().enumerate() {
            if place > 0 || begin != dash {
                self.above(dash.len());
            }
            self.line(&format!("{begin}{field}"));
            begin = " ".repeat(dash.len());
        }
    }
}

fn mess(desired: &Desired, seed: u64, brackets: bool) -> String {
    let canonical = manifest::canonical(desired);
    let lines: Vec<&str> = canonical.lines().filter(|line| !line.is_empty()).collect();
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines {
        match line.strip_prefix("  ") {
            Some(line) => sections.last_mut().unwrap().1.push(line),
            None => sections.push((line, Vec::new())),
        }
    }
    let mut mess = Mess { dice: Dice(seed), comments: 0, brackets, out: String::new() };
    mess.dice.shuffle(&mut sections);
    for (head, lines) in sections {
        mess.section(head, &lines);
    }
    mess.above(0);
    mess.out
}

/// The numbers of the comments of a text, sorted.
fn numbers(text: &str) -> Vec<usize> {
    let found =
        text.split("# ~note ").skip(1).filter_map(|rest| rest.split_once("~ is: a 'note' ["));
    let mut numbers: Vec<usize> = found.map(|(number, _)| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn formatting_keeps_the_meaning_and_every_comment_and_is_done_once(desired in manifests(), seed in any::<u64>()) {
        let messy = mess(&desired, seed, true);
        let read = manifest::parse(Path::new("m.yaml"), &messy);
        prop_assert_eq!(read.as_ref(), Ok(&desired), "{}", messy);
        let (new, state) = format(&messy);
        prop_assert_ne!(state, Layout::Unchanged, "{}", messy);
        prop_assert_eq!(parse(&new), desired, "{}\n{}", messy, new);
        prop_assert_eq!(numbers(&new), numbers(&messy), "{}\n{}", messy, new);
        let (again, state) = format(&new);
        prop_assert_eq!(&again, &new, "{}", messy);
        prop_assert_eq!(state, Layout::Canonical);
    }

    #[test]
    fn generated_manifests_are_canonical(desired in manifests()) {
        let text = manifest::canonical(&desired);
        let (new, state) = format(&text);
        prop_assert_eq!(&new, &text);
        prop_assert_eq!(state, Layout::Canonical);
    }

    #[test]
    fn the_result_depends_only_on_comments_and_order(desired in manifests(), one in any::<u64>()) {
        // Without comments and empty lines the same entries in the same order are the same text.
        let bare = |text: &str| {
            let lines = text.lines().map(|line| line.split("# ~note ").next().unwrap().trim_end());
            lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        };
        let messy = bare(&mess(&desired, one, false));
        let (new, _) = format(&messy);
        prop_assert_eq!(bare(&new), bare(&manifest::canonical(&desired)));
    }

    #[test]
    fn any_valid_file_keeps_its_meaning(
        desired in manifests(), seed in any::<u64>(), edits in 1..5_usize
    ) {
        const PIECES: &[&str] = &[
            " ", "  ", "\n", "\n\n", " # x", "#", "- ", "-", ": ", ":", "&a ", "*a", "!!str ", "!", "|-\n", ">-\n    ",
            "'", "\"", "[", "]", "{", "}", ",", "? ", "---\n", "...\n", "\t", "\r\n", "\u{feff}", "é", "%",
        ];
        let mut dice = Dice(seed);
        let mut text = mess(&desired, seed, true);
        for _ in 0..edits {
            let places: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
            let at = places[dice.roll(places.len())];
            if dice.roll(4) == 0 {
                let _ = text[at..].chars().next().map(|_| text.remove(at));
            } else {
                text.insert_str(at, PIECES[dice.roll(PIECES.len())]);
            }
        }
        let Ok(read) = manifest::parse(Path::new("m.yaml"), &text) else { return Ok(()) };
        let (new, state) = format(&text);
        prop_assert_eq!(&parse(&new), &read, "{}", text);
        prop_assert!(new.matches("# ~note ").count() == text.matches("# ~note ").count());
        if state != Layout::Unchanged {
            prop_assert_eq!(format(&new), (new.clone(), Layout::Canonical), "{}", text);
        }
    }
}
