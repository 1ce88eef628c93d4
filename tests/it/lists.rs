//! Lists of several pages: whole, or known not to be.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline::model::{LiveAccount, State};
use trunkline::plan::Plan;
use trunkline::telnyx::{AccountSelection, ErrorKind, Listing};
use trunkline::{detect, manifest, plan};

use crate::support::bodies::{account, page, user};
use crate::support::once;
use crate::support::server::{Reply, Seen, Server};

/// The query of a request: its names and values.
fn query(request: &Seen) -> BTreeMap<String, String> {
    let url = url::Url::parse(&format!("http://server{}", request.target)).unwrap();
    url.query_pairs().into_owned().collect()
}

fn number(request: &Seen) -> u64 {
    query(request)["page[number]"].parse().unwrap()
}

/// The ids of a page, how many pages it claims, and how many items.
type Page = (Vec<String>, u64, usize);

/// The pages by number.
type Pages = fn(usize) -> Page;

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("a{number}")).collect()
}

/// Page `number` of 507 unchanging accounts.
fn calm(number: usize) -> Page {
    (ids((number - 1) * 250..(number * 250).min(507)), 3, 507)
}

fn accounts_reply(number: u64, (ids, total_pages, total_results): Page) -> Reply {
    let items: Vec<_> = ids.iter().map(|id| account(id)).collect();
    Reply::json(200, page(&items, number, total_pages, total_results))
}

/// Reads the accounts from a server whose pages depend on how often page 1 was asked for and on the page's number.
async fn read(
    pages: impl Fn(usize, usize) -> Page + Send + Sync + 'static,
) -> (Listing<LiveAccount>, Vec<Seen>) {
    let reads = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_, request| {
        let number = number(request);
        let first = usize::from(number == 1);
        let read = reads.fetch_add(first, std::sync::atomic::Ordering::SeqCst) + first;
        accounts_reply(number, pages(read, usize::try_from(number).unwrap()))
    })
    .await;
    let listing = once(&server.origin).reader().accounts(AccountSelection::All).await.unwrap();
    (listing, server.seen())
}

/// The values of `sort`, one for each time that page 1 was asked for.
fn sorts(seen: &[Seen]) -> Vec<String> {
    let firsts = seen.iter().filter(|request| number(request) == 1);
    firsts.map(|request| query(request)["sort"].clone()).collect()
}

#[tokio::test]
async fn a_list_is_read_in_pages_of_250_oldest_first_and_page_1_before_the_others() {
    let server = Server::start(|_, request| {
        let number = number(request);
        let reply = accounts_reply(number, calm(usize::try_from(number).unwrap()));
        reply.after(Duration::from_millis(300))
    })
    .await;
    let listing = once(&server.origin).reader().accounts(AccountSelection::All).await.unwrap();

    let read: Vec<_> = listing.items.iter().map(|account| account.id.to_string()).collect();
    assert_eq!((read, listing.gap), (ids(0..507), None));
    let seen = server.seen();
    for request in &seen {
        let query = query(request);
        assert_eq!((&*query["page[size]"], &*query["sort"], query.len()), ("250", "created_at", 3));
    }
    let mut numbers: Vec<_> = seen.iter().map(number).collect();
    numbers[1..].sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    let apart = |a: usize, b: usize| seen[b].at.duration_since(seen[a].at).as_millis();
    assert!(apart(0, 1) >= 300, "page 1 is answered before another is asked for");
    assert!(apart(1, 2) < 300, "the others are asked for at once");
}

#[tokio::test]
async fn a_list_that_goes_on_contradicting_itself_is_read_three_times_and_has_a_gap() {
    let situations: [(&str, Pages); 8] = [
        ("a create shifts an item to the next page", |number| match number {
            2 => (ids(249..499), 3, 507),
            3 => (ids(499..506), 3, 507),
            _ => calm(number),
        }),
        ("an item vanished between the pages", |number| match number {
            2 => (ids(251..501), 3, 507),
            3 => (ids(501..507), 3, 507),
            _ => calm(number),
        }),
        ("another total on a later page", |number| match number {
            3 => (ids(500..507), 3, 506),
            _ => calm(number),
        }),
        ("another number of pages", |number| match number {
            2 => (ids(250..500), 4, 507),
            _ => calm(number),
        }),
        ("an empty page in the middle", |number| match number {
            2 => (ids(0..0), 3, 507),
            _ => calm(number),
        }),
        ("a short page in the middle", |number| match number {
            2 => (ids(250..400), 3, 507),
            _ => calm(number),
        }),
        ("fewer pages than items", |number| {
            let (ids, _, total) = calm(number);
            (ids, 1, total)
        }),
        ("always page 1", |_| calm(1)),
    ];
    for (situation, pages) in situations {
        let (listing, seen) = read(move |_, number| pages(number)).await;
        assert!(listing.gap.is_some(), "{situation}");
        assert_eq!(sorts(&seen), ["created_at", "created_at", "email"], "{situation}");
    }
}

#[tokio::test]
async fn a_list_that_heals_is_whole_and_is_not_read_again() {
    let all = ["created_at", "created_at", "email"];
    for healed in [1, 2, 3] {
        let (listing, seen) = read(move |read, number| match number {
            2 if read < healed => (ids(249..499), 3, 507),
            _ => calm(number),
        })
        .await;
        assert_eq!((listing.gap, listing.items.len()), (None, 507), "read {healed}");
        assert_eq!(sorts(&seen), all[..healed], "read {healed}");
    }
}

#[tokio::test]
async fn users_are_read_again_the_same_way_and_have_a_gap_too() {
    let server = Server::start(|_, request| {
        let number = number(request);
        let ids = if number == 1 { ["u1", "u2"] } else { ["u2", "u3"] };
        Reply::json(200, page(&ids.map(user), number, 2, 4))
    })
    .await;
    let users = once(&server.origin).reader().users().await.unwrap();
    assert!(users.gap.is_some());
    assert_eq!(users.items.len(), 3, "each once");
    assert_eq!(server.count(), 6);
    for request in server.seen() {
        let query = query(&request);
        assert_eq!((&*query["page[size]"], &*query["include_groups"]), ("250", "true"));
        assert_eq!(query.len(), 3, "users cannot be sorted");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_had_is_an_error_and_not_a_gap() {
    for (broken, wanted) in
        [(Reply::html(503), ErrorKind::Server(503)), (Reply::json(404, ""), ErrorKind::NotFound)]
    {
        let server = Server::start(move |_, request| match number(request) {
            2 => broken.clone(),
            number => accounts_reply(number, calm(usize::try_from(number).unwrap())),
        })
        .await;
        let error =
            once(&server.origin).reader().accounts(AccountSelection::All).await.unwrap_err();
        assert_eq!(error.kind, wanted);
    }
}

#[tokio::test]
async fn a_list_without_items_is_whole() {
    for pages in [0, 1] {
        let (listing, seen) = read(move |_, _| (Vec::new(), pages, 0)).await;
        assert_eq!((listing.items, listing.gap, seen.len()), (Vec::new(), None, 1));
    }
}

/// A manifest that wants whoever is not in it disabled.
const ALONE: &str = "version: 1\norganization: acme\n\
    policy: { unlisted_accounts: disable, max_disables: 100% }\n\
    accounts: [{ name: Larry's Cat Food, email: a1@customer.example }]\n";

/// The plan for a list of accounts with two pages, with these on the second.
async fn planned(second: [&'static str; 2]) -> Plan {
    let server = Server::start(move |_, request| {
        let query = query(request);
        let status = query.get("filter[status][eq]").map(String::as_str);
        let ids = match (status, &*query["page[number]"]) {
            (Some("disabled" | "blocked"), _) => return Reply::json(200, page(&[], 1, 1, 0)),
            (_, "1") => ["a1", "a2"],
            (_, _) => second,
        };
        Reply::json(200, page(&ids.map(account), number(request), 2, 4))
    })
    .await;
    let desired = manifest::parse("acme.yaml".as_ref(), ALONE).unwrap();
    let reader = once(&server.origin).reader();
    let live = detect::read(&reader, &desired).await.unwrap();
    plan::plan(&desired, &live, &State::default(), "2026-03-01".parse().unwrap())
}

#[tokio::test]
async fn promise_5_while_pages_shift_no_account_is_disabled() {
    let whole = planned(["a3", "a4"]).await;
    assert!(whole.inventory.complete && whole.destructive() == 3, "{whole:?}");
    // An account was created between the two pages: the second begins with the last item of the first.
    let shifted = planned(["a2", "a3"]).await;
    assert!(!shifted.inventory.complete && shifted.actions.is_empty(), "{shifted:?}");
    assert_eq!(shifted.withheld, 2, "{shifted:?}");
}
