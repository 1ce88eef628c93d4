//! Changes of valid documents: in their structure, and in their text.

use std::cell::Cell;
use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use super::entry::{Entry, Taken};
use super::tree::{Part, Tree};

/// A change of one node.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// It is gone.
    Drop,
    /// It is there twice.
    Double,
    /// It stands elsewhere in what it is a part of.
    Move(Index),
    /// It has another name; an item becomes a map with this name.
    Rename(String),
    /// It is something else.
    Replace(Tree),
    /// It is in a list.
    Wrap,
    /// This stands beside it.
    Add(String, Tree),
}

/// A change of the text.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    Whole,
    Short(Index),
    Flip(Index, u8),
    Insert(Index, &'static str),
}

/// The edits of a document, usually few.
pub(crate) type Changes = (Vec<(Index, Edit)>, Cut);

fn leaves() -> impl Strategy<Value = Tree> {
    let odd = vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(2),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(4_294_967_296_u64),
        json!(""),
        json!(" "),
        json!("x"),
        json!("a\u{1b}[2Jb"),
        json!("a\nb"),
        json!("\u{202e}gnp.exe"),
        json!("\u{0}"),
        json!("a\u{feff}b"),
        json!("100%"),
        json!("101%"),
        json!("2027-02-29"),
        json!("2027-01-31"),
        json!("9999-12-31T23:59:59Z"),
        json!("-009999-01-01T00:00:00Z"),
        json!("enabled"),
        json!("organization_owner"),
        json!("a@b.example"),
        json!("A@B.example"),
        json!("expected u64"),
        json!([]),
        json!({}),
        json!("x".repeat(256)),
        json!("é".repeat(255)),
        json!("sha256:00"),
        json!("https://hook.example/T0PS3CRET"),
        json!("http://hook.example"),
    ];
    let leaf = |value: Value| match value {
        Value::Array(_) => Tree::List(Vec::new()),
        Value::Object(_) => Tree::Map(Vec::new()),
        leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Tree::Leaf(leaf)
        }
    };
    prop_oneof![4 => select(odd), 1 => any::<String>().prop_map(Value::from), 1 => any::<u64>().prop_map(Value::from)].prop_map(leaf)
}

fn names() -> impl Strategy<Value = String> {
    let known = select(
        &[
            "id",
            "email",
            "name",
            "version",
            "format_version",
            "password",
            "unknown",
            "Name",
            "",
            "<<",
            "data",
            "meta",
            "until",
            "notified",
        ][..],
    );
    prop_oneof![3 => known.prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => Just(Edit::Drop),
        2 => Just(Edit::Double),
        2 => any::<Index>().prop_map(Edit::Move),
        1 => names().prop_map(Edit::Rename),
        4 => leaves().prop_map(Edit::Replace),
        1 => Just(Edit::Wrap),
        2 => (names(), leaves()).prop_map(|(name, leaf)| Edit::Add(name, leaf)),
    ]
}

fn cuts() -> impl Strategy<Value = Cut> {
    const PIECES: &[&str] = &[
        " ", "\n", "\r", "\t", "\0", "#", ": ", "- ", ",", "\"", "'", "}", "]", "{", "[", "&a ",
        "*a", "!", "%%\n", "\u{feff}", "\u{2028}", "\u{85}", "é", "0", "---\n", "<",
    ];
    prop_oneof![
        6 => Just(Cut::Whole),
        1 => any::<Index>().prop_map(Cut::Short),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Cut::Flip(at, byte)),
        2 => (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Cut::Insert(at, piece)),
    ]
}

pub(crate) fn changes() -> impl Strategy<Value = Changes> {
    (
        prop_oneof![1 => vec((any::<Index>(), edits()), 0..1), 4 => vec((any::<Index>(), edits()), 1..4)],
        cuts(),
    )
}

/// The document with all of these changes in its structure.
pub(crate) fn edited(mut tree: Tree, edits: &[(Index, Edit)]) -> Tree {
    for (place, edit) in edits {
        let size = tree.size();
        if size > 0 {
            tree.at(&mut place.index(size), &mut |part| change(part, edit));
        }
    }
    tree
}

fn change(part: Part<'_>, edit: &Edit) {
    match part {
        Part::Item(items, place) => match edit {
            Edit::Drop => drop(items.remove(place)),
            Edit::Double => items.insert(place, items[place].clone()),
            Edit::Move(to) => {
                let to = to.index(items.len());
                items.swap(place, to);
            }
            Edit::Rename(name) => {
                items[place] = Tree::Map(vec![(name.clone(), items[place].clone())]);
            }
            Edit::Replace(tree) => items[place] = tree.clone(),
            Edit::Wrap => items[place] = Tree::List(vec![items[place].clone()]),
            Edit::Add(_, tree) => items.insert(place, tree.clone()),
        },
        Part::Field(fields, place) => match edit {
            Edit::Drop => drop(fields.remove(place)),
            Edit::Double => fields.insert(place, fields[place].clone()),
            Edit::Move(to) => {
                let to = to.index(fields.len());
                fields.swap(place, to);
            }
            Edit::Rename(name) => fields[place].0.clone_from(name),
            Edit::Replace(tree) => fields[place].1 = tree.clone(),
            Edit::Wrap => fields[place].1 = Tree::List(vec![fields[place].1.clone()]),
            Edit::Add(name, tree) => fields.insert(place, (name.clone(), tree.clone())),
        },
    }
}

/// The bytes of the text with this change.
pub(crate) fn cut(text: &str, cut: &Cut) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    match cut {
        Cut::Short(at) => bytes.truncate(at.index(bytes.len() + 1)),
        Cut::Flip(at, byte) if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        Cut::Insert(at, piece) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, piece.bytes());
        }
        Cut::Whole | Cut::Flip(..) => {}
    }
    bytes
}

/// A document that shows as its text.
#[derive(Clone)]
struct Shown(Vec<u8>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = self;
        write!(f, "\n{}\n", String::from_utf8_lossy(bytes))
    }
}

/// So many cases for each one that `PROPTEST_CASES` asks for (256 by default).
pub(crate) fn cases(for_each: f64, file: &'static str) -> Config {
    let config = Config::default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of cases"
    )]
    let cases = (f64::from(config.cases) * for_each) as u32;
    Config { cases: cases.max(1), source_file: Some(file), ..config }
}

/// Feeds what is generated to an entry point, which holds it against its laws; at least one case in `share` must be
/// accepted, and one refused: a law that is never put to the test is not shown.
pub(crate) fn law(
    config: Config,
    entry: Entry,
    share: u32,
    documents: impl Strategy<Value = Vec<u8>>,
) {
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let count = |cell: &Cell<u32>| cell.set(cell.get() + 1);
    let run = TestRunner::new(config).run(
        &documents.prop_map(Shown),
        |Shown(bytes)| -> Result<(), TestCaseError> {
            match entry(&bytes) {
                Taken::Accepted => count(&accepted),
                Taken::Refused => count(&refused),
            }
            Ok(())
        },
    );
    if let Err(error) = run {
        panic!("{error}");
    }
    let (accepted, refused) = (accepted.get(), refused.get());
    let least = (accepted + refused) / share;
    assert!(accepted > least && refused > least, "{accepted} accepted, {refused} refused");
}
