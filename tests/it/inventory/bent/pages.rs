//! The list of all accounts, bent.

use super::*;

const CONTRADICTIONS: &[(&str, &[&str], Answer)] = &[
    (
        "an account is created in front between two pages",
        &["accounts: read 3 times, it counts 10 items on page 1 and 11 items on page 2"],
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
                    page.accounts.clear();
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
                    page.accounts.truncate(2);
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
                    page.accounts.clear();
                }
            })
        },
    ),
    (
        "another total on the last page",
        &["accounts: read 3 times, it counts 8 items on page 1 and 7 items on page 3"],
        |ask, all| {
            bend(ask, all, List::All, |page| {
                if page.number == 3 {
                    page.total = 7;
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
                    page.pages = 4;
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
    ("always page 1", &["accounts: read 3 times, page 2 has the page number 1"], |ask, all| {
        match ask.list {
            List::All => all.answer(&Ask { page: 1, ..*ask }),
            _ => all.answer(ask),
        }
    }),
    (
        "an account on two pages",
        &["accounts: read 3 times, 1 of its items came twice"],
        |ask, all| {
            bend(ask, all, List::All, |page| {
                if page.number == 2 {
                    page.accounts[1] = 0;
                }
            })
        },
    ),
];

#[tokio::test]
async fn a_list_that_goes_on_contradicting_itself_makes_the_inventory_incomplete_and_says_how() {
    for (situation, gaps, answer) in CONTRADICTIONS {
        let known = Known { gaps, unknown: Nothing, read: &[(List::All, 3), (ENABLED, 1)] };
        let detected = check(situation, true, known, *answer).await;
        assert!(
            !detected.reads.contains_key(&CANCELLED),
            "{situation}: the missing accounts are unknown"
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
                    page.accounts.clear();
                }
            })
        }),
    ];
    for (situation, reads, answer) in situations {
        let desired = manifest(&[&email(1)], false);
        let detected = detect(Organization::eight(), &desired, *answer).await;
        let live = detected.result.unwrap();
        assert_eq!(live.gaps, Vec::new(), "{situation}");
        assert_eq!(detected.reads[&List::All], *reads, "{situation}");
        let last: Vec<u32> = detected.moments.last().unwrap().keys().copied().collect();
        assert_eq!(numbers(&live.accounts), last, "{situation}");
        assert!(live.accounts.iter().all(|account| account.status.is_some()), "{situation}");
    }
}
