//! Groups of equal rows, which reports show as one.

use std::collections::HashMap;
use std::hash::Hash;

use super::origins;
use super::words::{self, Names};
use crate::plan::{Origin, PlannedAction};

/// The number of equal rows from which they are shown as one.
const MANY: usize = 4;
/// The maximum width of a line of names, in columns.
const WIDTH: usize = 78;
/// The number of names that a group shows; the rest is counted. Names of destructive actions are all shown.
const SHOWN: usize = 24;

/// Rows that are equal except for their names.
pub(super) struct RowGroup<T> {
    /// The shared content.
    pub what: T,
    /// The names, one per row.
    pub names: Vec<String>,
}

/// The content of an action's row, without its account or user. Actions with equal rows form a group.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ActionGroup {
    /// `-` for destructive, `+` for a create, `~` for any other change.
    pub sign: &'static str,
    /// The action, in words.
    pub name: String,
    pub destructive: bool,
    /// The changes of fields.
    pub changes: String,
    /// The reason. Empty if the entry declares the action.
    pub reason: String,
    /// The reversibility of the action, in words.
    pub undo: &'static str,
    /// True for an action on an account that the plan creates.
    pub of_new: bool,
    pub origin: Option<Origin>,
}

impl ActionGroup {
    pub(super) fn of(planned: &PlannedAction, names: Names) -> Self {
        let PlannedAction { action, reason, origin } = planned;
        let destructive = action.is_destructive();
        Self {
            sign: match (destructive, action.is_create()) {
                (true, _) => "-",
                (false, true) => "+",
                (false, false) => "~",
            },
            name: words::action(action).replace('_', " "),
            destructive,
            changes: words::changes(action, names),
            reason: words::because(*reason),
            undo: words::undo(action),
            of_new: action.awaits_create(),
            origin: *origin,
        }
    }

    /// The origin, in words.
    pub(super) fn origin(&self) -> String {
        origins::note(self.origin, "", "")
    }
}

/// Sorts actions by account, in order of first appearance, with the create of an account first.
pub(super) fn by_account(mut actions: Vec<&PlannedAction>) -> Vec<&PlannedAction> {
    let mut places = HashMap::new();
    for planned in &actions {
        let next = places.len();
        places.entry(planned.action.email()).or_insert(next);
    }
    actions.sort_by_key(|planned| (places[planned.action.email()], !planned.action.is_create()));
    actions
}

/// Groups equal rows. Rows with few equals come first, each by itself, and then the groups.
pub(super) fn group<T: Clone + Eq + Hash>(
    items: impl Iterator<Item = (T, String)>,
) -> Vec<RowGroup<T>> {
    let items: Vec<(T, String)> = items.collect();
    let mut sizes: HashMap<T, usize> = HashMap::new();
    for (what, _) in &items {
        *sizes.entry(what.clone()).or_default() += 1;
    }
    let mut places: HashMap<T, usize> = HashMap::new();
    let (mut alone, mut many): (Vec<RowGroup<T>>, Vec<RowGroup<T>>) = (Vec::new(), Vec::new());
    for (what, name) in items {
        if sizes[&what] < MANY {
            alone.push(RowGroup { what, names: vec![name] });
            continue;
        }
        let place = *places.entry(what.clone()).or_insert_with(|| {
            many.push(RowGroup { what, names: Vec::new() });
            many.len() - 1
        });
        many[place].names.push(name);
    }
    alone.extend(many);
    alone
}

impl<T> RowGroup<T> {
    /// Returns true if the rows are shown as one.
    pub(super) fn is_one(&self) -> bool {
        self.names.len() >= MANY
    }

    /// The names, on lines that begin with `margin`; all of them if `whole`.
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
    fn equal_rows_are_one_group_and_long_lists_are_counted() {
        let items = (0..30).map(|n| (n % 2, format!("customer{n:02}@shop.example")));
        let groups = group(items);
        assert_eq!(groups.iter().map(|one| one.names.len()).collect::<Vec<_>>(), [15, 15]);
        let items = ["many", "few", "many", "few", "many", "one", "many"];
        let groups = group(items.into_iter().map(|what| (what, String::new())));
        let shown: Vec<_> = groups.iter().map(|one| (one.what, one.names.len())).collect();
        assert_eq!(shown, [("few", 1), ("few", 1), ("one", 1), ("many", 4)]);
        let all = RowGroup { what: (), names: (0..30).map(|n| format!("name{n}")).collect() };
        let short = all.names("    ", false);
        assert_eq!(short.last().map(String::as_str), Some("    and 6 more"));
        assert!(short.iter().all(|line| line.chars().count() <= WIDTH), "{short:?}");
        let whole = all.names("    ", true).concat();
        assert!((0..30).all(|n| whole.contains(&format!("name{n}"))));
    }
}
