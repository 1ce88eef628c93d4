//! The probes.

use std::sync::Arc;

use jiff::SignedDuration;
use trunkline::daemon::status::CutOff;
use trunkline::daemon::web::STUCK_AFTER;

use super::{Served, by_hand};

#[tokio::test]
async fn liveness_depends_on_the_main_loop_and_not_on_telnyx() {
    let mut status = by_hand::usual();
    for organization in &mut status.organizations {
        organization.state = trunkline::daemon::status::OrganizationState::Unknown;
    }
    let served = Served::new(status.clone()).await;
    for (ticked, expected, text) in [
        (by_hand::now(), 200, "ok\n"),
        (by_hand::now() - STUCK_AFTER, 200, "ok\n"),
        (
            by_hand::now() - SignedDuration::from_secs(61),
            503,
            "the main loop has been stuck for 61 s\n",
        ),
        // A clock that was set back proves nothing.
        (by_hand::now() + SignedDuration::from_hours(1), 200, "ok\n"),
    ] {
        status.ticked = ticked;
        served.status.send(Arc::new(status.clone())).unwrap();
        let answer = served.get("/livez").await;
        assert_eq!((answer.status, answer.body.as_str()), (expected, text));
        assert_eq!(served.get("/readyz").await.status, 200);
    }
}

#[tokio::test]
async fn liveness_ends_when_no_lease_is_reached_for_long_although_all_were() {
    let cut_off = |minutes, was_reached| {
        Some(CutOff { since: by_hand::now() - SignedDuration::from_mins(minutes), was_reached })
    };
    let late = "no leadership lease can be reached for 960 s\n";
    for (all, expected, text) in [
        ([cut_off(16, true), cut_off(17, true), cut_off(16, true)], 503, late),
        // A short outage, one bucket among several, and a place that was never reached.
        ([cut_off(15, true), cut_off(17, true), cut_off(17, true)], 200, "ok\n"),
        ([None, cut_off(17, true), cut_off(17, true)], 200, "ok\n"),
        ([cut_off(17, false), cut_off(17, true), cut_off(17, true)], 200, "ok\n"),
    ] {
        let mut status = by_hand::usual();
        for (organization, cut_off) in status.organizations.iter_mut().zip(all) {
            organization.cut_off = cut_off;
        }
        let served = Served::new(status).await;
        let answer = served.get("/livez").await;
        assert_eq!((answer.status, answer.body.as_str()), (expected, text));
        assert_eq!(served.get("/readyz").await.status, 200);
    }
}

#[tokio::test]
async fn readiness_needs_a_run_or_another_leader_for_each_organization() {
    let mut empty = by_hand::usual();
    empty.organizations.clear();
    let mut draining = by_hand::usual();
    draining.draining = true;
    let mut standby = by_hand::new();
    by_hand::stand_by(&mut standby.organizations[0]);
    for (status, expected, text) in [
        (by_hand::usual(), 200, "ok\n"),
        (standby, 200, "ok\n"),
        (by_hand::new(), 503, "waiting for the first run of Harbour Telecom\n"),
        (empty, 503, "no organization is configured\n"),
        (draining, 503, "draining\n"),
    ] {
        let answer = Served::new(status).await.get("/readyz").await;
        assert_eq!((answer.status, answer.body.as_str()), (expected, text));
    }
}
