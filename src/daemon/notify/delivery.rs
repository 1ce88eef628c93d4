//! Delivery to each target: one notification at a time, in order, with backoff. The [`outbox`] holds the waiting ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::{DeliveryError, Recipient, outbox};
use crate::model::Notification;

/// The number of refusals after which a notification is given up, so that later ones are not blocked.
const REFUSALS: u32 = 5;

/// The delivery to all targets of one organization.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Delivery {
    targets: BTreeMap<String, TargetProgress>,
}

/// The delivery to one target.
#[derive(Debug, Default)]
struct TargetProgress {
    backoff: Backoff,
    in_flight: bool,
    /// The id of the notification that the target refuses, and the number of refusals.
    refused: (String, u32),
}

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum Attempt {
    Delivered,
    Retry(DeliveryError),
    GivenUp(DeliveryError),
}

impl Delivery {
    /// Forgets targets that are no longer configured.
    pub(in crate::daemon) fn retain(&mut self, targets: &BTreeSet<String>) {
        // One in flight is needed until its attempt has ended: a target that comes back must not get it twice at once.
        self.targets.retain(|name, progress| targets.contains(name) || progress.in_flight);
    }

    /// Starts the next delivery to each target that is idle and not backing off.
    pub(in crate::daemon) fn start(
        &mut self,
        recipients: &[Arc<Recipient>],
        waiting: &[Notification],
        now: Instant,
    ) -> Vec<(Arc<Recipient>, Notification)> {
        let mut started = Vec::new();
        for recipient in recipients {
            let progress = self.targets.entry(recipient.name.clone()).or_default();
            if progress.in_flight || !progress.backoff.is_over(now) {
                continue;
            }
            if let Some(notification) = outbox::next(waiting, &recipient.name) {
                progress.in_flight = true;
                started.push((Arc::clone(recipient), notification.clone()));
            }
        }
        started
    }

    /// Ends an attempt. `jitter`, from 0 to 1, spreads the wait before the next one.
    pub(in crate::daemon) fn finish(
        &mut self,
        target: &str,
        id: &str,
        result: Result<(), DeliveryError>,
        now: Instant,
        jitter: f64,
    ) -> Attempt {
        let progress = self.targets.entry(target.to_owned()).or_default();
        progress.in_flight = false;
        let Err(fault) = result else {
            *progress = TargetProgress::default();
            return Attempt::Delivered;
        };
        progress.backoff.failed(now, jitter, fault.wait());
        if fault.is_refusal() {
            // An outage is not a refusal, and does not reset the number of refusals in a row.
            if progress.refused.0 != id {
                progress.refused = (id.to_owned(), 0);
            }
            progress.refused.1 += 1;
            if progress.refused.1 >= REFUSALS {
                *progress = TargetProgress::default();
                return Attempt::GivenUp(fault);
            }
        }
        Attempt::Retry(fault)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::SecretString;

    use super::*;
    use crate::daemon::config::{Address, NotificationTarget, TargetFormat};
    use crate::model::Event;

    fn recipients() -> Vec<Arc<Recipient>> {
        let url = SecretString::from("http://127.0.0.1:9/x");
        let recipient = |name: &str| {
            let url = Address::Given(url.clone());
            let target =
                NotificationTarget { name: name.to_owned(), form: TargetFormat::Slack, url };
            Arc::new(Recipient::new(&target).unwrap())
        };
        vec![recipient("a"), recipient("b")]
    }

    fn waiting() -> Vec<Notification> {
        let notification = |id: &str| Notification {
            id: id.to_owned(),
            event: Event::Opened,
            at: 7,
            reminder: false,
            items: Vec::new(),
            total: 0,
            destructive: 0,
            error: String::new(),
            targets: ["a", "b"].map(str::to_owned).into(),
        };
        vec![notification("1"), notification("2")]
    }

    fn started(
        delivery: &mut Delivery,
        waiting: &[Notification],
        now: Instant,
    ) -> Vec<(String, String)> {
        let started = delivery.start(&recipients(), waiting, now);
        started.into_iter().map(|(to, one)| (to.name.clone(), one.id)).collect()
    }

    fn pair(name: &str, id: &str) -> (String, String) {
        (name.to_owned(), id.to_owned())
    }

    fn status(status: u16) -> DeliveryError {
        DeliveryError::Status { status, answer: String::new() }
    }

    #[test]
    fn each_target_gets_one_notification_at_a_time_and_a_failing_one_blocks_no_other() {
        let (mut delivery, mut waiting, now) = (Delivery::default(), waiting(), Instant::now());
        assert_eq!(started(&mut delivery, &waiting, now), [pair("a", "1"), pair("b", "1")]);
        assert_eq!(started(&mut delivery, &waiting, now), []);
        assert_eq!(delivery.finish("a", "1", Ok(()), now, 0.0), Attempt::Delivered);
        outbox::settle(&mut waiting, "1", "a");
        let failed = delivery.finish("b", "1", Err(DeliveryError::Timeout), now, 0.0);
        assert_eq!(failed, Attempt::Retry(DeliveryError::Timeout));
        assert_eq!(started(&mut delivery, &waiting, now), [pair("a", "2")]);
        let later = now + Duration::from_secs(2);
        assert_eq!(started(&mut delivery, &waiting, later), [pair("b", "1")]);
    }

    #[test]
    fn retry_after_is_honoured() {
        let (mut delivery, waiting, now) = (Delivery::default(), waiting(), Instant::now());
        started(&mut delivery, &waiting, now);
        let busy = DeliveryError::Busy { status: 429, wait: Duration::from_secs(90) };
        let attempt = delivery.finish("a", "1", Err(busy.clone()), now, 0.0);
        assert_eq!(attempt, Attempt::Retry(busy));
        assert_eq!(started(&mut delivery, &waiting, now + Duration::from_secs(89)), []);
        let later = now + Duration::from_secs(90);
        assert_eq!(started(&mut delivery, &waiting, later), [pair("a", "1")]);
    }

    #[test]
    fn a_refused_notification_is_given_up_and_one_that_fails_otherwise_never_is() {
        let now = Instant::now();
        for (fault, expected) in [(status(422), 4), (status(503), 0)] {
            let mut delivery = Delivery::default();
            let attempts = (0..20).map(|_| delivery.finish("a", "1", Err(fault.clone()), now, 0.0));
            let given_up = Attempt::GivenUp(fault.clone());
            assert_eq!(attempts.filter(|one| *one == given_up).count(), expected, "{fault}");
        }
    }

    #[test]
    fn only_refusals_of_the_same_notification_count() {
        let now = Instant::now();
        let mut delivery = Delivery::default();
        let mut finish = |id: &str, fault| delivery.finish("a", id, Err(fault), now, 0.0);
        for _ in 0..9 {
            assert_eq!(finish("1", DeliveryError::Connect), Attempt::Retry(DeliveryError::Connect));
        }
        let no = || status(422);
        for _ in 1..REFUSALS {
            assert_eq!(finish("1", no()), Attempt::Retry(no()));
            assert_eq!(finish("1", status(503)), Attempt::Retry(status(503)));
        }
        assert_eq!(finish("2", no()), Attempt::Retry(no()), "its first refusal");
        for _ in 1..REFUSALS {
            assert_eq!(finish("1", no()), Attempt::Retry(no()));
        }
        assert_eq!(finish("1", no()), Attempt::GivenUp(no()));
    }
}
