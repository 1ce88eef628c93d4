//! A document as a tree for mutations: it keeps the order of fields, and allows duplicates.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Leaf(Value),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// Reads JSON, or YAML without tags and aliases.
    pub(crate) fn of(text: &str) -> Self {
        serde_yaml::from_str(text).unwrap()
    }

    /// As JSON, as the program writes it.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap()
    }

    /// As a file, which ends with a line break.
    pub(crate) fn json_file(&self) -> String {
        self.json() + "\n"
    }

    /// As YAML with one field per line.
    pub(crate) fn yaml(&self) -> String {
        let mut text = String::new();
        self.lines(0, &mut text);
        text
    }

    fn lines(&self, indent: usize, out: &mut String) {
        let margin = "  ".repeat(indent);
        match self {
            Self::Map(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    let name = if name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                        && !name.is_empty()
                    {
                        name.clone()
                    } else {
                        Value::from(name.as_str()).to_string()
                    };
                    write!(out, "{margin}{name}:").unwrap();
                    value.behind(indent, out);
                }
            }
            Self::List(items) if !items.is_empty() => {
                for item in items {
                    write!(out, "{margin}-").unwrap();
                    item.behind(indent, out);
                }
            }
            Self::Leaf(_) | Self::List(_) | Self::Map(_) => {
                writeln!(out, "{margin}{}", serde_json::to_string(self).unwrap()).unwrap();
            }
        }
    }

    fn behind(&self, indent: usize, out: &mut String) {
        match self {
            Self::Map(fields) if !fields.is_empty() => out.push('\n'),
            Self::List(items) if !items.is_empty() => out.push('\n'),
            Self::Leaf(_) | Self::List(_) | Self::Map(_) => {
                return writeln!(out, " {}", serde_json::to_string(self).unwrap()).unwrap();
            }
        }
        self.lines(indent + 1, out);
    }

    /// The number of nodes below this one.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::List(items) => items.iter().map(|item| 1 + item.size()).sum(),
            Self::Map(fields) => fields.iter().map(|(_, value)| 1 + value.size()).sum(),
        }
    }

    /// Applies `change` to the node of this number, within its parent.
    pub(crate) fn at(&mut self, number: &mut usize, change: &mut dyn FnMut(Part<'_>)) {
        match self {
            Self::Leaf(_) => {}
            Self::List(items) => {
                for place in 0..items.len() {
                    if *number == 0 {
                        *number = usize::MAX;
                        return change(Part::Item(items, place));
                    }
                    *number -= 1;
                    items[place].at(number, change);
                    if *number == usize::MAX {
                        return;
                    }
                }
            }
            Self::Map(fields) => {
                for place in 0..fields.len() {
                    if *number == 0 {
                        *number = usize::MAX;
                        return change(Part::Field(fields, place));
                    }
                    *number -= 1;
                    fields[place].1.at(number, change);
                    if *number == usize::MAX {
                        return;
                    }
                }
            }
        }
    }
}

/// A node where it is: in a list, or in a map.
pub(crate) enum Part<'a> {
    Item(&'a mut Vec<Tree>, usize),
    Field(&'a mut Vec<(String, Tree)>, usize),
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Map(fields))
    }
}
