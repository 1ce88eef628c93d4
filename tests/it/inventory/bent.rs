//! A server that bends one thing, and what exactly is known then.

use std::collections::BTreeMap;

use trunkline::detect;
use trunkline::model::{AccountId, Desired, Live, LiveAccount};

use super::fake::{Ask, Detected, List, Organization, Page, Status, body, detect, email};
use super::manifest;
use crate::support::bodies::page;
use crate::support::server::Reply;

type Answer = fn(&Ask, &mut Organization) -> Reply;

/// What is to be known of eight accounts and three users.
struct Known<'a> {
    /// Why the inventory is incomplete; empty when it is complete.
    gaps: &'a [&'a str],
    /// The accounts whose status is unknown.
    unknown: Unknown,
    /// How often the first page of a list was asked for. All others are read once, or not at all.
    read: &'a [(List, usize)],
}

#[derive(Clone, Copy)]
enum Unknown {
    Nobody,
    Everybody,
    These(&'static [u32]),
    AllBut(&'static [u32]),
}

use Unknown::{AllBut, Everybody, Nobody, These};

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
    assert_eq!(live.gaps, known.gaps, "{situation}");

    let truth = detected.moments.last().unwrap();
    for account in &live.accounts {
        let number: u32 = account.id.as_str()[1..].parse().unwrap();
        let unknown = match known.unknown {
            Nobody => false,
            Everybody => true,
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
    assert!(wanted.keys().all(|list| detected.reads.contains_key(list)), "{situation}");
    detected
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
    let known = Known { gaps: &[], unknown: Nobody, read: &[] };
    let detected = check("honest", true, known, |ask, all| all.answer(ask)).await;
    let Live { manager, accounts, cancelled, users, channels, gaps: _ } = detected.result.unwrap();
    assert_eq!(manager.unwrap().as_str(), "manager-1");
    assert_eq!(numbers(&accounts), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(numbers(&cancelled), [8, 9]);
    assert_eq!((users.unwrap().len(), channels.unwrap().allocated), (3, 80));
    assert_eq!(detected.requests, 3 + 7);
}

#[tokio::test]
async fn a_list_that_goes_on_contradicting_itself_makes_the_inventory_incomplete_and_says_how() {
    let situations: &[(&str, &'static [&'static str], Answer)] = &[
        (
            "an account is created in front between two pages",
            &["accounts: read 3 times, it counts 10 items on page 1 and 11 on page 2"],
            |ask, all| after(ask, all, 9, |all| all.create(Status::Enabled)),
        ),
        (
            "an insert shifts an account to the next page, the totals being old",
            &["accounts: read 3 times, page 3 has 3 items and should have 2"],
            |ask, all| {
                bend(ask, all, List::All, |page| match page.number {
                    2 => page.accounts = vec![2, 3, 4],
                    3 => page.accounts = vec![5, 6, 7],
                    _ => {}
                })
            },
        ),
        (
            "an insert shifts an account to the next page, and the last page is cut",
            &["accounts: read 3 times, 1 of its items came twice"],
            |ask, all| {
                bend(ask, all, List::All, |page| match page.number {
                    2 => page.accounts = vec![2, 3, 4],
                    3 => page.accounts = vec![5, 6],
                    _ => {}
                })
            },
        ),
        (
            "a removal shifts an account to the page before, the totals being old",
            &["accounts: read 3 times, page 3 has 1 item and should have 2"],
            |ask, all| {
                bend(ask, all, List::All, |page| match page.number {
                    2 => page.accounts = vec![4, 5, 6],
                    3 => page.accounts = vec![7],
                    _ => {}
                })
            },
        ),
        (
            "an empty page in the middle",
            &["accounts: read 3 times, page 2 is empty and should have 3"],
            |ask, all| {
                bend(ask, all, List::All, |page| {
                    if page.number == 2 {
                        page.accounts.clear()
                    }
                })
            },
        ),
        (
            "a page that is cut",
            &["accounts: read 3 times, page 2 has 2 items and should have 3"],
            |ask, all| {
                bend(ask, all, List::All, |page| {
                    if page.number == 2 {
                        page.accounts.truncate(2)
                    }
                })
            },
        ),
        (
            "a page in the middle that is cut, though the number is right",
            &["accounts: read 3 times, page 2 has 2 items and should have 3"],
            |ask, all| {
                bend(ask, all, List::All, |page| match page.number {
                    2 => page.accounts = vec![3, 4],
                    3 => page.accounts = vec![5, 6, 7],
                    _ => {}
                })
            },
        ),
        (
            "an empty first page",
            &["accounts: read 3 times, page 1 is empty, of 8 items"],
            |ask, all| {
                bend(ask, all, List::All, |page| {
                    if page.number == 1 {
                        page.accounts.clear()
                    }
                })
            },
        ),
        (
            "another total on the last page",
            &["accounts: read 3 times, it counts 8 items on page 1 and 7 on page 3"],
            |ask, all| {
                bend(ask, all, List::All, |page| {
                    if page.number == 3 {
                        page.total = 7
                    }
                })
            },
        ),
        (
            "another number of pages on page 2",
            &["accounts: read 3 times, it counts 3 pages on page 1 and 4 on page 2"],
            |ask, all| {
                bend(ask, all, List::All, |page| {
                    if page.number == 2 {
                        page.pages = 4
                    }
                })
            },
        ),
        (
            "too few pages",
            &["accounts: read 3 times, it counts 8 items on 2 pages, and page 1 has 3"],
            |ask, all| bend(ask, all, List::All, |page| page.pages = 2),
        ),
        (
            "too many pages",
            &["accounts: read 3 times, it counts 8 items on 4 pages, and page 1 has 3"],
            |ask, all| bend(ask, all, List::All, |page| page.pages = 4),
        ),
        (
            "endless pages",
            &[
                "accounts: read 3 times, it counts 8 items on 18446744073709551615 pages, and page 1 has 3",
            ],
            |ask, all| bend(ask, all, List::All, |page| page.pages = u64::MAX),
        ),
        (
            "always page 1",
            &["accounts: read 3 times, page 2 says that it is page 1"],
            |ask, all| match ask.list {
                List::All => all.answer(&Ask { page: 1, ..*ask }),
                _ => all.answer(ask),
            },
        ),
        (
            "an account on two pages",
            &["accounts: read 3 times, 1 of its items came twice"],
            |ask, all| {
                bend(ask, all, List::All, |page| {
                    if page.number == 2 {
                        page.accounts[1] = 0
                    }
                })
            },
        ),
    ];
    for (situation, gaps, answer) in situations {
        let known = Known { gaps, unknown: Nobody, read: &[(List::All, 3), (ENABLED, 1)] };
        let detected = check(situation, true, known, *answer).await;
        assert!(
            !detected.reads.contains_key(&CANCELLED),
            "{situation}: nobody can say who is missing"
        );
        assert!(detected.requests <= 40, "{situation}: {} requests", detected.requests);
    }
}

#[tokio::test]
async fn a_list_that_settles_is_complete() {
    let situations: &[(&str, usize, Answer)] = &[
        ("a create, once", 2, |ask, all| after(ask, all, 1, |all| all.create(Status::Enabled))),
        ("a create, twice", 3, |ask, all| after(ask, all, 2, |all| all.create(Status::Enabled))),
        ("a cancellation, once", 2, |ask, all| {
            after(ask, all, 1, |all| all.set(0, Status::Cancelled))
        }),
        ("an empty page, twice", 3, |ask, all| {
            bend(ask, all, List::All, |page| {
                if ask.read < 3 && page.number == 2 {
                    page.accounts.clear()
                }
            })
        }),
    ];
    for (situation, reads, answer) in situations {
        let desired = manifest(&[&email(1)], false);
        let detected = detect(Organization::eight(), &desired, *answer).await;
        let live = detected.result.unwrap();
        assert_eq!(live.gaps, Vec::<String>::new(), "{situation}");
        assert_eq!(detected.reads[&List::All], *reads, "{situation}");
        let last: Vec<u32> = detected.moments.last().unwrap().keys().copied().collect();
        assert_eq!(numbers(&live.accounts), last, "{situation}");
        assert!(live.accounts.iter().all(|account| account.status.is_some()), "{situation}");
    }
}

#[tokio::test]
async fn a_status_is_right_or_unknown_whatever_becomes_of_the_filter() {
    fn refuse(ask: &Ask, all: &Organization, list: List, status: u16) -> Reply {
        if ask.list == list { Reply::json(status, "") } else { all.answer(ask) }
    }
    const ALL: List = List::All;
    let situations: &[(&str, Unknown, &'static [(List, usize)], Answer)] = &[
        ("ignored", Everybody, &[], |ask, all| {
            swap(ask, all, &[DISABLED, BLOCKED, ENABLED, COUNT], ALL)
        }),
        ("rejected with 400", Everybody, &[], |ask, all| match ask.list {
            List::Of(_) | List::Count(_) => Reply::json(400, ""),
            _ => all.answer(ask),
        }),
        ("rejected with 422", Everybody, &[], |ask, all| match ask.list {
            List::Of(_) | List::Count(_) => Reply::json(422, ""),
            _ => all.answer(ask),
        }),
        ("rejected for the disabled", Everybody, &[], |ask, all| refuse(ask, all, DISABLED, 422)),
        ("rejected for the blocked", Everybody, &[], |ask, all| refuse(ask, all, BLOCKED, 400)),
        ("rejected for the count", Everybody, &[], |ask, all| refuse(ask, all, COUNT, 422)),
        ("a wrong count, and rejected for the enabled", Everybody, &[(ENABLED, 1)], |ask, all| {
            match ask.list {
                ENABLED => Reply::json(422, ""),
                _ => bend(ask, all, COUNT, |page| page.total += 1),
            }
        }),
        ("ignored for the disabled", AllBut(&[3]), &[(ENABLED, 1)], |ask, all| {
            swap(ask, all, &[DISABLED], ALL)
        }),
        ("ignored for the blocked", AllBut(&[7]), &[(ENABLED, 1)], |ask, all| {
            swap(ask, all, &[BLOCKED], ALL)
        }),
        ("ignored for the enabled", These(&[3, 7]), &[(ENABLED, 1)], |ask, all| {
            swap(ask, all, &[ENABLED, COUNT], ALL)
        }),
        ("ignored for two", Everybody, &[(ENABLED, 1)], |ask, all| {
            swap(ask, all, &[DISABLED, ENABLED, COUNT], ALL)
        }),
        ("the blocked are the disabled", Everybody, &[], |ask, all| {
            swap(ask, all, &[BLOCKED], DISABLED)
        }),
        ("the enabled are empty", AllBut(&[3, 7]), &[(ENABLED, 1)], |ask, all| match ask.list {
            ENABLED | COUNT => bend(ask, all, ask.list, |page| {
                page.accounts.clear();
                (page.pages, page.total) = (1, 0);
            }),
            _ => all.answer(ask),
        }),
        ("lists that overlap", These(&[3]), &[(ENABLED, 1)], |ask, all| {
            bend(ask, all, BLOCKED, |page| {
                page.accounts.push(3);
                page.total += 1;
            })
        }),
        (
            "lists that overlap, with a count that makes up for it",
            These(&[0, 3]),
            &[(ENABLED, 1)],
            |ask, all| match ask.list {
                BLOCKED => bend(ask, all, BLOCKED, |page| {
                    page.accounts.push(3);
                    page.total += 1;
                }),
                COUNT => bend(ask, all, COUNT, |page| page.total -= 1),
                ENABLED => bend(ask, all, ENABLED, |page| {
                    (page.total, page.pages) = (5, 2);
                    page.accounts = if page.number == 1 { vec![1, 2, 4] } else { vec![5, 6] };
                }),
                _ => all.answer(ask),
            },
        ),
        ("one too many counted", Nobody, &[(ENABLED, 1)], |ask, all| {
            bend(ask, all, COUNT, |page| page.total += 1)
        }),
        ("one too few counted", Nobody, &[(ENABLED, 1)], |ask, all| {
            bend(ask, all, COUNT, |page| page.total -= 1)
        }),
        ("nobody is in the list of the disabled", These(&[3]), &[(ENABLED, 1)], |ask, all| {
            bend(ask, all, DISABLED, |page| {
                page.accounts.clear();
                (page.pages, page.total) = (0, 0);
            })
        }),
        (
            "the list of the disabled has a gap",
            AllBut(&[3]),
            &[(DISABLED, 3), (ENABLED, 1)],
            |ask, all| bend(ask, all, DISABLED, |page| page.total = 2),
        ),
        (
            "the list of the blocked is empty and counts one",
            Everybody,
            &[(BLOCKED, 3), (ENABLED, 1)],
            |ask, all| {
                bend(ask, all, BLOCKED, |page| {
                    page.accounts.clear();
                    page.total = 1;
                })
            },
        ),
    ];
    for (situation, unknown, read, answer) in situations {
        check(situation, false, Known { gaps: &[], unknown: *unknown, read }, *answer).await;
    }
}

#[tokio::test]
async fn an_account_that_the_list_of_all_lacks_makes_the_inventory_incomplete_unless_it_was_just_created()
 {
    fn hidden(ask: &Ask, all: &Organization, account: u32) -> Reply {
        bend(ask, all, List::All, |page| {
            let shown: Vec<u32> = (0..8).filter(|shown| *shown != account).collect();
            (page.total, page.pages) = (7, 3);
            page.accounts = shown.chunks(3).nth(page.number - 1).unwrap().to_vec();
        })
    }
    const TWICE: &[(List, usize)] =
        &[(List::All, 2), (DISABLED, 2), (BLOCKED, 2), (COUNT, 2), (ENABLED, 2)];
    let situations: &[(&str, &'static [&'static str], Answer)] = &[
        (
            "a disabled one",
            &["accounts: the list of disabled accounts has 1 that the list of all lacks"],
            |ask, all| hidden(ask, all, 3),
        ),
        (
            "a blocked one",
            &["accounts: the list of blocked accounts has 1 that the list of all lacks"],
            |ask, all| hidden(ask, all, 7),
        ),
        (
            "an enabled one",
            &["accounts: the list of enabled accounts has 1 that the list of all lacks"],
            |ask, all| hidden(ask, all, 2),
        ),
    ];
    for (situation, gaps, answer) in situations {
        check(situation, true, Known { gaps, unknown: Nobody, read: TWICE }, *answer).await;
    }

    // The only page of the list of all is here before anything is counted.
    let two = Organization::new([Status::Enabled, Status::Disabled]);
    let detected = detect(two, &manifest(&[&email(0)], false), |ask, all| {
        if ask.list == COUNT && ask.read == 1 {
            all.create(Status::Enabled);
        }
        all.answer(ask)
    })
    .await;
    let live = detected.result.unwrap();
    assert_eq!((numbers(&live.accounts), live.gaps), (vec![0, 1, 2], Vec::new()));
    assert!(live.accounts.iter().all(|account| account.status.is_some()));
    assert_eq!((detected.reads[&List::All], detected.reads[&ENABLED]), (2, 1));
}

#[tokio::test]
async fn without_accounts_no_status_has_to_be_proven_and_none_may_turn_up() {
    let nobody = || Organization::new([]);
    let desired = manifest(&["missing@shop.example"], true);
    let detected = detect(nobody(), &desired, |ask, all| all.answer(ask)).await;
    let live = detected.result.unwrap();
    assert_eq!((live.gaps, live.manager, live.accounts), (Vec::<String>::new(), None, Vec::new()));
    assert_eq!(detected.requests, 7, "{:?}", detected.reads);

    let one = Organization::new([Status::Disabled]);
    let detected = detect(one, &desired, |ask, all| match ask.list {
        List::All => nobody_there(ask).reply(),
        _ => all.answer(ask),
    })
    .await;
    let gap = "accounts: the list of disabled accounts has 1 that the list of all lacks";
    assert_eq!(detected.result.unwrap().gaps, [gap]);
}

fn nobody_there(ask: &Ask) -> Page {
    Organization::new([]).page(ask)
}

#[tokio::test]
async fn accounts_of_two_managers_are_no_inventory() {
    let desired = manifest(&[&email(0)], false);
    let detected = detect(Organization::eight(), &desired, |ask, all| match ask.list {
        List::All if ask.page == 2 => {
            let mut items: Vec<_> = all.page(ask).accounts.into_iter().map(body).collect();
            items[0]["manager_account_id"] = "manager-0\u{1b}[2J".into();
            Reply::json(200, page(&items, 2, 3, 8))
        }
        _ => all.answer(ask),
    })
    .await;
    let mut live = detected.result.unwrap();
    let gap = r#"accounts: they belong to 2 managers: "manager-0\u{1b}[2J", "manager-1""#;
    assert_eq!(live.gaps, [gap]);
    assert_eq!(live.manager.as_ref().unwrap().as_str(), "manager-0\u{1b}[2J");

    let of = |id: &str| Desired { manager: Some(AccountId::new(id)), ..desired.clone() };
    let wrong = |desired: &Desired, live: &Live| detect::wrong_manager(desired, live).cloned();
    assert!(wrong(&of("manager-1"), &live).is_some(), "one account of another manager is enough");
    assert!(wrong(&of("manager-0\u{1b}[2J"), &live).is_some());
    live.accounts.clear();
    assert_eq!(wrong(&of("manager-1"), &live).as_ref(), detect::manager(&live));
}

#[tokio::test]
async fn users_are_whole_when_the_report_has_as_many_as_the_list_counts() {
    let situations: &[(&str, &'static [&'static str], usize, Answer)] = &[
        (
            "the report lacks one",
            &["users: read 3 times, the groups report has 2 and the list of users counts 3"],
            3,
            |ask, all| match ask.list {
                List::Report => all.with_users(vec![0, 1]).answer(ask),
                _ => all.answer(ask),
            },
        ),
        (
            "the list counts one less",
            &["users: read 3 times, the groups report has 3 and the list of users counts 2"],
            3,
            |ask, all| match ask.list {
                List::UserCount => all.with_users(vec![0, 1]).answer(ask),
                _ => all.answer(ask),
            },
        ),
        (
            "the report has one twice",
            &["users: read 3 times, the groups report has a user twice"],
            3,
            |ask, all| match ask.list {
                List::Report => all.with_users(vec![0, 1, 1]).answer(ask),
                _ => all.answer(ask),
            },
        ),
        ("they agree when read again", &[], 2, |ask, all| match ask.list {
            List::Report if ask.read == 1 => all.with_users(vec![0, 1]).answer(ask),
            _ => all.answer(ask),
        }),
    ];
    for (situation, gaps, reads, answer) in situations {
        let read = &[(List::Report, *reads), (List::UserCount, *reads)];
        check(situation, false, Known { gaps, unknown: Nobody, read }, *answer).await;
    }
}

#[tokio::test]
async fn the_cancelled_are_those_whom_only_their_list_has() {
    const CUT: &[&str] =
        &["cancelled accounts: read 3 times, it counts 2 items on 1 page, and page 1 has 1"];
    const BETWEEN: &[&str] =
        &["cancelled accounts: their list has 1 of the 8 accounts that are not cancelled"];
    const LACKS: &[&str] =
        &["cancelled accounts: their list has 7 of the 8 accounts that are not cancelled"];
    type Situation =
        (&'static str, &'static [&'static str], &'static [u32], &'static [(List, usize)], Answer);
    let situations: &[Situation] = &[
        (
            "the filter is rejected for them",
            &[],
            &[8, 9],
            &[(CANCELLED, 1), (List::WithCancelled, 1)],
            |ask, all| match ask.list {
                CANCELLED => Reply::json(422, ""),
                _ => all.answer(ask),
            },
        ),
        ("the filter is ignored for them", &[], &[8, 9], &[(CANCELLED, 1)], |ask, all| {
            swap(ask, all, &[CANCELLED], List::WithCancelled)
        }),
        ("there are none", &[], &[], &[(CANCELLED, 1)], |ask, all| {
            bend(ask, all, CANCELLED, |page| {
                page.accounts.clear();
                (page.pages, page.total) = (1, 0);
            })
        }),
        ("their list is cut, by email the last time", CUT, &[9], &[(CANCELLED, 3)], |ask, all| {
            bend(ask, all, CANCELLED, |page| page.accounts.truncate(1))
        }),
        ("somebody was cancelled since", BETWEEN, &[8, 9], &[(CANCELLED, 1)], |ask, all| {
            bend(ask, all, CANCELLED, |page| {
                page.accounts.push(0);
                page.total += 1;
            })
        }),
        (
            "somebody is in the list of all and not in everything",
            LACKS,
            &[8, 9],
            &[(CANCELLED, 1)],
            |ask, all| {
                let mut everything = all.clone();
                everything.accounts.remove(5);
                swap(
                    ask,
                    if ask.list == CANCELLED { &everything } else { all },
                    &[CANCELLED],
                    List::WithCancelled,
                )
            },
        ),
    ];
    for (situation, gaps, cancelled, read, answer) in situations {
        let desired = manifest(&[&email(1), "missing@shop.example"], false);
        let detected = detect(Organization::eight(), &desired, *answer).await;
        let live = detected.result.unwrap();
        assert_eq!(live.gaps, *gaps, "{situation}");
        assert_eq!(numbers(&live.cancelled), *cancelled, "{situation}");
        for (list, reads) in *read {
            assert_eq!(detected.reads.get(list), Some(reads), "{situation}: {list:?}");
        }
    }
}

#[tokio::test]
async fn one_cancelled_and_one_created_between_two_pages_show_in_the_other_lists() {
    // The totals stay the same, and the fourth account slips from page 2 to page 1 unseen.
    let slip: Answer = |ask, all| {
        after(ask, all, 1, |all| {
            all.set(0, Status::Cancelled);
            all.create(Status::Enabled);
        })
    };
    let desired = manifest(&[&email(1), "missing@shop.example"], false);
    // It is disabled, and so the list of the disabled has it.
    let detected = detect(Organization::eight(), &desired, slip).await;
    let live = detected.result.unwrap();
    assert_eq!((numbers(&live.accounts), live.gaps), (vec![1, 2, 3, 4, 5, 6, 7, 10], Vec::new()));
    assert_eq!(detected.reads[&List::All], 2);

    // It is enabled: the list of the cancelled has one that the list of all has too.
    let mut enabled = Organization::eight();
    enabled.set(3, Status::Enabled);
    let live = detect(enabled, &desired, slip).await.result.unwrap();
    let gap = "cancelled accounts: their list has 1 of the 8 accounts that are not cancelled";
    assert_eq!(
        (numbers(&live.accounts), live.gaps),
        (vec![0, 1, 2, 4, 5, 6, 7, 10], vec![gap.to_owned()])
    );
}
