//! Many that are the same become one: a reader looks for what is different.

use std::collections::HashMap;
use std::hash::Hash;

/// From so many on they are shown as one.
const MANY: usize = 4;
/// So many columns the names below a group may take.
const WIDTH: usize = 78;
/// So many names of a group are shown; the rest is counted. Losses are never left out.
const SHOWN: usize = 24;

/// Some items that say the same of different names, in the order of their first.
pub(super) struct Group<T> {
    /// What they say.
    pub what: T,
    /// Of whom.
    pub names: Vec<String>,
}

/// Puts items that say the same together.
pub(super) fn group<T: Clone + Eq + Hash>(
    items: impl Iterator<Item = (T, String)>,
) -> Vec<Group<T>> {
    let mut places: HashMap<T, usize> = HashMap::new();
    let mut groups: Vec<Group<T>> = Vec::new();
    for (what, name) in items {
        let place = *places.entry(what.clone()).or_insert_with(|| {
            groups.push(Group { what, names: Vec::new() });
            groups.len() - 1
        });
        groups[place].names.push(name);
    }
    groups
}

impl<T> Group<T> {
    /// Whether they are shown as one.
    pub(super) fn is_one(&self) -> bool {
        self.names.len() >= MANY
    }

    /// The names, on lines that begin with `margin`. `whole`: none is left out.
    pub(super) fn names(&self, margin: &str, whole: bool) -> Vec<String> {
        let shown = if whole { self.names.len() } else { self.names.len().min(SHOWN) };
        let mut lines = vec![margin.to_owned()];
        for (place, name) in self.names.iter().take(shown).enumerate() {
            let last = place + 1 == self.names.len();
            let word = format!("{name}{}", if last { "" } else { "," });
            let current = lines.last_mut().filter(|line| {
                line.as_str() == margin || line.chars().count() + 1 + word.chars().count() <= WIDTH
            });
            match current {
                Some(line) if line.as_str() == margin => line.push_str(&word),
                Some(line) => line.extend([" ", &word]),
                None => lines.push(format!("{margin}{word}")),
            }
        }
        match self.names.len() - shown {
            0 => {}
            rest => lines.push(format!("{margin}and {rest} more")),
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_are_one_group_and_long_lists_are_counted() {
        let items = (0..30).map(|n| (n % 2, format!("customer{n:02}@shop.example")));
        let groups = group(items);
        assert_eq!(groups.iter().map(|one| one.names.len()).collect::<Vec<_>>(), [15, 15]);
        let all = Group { what: (), names: (0..30).map(|n| format!("name{n}")).collect() };
        let short = all.names("    ", false);
        assert_eq!(short.last().map(String::as_str), Some("    and 6 more"));
        assert!(short.iter().all(|line| line.chars().count() <= WIDTH), "{short:?}");
        let whole = all.names("    ", true).concat();
        assert!((0..30).all(|n| whole.contains(&format!("name{n}"))));
    }
}
