//! What probes are told.

use std::sync::Arc;

use jiff::SignedDuration;
use trunkline::daemon::web::STUCK_AFTER;

use super::{Served, by_hand};

#[tokio::test]
async fn alive_is_who_turns_whatever_telnyx_does() {
    let mut status = by_hand::usual();
    for organization in &mut status.organizations {
        organization.state = trunkline::daemon::status::State::Unknown;
    }
    let served = Served::new(status.clone()).await;
    for (turned, expected, said) in [
        (by_hand::now(), 200, "ok\n"),
        (by_hand::now() - STUCK_AFTER, 200, "ok\n"),
        (by_hand::now() - SignedDuration::from_secs(61), 503, "the loop has not turned for 61 s\n"),
        // The clock was set back: nothing is known against the loop.
        (by_hand::now() + SignedDuration::from_hours(1), 200, "ok\n"),
    ] {
        status.turned = turned;
        served.status.send(Arc::new(status.clone())).unwrap();
        let answer = served.get("/livez").await;
        assert_eq!((answer.status, answer.body.as_str()), (expected, said));
        assert_eq!(served.get("/readyz").await.status, 200);
    }
}

#[tokio::test]
async fn ready_is_who_had_a_run_of_everything_and_is_not_draining() {
    let mut empty = by_hand::usual();
    empty.organizations.clear();
    let mut draining = by_hand::usual();
    draining.draining = true;
    let mut standing_by = by_hand::new();
    by_hand::stand_by(&mut standing_by.organizations[0]);
    for (status, expected, said) in [
        (by_hand::usual(), 200, "ok\n"),
        (standing_by, 200, "ok\n"),
        (by_hand::new(), 503, "waiting for the first run of Harbour Telecom\n"),
        (empty, 503, "no organization is configured\n"),
        (draining, 503, "draining\n"),
    ] {
        let answer = Served::new(status).await.get("/readyz").await;
        assert_eq!((answer.status, answer.body.as_str()), (expected, said));
    }
}
