//! Who is being told what, and how each target is doing. What waits is in the [`outbox`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::notify::{Fault, Recipient};
use super::outbox;
use crate::model::Message;

/// A message that a target refuses is sent so often; then those behind it have their turn.
const REFUSALS: u32 = 5;

/// Who is being told what, and how each target is doing.
#[derive(Debug, Default)]
pub(super) struct Telling {
    targets: BTreeMap<String, Backoff>,
    /// How often each target has refused the message that it is being told.
    refusals: BTreeMap<String, (String, u32)>,
    under_way: BTreeSet<String>,
}

/// What becomes of a message after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Arrived,
    /// It is tried again.
    Again(Fault),
    /// The target does not take it, and is not asked any more.
    GivenUp(Fault),
}

impl Telling {
    /// Other targets are not configured any more.
    pub(super) fn only(&mut self, targets: &BTreeSet<String>) {
        self.targets.retain(|name, _| targets.contains(name));
        self.refusals.retain(|name, _| targets.contains(name));
    }

    /// What each target is to be told now: the oldest that it does not know, if it is not being told something
    /// and may be tried again. It counts as begun.
    pub(super) fn begin(
        &mut self,
        recipients: &[Arc<Recipient>],
        waiting: &[Message],
        now: Instant,
    ) -> Vec<(Arc<Recipient>, Message)> {
        let mut begun = Vec::new();
        for recipient in recipients {
            let name = &recipient.name;
            let is_ready = self.targets.get(name).is_none_or(|backoff| backoff.is_over(now));
            if !is_ready || self.under_way.contains(name) {
                continue;
            }
            if let Some(message) = outbox::next(waiting, name) {
                self.under_way.insert(name.clone());
                begun.push((Arc::clone(recipient), message.clone()));
            }
        }
        begun
    }

    /// An attempt is over. `share`, from 0 to 1, spreads the wait before the next one.
    pub(super) fn ended(
        &mut self,
        target: &str,
        id: &str,
        result: Result<(), Fault>,
        now: Instant,
        share: f64,
    ) -> Verdict {
        self.under_way.remove(target);
        let backoff = self.targets.entry(target.to_owned()).or_default();
        let Err(fault) = result else {
            backoff.succeeded();
            self.refusals.remove(target);
            return Verdict::Arrived;
        };
        backoff.failed(now, share, fault.wait());
        if fault.is_refusal() && self.refused(target, id) >= REFUSALS {
            self.refusals.remove(target);
            if let Some(backoff) = self.targets.get_mut(target) {
                backoff.succeeded();
            }
            return Verdict::GivenUp(fault);
        }
        Verdict::Again(fault)
    }

    /// How often a target has refused this very message by now. An outage in between says nothing about it.
    fn refused(&mut self, target: &str, id: &str) -> u32 {
        let (of, count) = self.refusals.entry(target.to_owned()).or_default();
        if of != id {
            (*of, *count) = (id.to_owned(), 0);
        }
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::SecretString;

    use super::*;
    use crate::daemon::config::{Address, Form, Target};
    use crate::model::Event;

    fn recipients() -> Vec<Arc<Recipient>> {
        let url = SecretString::from("http://127.0.0.1:9/x");
        let target = |name: &str| Target {
            name: name.to_owned(),
            form: Form::Slack,
            url: Address::Given(url.clone()),
        };
        let ready = |name: &str| Arc::new(Recipient::new(&target(name)).unwrap());
        vec![ready("a"), ready("b")]
    }

    fn waiting() -> Vec<Message> {
        let message = |id: &str| Message {
            id: id.to_owned(),
            event: Event::Opened,
            at: 7,
            reminder: false,
            items: Vec::new(),
            total: 0,
            reason: String::new(),
            targets: ["a", "b"].map(str::to_owned).into(),
        };
        vec![message("1"), message("2")]
    }

    fn begun(telling: &mut Telling, waiting: &[Message], now: Instant) -> Vec<(String, String)> {
        let begun = telling.begin(&recipients(), waiting, now);
        begun.into_iter().map(|(to, message)| (to.name.clone(), message.id)).collect()
    }

    fn pair(name: &str, id: &str) -> (String, String) {
        (name.to_owned(), id.to_owned())
    }

    #[test]
    fn each_target_is_told_one_thing_at_a_time_and_one_that_fails_holds_up_no_other() {
        let (mut telling, mut waiting, now) = (Telling::default(), waiting(), Instant::now());
        assert_eq!(begun(&mut telling, &waiting, now), [pair("a", "1"), pair("b", "1")]);
        assert_eq!(begun(&mut telling, &waiting, now), []);
        assert_eq!(telling.ended("a", "1", Ok(()), now, 0.0), Verdict::Arrived);
        outbox::arrived(&mut waiting, "1", "a");
        let failed = telling.ended("b", "1", Err(Fault::Timeout), now, 0.0);
        assert_eq!(failed, Verdict::Again(Fault::Timeout));
        assert_eq!(begun(&mut telling, &waiting, now), [pair("a", "2")]);
        assert_eq!(begun(&mut telling, &waiting, now + Duration::from_secs(2)), [pair("b", "1")]);
    }

    #[test]
    fn who_says_when_to_come_back_is_left_alone_until_then() {
        let (mut telling, waiting, now) = (Telling::default(), waiting(), Instant::now());
        begun(&mut telling, &waiting, now);
        let busy = Fault::Busy { status: 429, wait: Duration::from_secs(90) };
        assert_eq!(telling.ended("a", "1", Err(busy), now, 0.0), Verdict::Again(busy));
        assert_eq!(begun(&mut telling, &waiting, now + Duration::from_secs(89)), []);
        let later = now + Duration::from_secs(90);
        assert_eq!(begun(&mut telling, &waiting, later), [pair("a", "1")]);
    }

    #[test]
    fn a_message_that_a_target_refuses_is_given_up_and_any_other_fault_never_is() {
        let now = Instant::now();
        for (fault, given_up) in [(Fault::Status(422), true), (Fault::Status(503), false)] {
            let mut telling = Telling::default();
            let verdicts = (0..20).map(|_| telling.ended("a", "1", Err(fault), now, 0.0));
            let gone = verdicts.filter(|verdict| *verdict == Verdict::GivenUp(fault)).count();
            assert_eq!(gone, if given_up { 4 } else { 0 }, "{fault}");
        }
    }

    #[test]
    fn an_outage_before_and_between_and_another_message_are_no_refusals_of_this_one() {
        let now = Instant::now();
        let mut telling = Telling::default();
        let mut told = |id: &str, fault| telling.ended("a", id, Err(fault), now, 0.0);
        for _ in 0..9 {
            assert_eq!(told("1", Fault::Connect), Verdict::Again(Fault::Connect));
        }
        let no = Fault::Status(422);
        for _ in 1..REFUSALS {
            assert_eq!(told("1", no), Verdict::Again(no));
            assert_eq!(told("1", Fault::Status(503)), Verdict::Again(Fault::Status(503)));
        }
        assert_eq!(told("2", no), Verdict::Again(no), "it is refused for the first time");
        for _ in 1..REFUSALS {
            assert_eq!(told("1", no), Verdict::Again(no));
        }
        assert_eq!(told("1", no), Verdict::GivenUp(no));
    }
}
