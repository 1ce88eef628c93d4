//! What is to be told and has not arrived: at least once to each target, and never without bound.

use std::collections::BTreeSet;

use super::episodes::News;
use crate::model::{Event, Message};

/// More news of one kind than this in one run are told as one.
pub const MANY: usize = 20;
/// So many items a message names; the rest is counted.
pub const NAMED: usize = 100;
/// So many messages wait at most. A target that is gone for so long misses the oldest.
pub const LARGEST: usize = 1_000;

/// What is to be told of the news of one run, each to all of these targets. `id` makes identities, no two alike.
#[must_use]
pub fn messages(
    news: &[News],
    now: u64,
    targets: &BTreeSet<String>,
    mut id: impl FnMut() -> String,
) -> Vec<Message> {
    if targets.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for event in Event::ALL {
        for reminder in [false, true] {
            let same = |news: &&News| news.event == event && news.reminder == reminder;
            let same: Vec<&News> = news.iter().filter(same).collect();
            let each = if same.len() > MANY { same.len() } else { 1 };
            all.extend(same.chunks(each).map(|news| Message {
                id: id(),
                event,
                at: now,
                reminder,
                items: news.iter().filter_map(|news| news.about.clone()).take(NAMED).collect(),
                total: news.iter().filter(|news| news.about.is_some()).count() as u64,
                reason: news.first().map(|news| news.reason.clone()).unwrap_or_default(),
                targets: targets.clone(),
            }));
        }
    }
    all
}

/// Puts messages behind those that wait. Returns how many of the oldest had to go.
pub fn put(outbox: &mut Vec<Message>, messages: Vec<Message>) -> usize {
    outbox.extend(messages);
    let over = outbox.len().saturating_sub(LARGEST);
    outbox.drain(..over);
    over
}

/// A target has a message, or is not to get it any more.
pub fn arrived(outbox: &mut Vec<Message>, id: &str, target: &str) {
    for message in outbox.iter_mut().filter(|message| message.id == id) {
        message.targets.remove(target);
    }
    outbox.retain(|message| !message.targets.is_empty());
}

/// Leaves only what these targets are to get: others are not configured any more.
pub fn only(outbox: &mut Vec<Message>, targets: &BTreeSet<String>) {
    for message in outbox.iter_mut() {
        message.targets.retain(|target| targets.contains(target));
    }
    outbox.retain(|message| !message.targets.is_empty());
}

/// The oldest message that a target does not have: each gets them in their order.
#[must_use]
pub fn next<'a>(outbox: &'a [Message], target: &str) -> Option<&'a Message> {
    outbox.iter().find(|message| message.targets.contains(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Difference, Item};

    fn news(count: usize) -> Vec<News> {
        let one = |number| {
            let email = Some(format!("a{number:03}@shop.example"));
            let item = Item { kind: "managed_account".into(), email, what: "x".into() };
            News {
                event: Event::Opened,
                reminder: false,
                about: Some((item, Difference::default())),
                reason: String::new(),
            }
        };
        (0..count).map(one).collect()
    }

    fn made(count: usize) -> Vec<Message> {
        let mut number = 0;
        let targets = ["a", "b"].map(str::to_owned).into();
        messages(&news(count), 7, &targets, || {
            number += 1;
            number.to_string()
        })
    }

    #[test]
    fn few_are_told_each_and_many_as_one_with_a_bounded_list() {
        assert_eq!(made(MANY).len(), MANY);
        let [one] = &made(MANY + 1)[..] else { unreachable!("they are one") };
        assert_eq!((one.items.len(), one.total), (MANY + 1, MANY as u64 + 1));
        let [one] = &made(5_000)[..] else { unreachable!("they are one") };
        assert_eq!((one.items.len(), one.total), (NAMED, 5_000));
        assert_eq!(messages(&news(3), 7, &BTreeSet::new(), String::new), []);
    }

    #[test]
    fn each_target_gets_its_own_in_order_and_what_all_have_is_gone() {
        let mut outbox = made(2);
        arrived(&mut outbox, "1", "a");
        assert_eq!(next(&outbox, "a").map(|message| message.id.as_str()), Some("2"));
        assert_eq!(next(&outbox, "b").map(|message| message.id.as_str()), Some("1"));
        arrived(&mut outbox, "1", "b");
        assert_eq!(outbox.len(), 1);
        only(&mut outbox, &["c".to_owned()].into());
        assert_eq!(outbox, []);
    }

    #[test]
    fn of_too_many_the_oldest_go() {
        let mut outbox = Vec::new();
        let gone: usize = (0..60).map(|_| put(&mut outbox, made(MANY))).sum();
        assert_eq!((outbox.len(), gone), (LARGEST, 60 * MANY - LARGEST));
    }
}
