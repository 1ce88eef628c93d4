//! Notifications that are not delivered yet. Each target receives each at least once, unless the outbox overflows.

use std::collections::BTreeSet;

use crate::daemon::drift::Transition;
use crate::model::{Details, DifferenceKey, Event, Notification};

/// The largest number of differences that a notification lists.
pub const MAX_ITEMS: usize = 100;
/// The largest number of notifications in the outbox.
pub const MAX_NOTIFICATIONS: usize = 1_000;
/// The largest size of the outbox in bytes, about.
pub const MAX_BYTES: usize = 1 << 20;
/// The largest size of the list in one notification in bytes, about.
const MAX_ITEM_BYTES: usize = 64 << 10;

/// Makes the notifications of one run: at most one per event, each for all of these targets. `id` returns unique ids.
#[must_use]
pub fn notifications(
    transitions: &[Transition],
    now: u64,
    targets: &BTreeSet<String>,
    mut id: impl FnMut() -> String,
) -> Vec<Notification> {
    if targets.is_empty() {
        return Vec::new();
    }
    let of = |event| {
        let same: Vec<_> = transitions.iter().filter(|one| one.event == event).collect();
        let first = same.first()?;
        let mut about: Vec<_> = same.iter().filter_map(|one| one.about.clone()).collect();
        let destructive = about.iter().filter(|(_, details)| details.destructive).count();
        let total = about.len() as u64;
        about.sort_by_key(|(key, details)| (key.severity(), !details.destructive));
        Some(Notification {
            id: id(),
            event,
            at: now,
            reminder: same.iter().all(|one| one.reminder),
            items: cut(about),
            total,
            destructive: destructive as u64,
            error: first.error.clone(),
            targets: targets.clone(),
        })
    };
    Event::ALL.into_iter().filter_map(of).collect()
}

/// Appends notifications, and drops others until the outbox is within its bounds: first the oldest that name nothing
/// destructive, then the oldest. Returns the number of dropped notifications.
pub fn put(outbox: &mut Vec<Notification>, notifications: Vec<Notification>) -> usize {
    outbox.extend(notifications);
    let mut bytes: usize = outbox.iter().map(size).sum();
    let mut dropped = 0;
    while outbox.len() > MAX_NOTIFICATIONS || bytes > MAX_BYTES {
        let not_destructive = outbox.iter().position(|notification| notification.destructive == 0);
        bytes -= size(&outbox.remove(not_destructive.unwrap_or_default()));
        dropped += 1;
    }
    dropped
}

/// Removes a target from a notification: it was delivered, or given up.
pub fn settle(outbox: &mut Vec<Notification>, id: &str, target: &str) {
    for notification in outbox.iter_mut().filter(|notification| notification.id == id) {
        notification.targets.remove(target);
    }
    outbox.retain(|notification| !notification.targets.is_empty());
}

/// Removes targets that are no longer configured.
pub fn retain_targets(outbox: &mut Vec<Notification>, targets: &BTreeSet<String>) {
    for notification in outbox.iter_mut() {
        notification.targets.retain(|target| targets.contains(target));
    }
    outbox.retain(|notification| !notification.targets.is_empty());
}

/// Returns the oldest notification that a target has not received.
#[must_use]
pub fn next<'a>(outbox: &'a [Notification], target: &str) -> Option<&'a Notification> {
    outbox.iter().find(|notification| notification.targets.contains(target))
}

fn cut(items: Vec<(DifferenceKey, Details)>) -> Vec<(DifferenceKey, Details)> {
    let mut bytes = 0;
    let fits = |item: &(DifferenceKey, Details)| {
        bytes += item_size(item);
        bytes <= MAX_ITEM_BYTES
    };
    items.into_iter().take(MAX_ITEMS).take_while(fits).collect()
}

fn size(notification: &Notification) -> usize {
    let Notification { id, items, error, targets, .. } = notification;
    let targets: usize = targets.iter().map(String::len).sum();
    200 + id.len() + error.len() + targets + items.iter().map(item_size).sum::<usize>()
}

fn item_size((key, details): &(DifferenceKey, Details)) -> usize {
    let DifferenceKey { kind, email, code } = key;
    let Details { changes, message, reason, destructive: _ } = details;
    let key = kind.len() + email.as_ref().map_or(0, String::len) + code.len();
    let change = |(field, before, after): &(String, String, String)| {
        20 + field.len() + before.len() + after.len()
    };
    100 + key + message.len() + reason.len() + changes.iter().map(change).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(number: usize, details: &Details) -> Transition {
        let email = Some(format!("a{number:04}@shop.example"));
        let key = DifferenceKey { kind: "managed_account".into(), email, code: "x".into() };
        Transition::of(Event::Opened, &key, details)
    }

    fn destructive() -> Details {
        Details { destructive: true, ..Details::default() }
    }

    fn made(transitions: &[Transition]) -> Vec<Notification> {
        let targets = ["a", "b"].map(str::to_owned).into();
        notifications(transitions, 7, &targets, || "1".to_owned())
    }

    fn one(id: &str, details: &Details) -> Notification {
        let mut made = made(&[opened(0, details)]);
        Notification { id: id.to_owned(), ..made.remove(0) }
    }

    #[test]
    fn a_run_makes_one_notification_per_event_with_destructive_ones_first() {
        let mut transitions: Vec<_> =
            (0..5_000).map(|number| opened(number, &Details::default())).collect();
        transitions[0].reminder = true;
        transitions.extend((5_000..5_150).map(|number| opened(number, &destructive())));
        transitions.push(Transition { event: Event::Closed, ..opened(1, &Details::default()) });
        let made = made(&transitions);
        let [opened, closed] = &made[..] else { panic!("{} notifications", made.len()) };
        assert_eq!((opened.items.len(), opened.total, opened.destructive), (100, 5_150, 150));
        assert!(opened.items.iter().all(|(_, details)| details.destructive));
        assert_eq!((opened.event, opened.reminder), (Event::Opened, false));
        assert_eq!((closed.event, closed.total, closed.destructive), (Event::Closed, 1, 0));
        assert_eq!(notifications(&transitions, 7, &BTreeSet::new(), String::new), []);
    }

    #[test]
    fn a_list_is_cut_by_its_size_and_the_numbers_are_of_all() {
        let long = || Details { message: "x".repeat(20_000), ..Details::default() };
        let transitions: Vec<_> = (0..50).map(|number| opened(number, &long())).collect();
        let made = made(&transitions);
        assert_eq!((made[0].items.len(), made[0].total), (3, 50));
    }

    #[test]
    fn each_target_receives_its_own_in_order_and_what_all_received_is_gone() {
        let mut outbox = vec![one("1", &Details::default()), one("2", &Details::default())];
        settle(&mut outbox, "1", "a");
        let id = |outbox: &[Notification], to| next(outbox, to).map(|one| one.id.clone());
        assert_eq!(id(&outbox, "a").as_deref(), Some("2"));
        assert_eq!(id(&outbox, "b").as_deref(), Some("1"));
        settle(&mut outbox, "1", "b");
        assert_eq!(outbox.len(), 1);
        retain_targets(&mut outbox, &["c".to_owned()].into());
        assert_eq!(outbox, []);
    }

    #[test]
    fn a_full_outbox_drops_the_oldest_notification_without_destructive_differences_first() {
        let mut outbox = vec![one("first", &destructive()), one("second", &Details::default())];
        let more = |count: usize| (0..count).map(|_| one("later", &destructive())).collect();
        assert_eq!(put(&mut outbox, more(MAX_NOTIFICATIONS - 1)), 1);
        assert_eq!((outbox.len(), outbox[0].id.as_str()), (MAX_NOTIFICATIONS, "first"));
        assert_eq!(put(&mut outbox, more(2)), 2);
        assert_eq!((outbox.len(), outbox[0].id.as_str()), (MAX_NOTIFICATIONS, "later"));
    }

    #[test]
    fn the_outbox_is_bounded_in_bytes() {
        let mut outbox = Vec::new();
        let long = || Details { message: "x".repeat(60_000), ..Details::default() };
        let dropped: usize = (0..100).map(|_| put(&mut outbox, vec![one("long", &long())])).sum();
        assert!(outbox.iter().map(size).sum::<usize>() <= MAX_BYTES);
        assert_eq!((outbox.len(), dropped), (17, 83));
    }
}
