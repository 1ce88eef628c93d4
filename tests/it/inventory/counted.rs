//! At the sandbox: whole, right, and in how many requests.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use trunkline::detect;
use trunkline::model::{ChannelPool, Desired, Live, Status};
use trunkline::sandbox::{self, Running, SandboxConfig, Seed};
use trunkline::telnyx::{AccountSelection, RequestProgress};

use super::{manifest, with_id};
use crate::support::bodies::list;
use crate::support::server::{Reply, Server};
use crate::support::{KEY, budget, patient};

async fn sandbox(all: usize, disabled: usize, blocked: usize) -> Running {
    let config = SandboxConfig::new(KEY.to_owned().into(), seed(all, disabled, blocked));
    sandbox::start(config).await.unwrap()
}

/// An organization of `all` accounts, the first of them disabled, the next blocked, and one cancelled account.
fn seed(all: usize, disabled: usize, blocked: usize) -> Seed {
    let mut accounts = r#"{"email":"gone@shop.example","status":"cancelled"}"#.to_owned();
    for number in 0..all {
        let status = match number {
            number if number < disabled => "disabled",
            number if number < disabled + blocked => "blocked",
            _ => "enabled",
        };
        write!(accounts, r#",{{"email":"s{number}@shop.example","status":"{status}"}}"#).unwrap();
    }
    let users = r#"{"email":"root@acme.example","record_type":"organization_owner"},{"email":"ops@acme.example"}"#;
    let seed = format!(
        r#"{{"channels":{{"allocatable":100000,"default_allotment":10}},"accounts":[{accounts}],"users":[{users}]}}"#
    );
    Seed::parse(&seed).unwrap()
}

async fn read(running: &Running, desired: &Desired) -> Live {
    let origin = running.url().trim_end_matches("/v2").to_owned();
    detect::read(&patient(&origin, budget(0)).reader(), desired).await.unwrap()
}

#[tokio::test]
async fn an_inventory_takes_at_most_seven_requests_beside_the_pages_of_all_and_of_the_disabled() {
    let organizations = [
        (0, 0, 0),
        (1, 0, 0),
        (1, 1, 0),
        (1, 0, 1),
        (250, 7, 3),
        (250, 250, 0),
        (251, 0, 0),
        (251, 251, 0),
        (700, 260, 5),
        (700, 0, 0),
        (700, 700, 0),
    ];
    for (all, disabled, blocked) in organizations {
        let running = sandbox(all, disabled, blocked).await;
        // Every part of the manifest is used, and an entry is missing.
        let live = read(&running, &manifest(&["s0@shop.example", "gone@shop.example"], true)).await;
        let case = format!("{all} accounts, {disabled} disabled");
        let most = all.div_ceil(250) + disabled.div_ceil(250) + 7;
        let requests = usize::try_from(running.requests()).unwrap();
        assert!(requests <= most, "{case}: {requests} requests, and {most} are allowed");
        assert_eq!(running.writes(), 0, "{case}");

        let Live { manager, accounts, cancelled, users, channels, owners: _, gaps, balances: _ } =
            live;
        assert_eq!(gaps, Vec::new(), "{case}");
        let count =
            |status| accounts.iter().filter(|account| account.status == Some(status)).count();
        let statuses = [Status::Enabled, Status::Disabled, Status::Blocked].map(count);
        assert_eq!(statuses, [all - disabled - blocked, disabled, blocked], "{case}");
        assert_eq!(manager.is_some(), all > 0, "{case}");
        assert_eq!(cancelled.len(), 1, "{case}");
        assert_eq!(cancelled[0].email.as_str(), "gone@shop.example", "{case}");
        assert_eq!(users.unwrap().len(), 2, "{case}");
        let allocated = 10 * u64::try_from(all).unwrap();
        assert_eq!(channels, Some(ChannelPool { allocatable: 100_000, allocated }), "{case}");
    }
}

#[tokio::test]
async fn only_what_the_manifest_is_about_is_read() {
    let running = sandbox(2, 0, 0).await;
    let requests = async |desired: &Desired| {
        let before = running.requests();
        (read(&running, desired).await, running.requests() - before)
    };
    let (live, count) = requests(&manifest(&[], false)).await;
    assert_eq!((live, count), (Live::default(), 0));
    let (live, count) = requests(&manifest(&[], true)).await;
    assert_eq!((live.accounts, live.channels), (Vec::new(), None));
    assert_eq!((live.users.map(|users| users.len()), count), (Some(2), 2));
    let (live, count) = requests(&manifest(&["S0@shop.example"], false)).await;
    assert!(live.users.is_none() && live.channels.is_some() && live.cancelled.is_empty());
    assert_eq!(count, 5, "an email is the same in any case");
}

#[tokio::test]
async fn the_cancelled_are_read_when_an_entry_is_missing_by_its_id_or_else_by_its_email() {
    let running = sandbox(1, 0, 0).await;
    let id = running.account("s0@shop.example").unwrap().id;
    let cancelled = async |desired: &Desired| read(&running, desired).await.cancelled.len();
    assert_eq!(cancelled(&with_id("another@shop.example", &id)).await, 0, "found by its id");
    assert_eq!(cancelled(&with_id("s0@shop.example", "another")).await, 1, "its id is missing");
    assert_eq!(cancelled(&manifest(&["s0@shop.example"], false)).await, 0);
    assert_eq!(cancelled(&manifest(&["gone@shop.example"], false)).await, 1);
}

#[tokio::test]
async fn what_does_not_depend_on_each_other_is_asked_for_at_once() {
    const LATENCY: Duration = Duration::from_millis(500);
    let seed = seed(260, 10, 10);
    let config =
        SandboxConfig { latency: LATENCY, ..SandboxConfig::new(KEY.to_owned().into(), seed) };
    let running = sandbox::start(config).await.unwrap();
    let desired = manifest(&["s0@shop.example", "gone@shop.example"], true);
    // Page 1 and all that needs no page, the rest of the pages with the count, and the cancelled. A busy machine adds
    // time, so the shortest of some reads counts.
    let mut shortest = f64::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        assert_eq!(read(&running, &desired).await.gaps, Vec::new());
        shortest = shortest.min(begun.elapsed().as_secs_f64() / LATENCY.as_secs_f64());
        if shortest < 4.0 {
            break;
        }
    }
    assert!((3.0..4.0).contains(&shortest), "{shortest} round trips");
}

#[tokio::test]
async fn how_far_a_read_is_can_be_shown_while_it_waits_for_the_rate_limit() {
    let refusal = Reply::too_many("2");
    let server = Server::script([refusal, Reply::json(200, list(&[]))]).await;
    let session = patient(&server.origin, budget(1));
    let reader = session.reader();
    assert_eq!(session.progress(), RequestProgress::default());
    let read = tokio::spawn(async move { reader.accounts(AccountSelection::All).await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    let RequestProgress { account_pages, user_pages, answered, held } = session.progress();
    assert_eq!((account_pages, user_pages, answered), (0, 0, 1));
    assert!(held > Duration::from_millis(500) && held <= Duration::from_secs(2), "{held:?}");
    read.await.unwrap().unwrap();
    let done =
        RequestProgress { account_pages: 1, user_pages: 0, answered: 2, held: Duration::ZERO };
    assert_eq!(session.progress(), done);
}
