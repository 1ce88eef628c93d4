//! A server that bends one thing, and what exactly is known then.

mod pages;
mod parts;
mod statuses;
mod strangers;

use std::collections::BTreeMap;

use trunkline::detect;
use trunkline::model::{AccountId, Desired, Live, LiveAccount};

use super::fake::{Ask, Detected, List, Organization, Page, Status, body, detect, email};
use super::manifest;
use crate::support::bodies::page;
use crate::support::server::Reply;

type Answer = fn(&Ask, &mut Organization) -> Reply;

/// The expected inventory of eight accounts and three users.
struct Known<'a> {
    /// Why the inventory is incomplete; empty when it is complete.
    gaps: &'a [&'a str],
    /// The accounts whose status is unknown.
    unknown: Unknown,
    /// The reads of the first page of a list. Other lists are read once, or not at all.
    read: &'a [(List, usize)],
}

#[derive(Clone, Copy)]
enum Unknown {
    Nothing,
    Everything,
    These(&'static [u32]),
    AllBut(&'static [u32]),
}

use Unknown::{AllBut, Everything, Nothing, These};

/// Honest but for the pages of one list, whose pages are changed.
fn bend(
    ask: &Ask,
    organization: &Organization,
    list: List,
    change: impl FnOnce(&mut Page),
) -> Reply {
    if ask.list != list {
        return organization.answer(ask);
    }
    let mut page = organization.page(ask);
    change(&mut page);
    page.reply()
}

/// Honest but for some lists, which are answered as if another was asked for.
fn swap(ask: &Ask, organization: &Organization, lists: &[List], other: List) -> Reply {
    let list = if lists.contains(&ask.list) { other } else { ask.list };
    // A count stays a page of one.
    let count = matches!(ask.list, List::Count(_)) && lists.contains(&ask.list);
    let mut page = organization.page(&Ask { list, ..*ask });
    if count {
        page.accounts.truncate(1);
        page.pages = u64::try_from(page.total).unwrap();
    }
    if lists.contains(&ask.list) { page.reply() } else { organization.answer(ask) }
}

/// Honest, and something happens after the first page of the list of all, `times` times.
fn after(
    ask: &Ask,
    organization: &mut Organization,
    times: usize,
    happens: impl FnOnce(&mut Organization),
) -> Reply {
    let reply = organization.answer(ask);
    if ask.list == List::All && ask.page == 1 && ask.read <= times {
        happens(organization);
    }
    reply
}

const DISABLED: List = List::Of(Status::Disabled);
const BLOCKED: List = List::Of(Status::Blocked);
const ENABLED: List = List::Of(Status::Enabled);
const CANCELLED: List = List::Of(Status::Cancelled);
const COUNT: List = List::Count(Status::Enabled);

/// Reads eight accounts from a server that answers so, and compares. The manifest misses an account
/// when `missing`.
async fn check(situation: &str, missing: bool, known: Known<'_>, answer: Answer) -> Detected {
    let first = email(0);
    let mut emails = vec![first.as_str()];
    emails.extend(missing.then_some("missing@shop.example"));
    let detected = detect(Organization::eight(), &manifest(&emails, true), answer).await;
    let live = detected.result.as_ref().unwrap();
    assert_eq!(reasons(live), known.gaps, "{situation}");

    let truth = detected.moments.last().unwrap();
    for account in &live.accounts {
        let number: u32 = account.id.as_str()[1..].parse().unwrap();
        let unknown = match known.unknown {
            Nothing => false,
            Everything => true,
            These(accounts) => accounts.contains(&number),
            AllBut(accounts) => !accounts.contains(&number),
        };
        let wanted = truth.get(&number).and_then(|status| model(*status)).filter(|_| !unknown);
        assert_eq!(account.status, wanted, "{situation}: account {number}");
    }
    let wanted: BTreeMap<_, _> = known.read.iter().copied().collect();
    for (list, reads) in &detected.reads {
        assert_eq!(*reads, wanted.get(list).copied().unwrap_or(1), "{situation}: {list:?}");
    }
    let all = wanted.keys().all(|list| detected.reads.contains_key(list));
    assert!(all, "{situation}: {:?}", detected.reads);
    detected
}

fn reasons(live: &Live) -> Vec<String> {
    live.gaps.iter().map(ToString::to_string).collect()
}

fn model(status: Status) -> Option<trunkline::model::Status> {
    match status {
        Status::Enabled => Some(trunkline::model::Status::Enabled),
        Status::Disabled => Some(trunkline::model::Status::Disabled),
        Status::Blocked => Some(trunkline::model::Status::Blocked),
        Status::Cancelled => None,
    }
}

fn numbers(accounts: &[LiveAccount]) -> Vec<u32> {
    let mut numbers: Vec<_> =
        accounts.iter().map(|account| account.id.as_str()[1..].parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn an_honest_server_is_read_once_and_everything_is_known() {
    let known = Known { gaps: &[], unknown: Nothing, read: &[] };
    let detected = check("honest", true, known, |ask, all| all.answer(ask)).await;
    let Live { manager, accounts, cancelled, users, channels, owners: _, gaps: _, balances: _ } =
        detected.result.unwrap();
    assert_eq!(manager.unwrap().as_str(), "manager-1");
    assert_eq!(numbers(&accounts), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(numbers(&cancelled), [8, 9]);
    assert_eq!((users.unwrap().len(), channels.unwrap().allocated), (3, 80));
    assert_eq!(detected.requests, 3 + 7);
}
