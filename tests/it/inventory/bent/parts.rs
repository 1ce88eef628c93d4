//! Users and cancelled accounts, bent.

use super::*;

const REPORTS: &[(&str, &[&str], usize, Answer)] = &[
    (
        "the report lacks one",
        &["users: read 3 times, the groups report and the list of users have different users"],
        3,
        |ask, all| match ask.list {
            List::Report => all.with_users(vec![0, 1]).answer(ask),
            _ => all.answer(ask),
        },
    ),
    (
        "the list lacks one",
        &["users: read 3 times, the groups report and the list of users have different users"],
        3,
        |ask, all| match ask.list {
            List::Users => all.with_users(vec![0, 1]).answer(ask),
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

#[tokio::test]
async fn users_are_whole_when_the_report_and_the_list_have_the_same() {
    for (situation, gaps, reads, answer) in REPORTS {
        let read = vec![(List::Report, *reads), (List::Users, *reads)];
        check(situation, false, Known { gaps, unknown: Nothing, read: &read }, *answer).await;
    }
}

const CUT: &[&str] =
    &["cancelled accounts: read 3 times, it counts 2 items on 1 page, and page 1 has 1"];
const BETWEEN: &[&str] =
    &["cancelled accounts: their list has 1 of the 8 accounts that are not cancelled"];
const LACKS: &[&str] =
    &["cancelled accounts: their list has 7 of the 8 accounts that are not cancelled"];
type Situation =
    (&'static str, &'static [&'static str], &'static [u32], &'static [(List, usize)], Answer);

const CANCELLATIONS: &[Situation] = &[
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
    ("an account was cancelled since", BETWEEN, &[8, 9], &[(CANCELLED, 1)], |ask, all| {
        bend(ask, all, CANCELLED, |page| {
            page.accounts.push(0);
            page.total += 1;
        })
    }),
    (
        "an account is in the list of all but not in everything",
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

#[tokio::test]
async fn the_cancelled_are_those_whom_only_their_list_has() {
    for (situation, gaps, cancelled, read, answer) in CANCELLATIONS {
        let desired = manifest(&[&email(1), "missing@shop.example"], false);
        let detected = detect(Organization::eight(), &desired, *answer).await;
        let live = detected.result.unwrap();
        assert_eq!(reasons(&live), *gaps, "{situation}");
        assert_eq!(numbers(&live.cancelled), *cancelled, "{situation}");
        for (list, reads) in *read {
            assert_eq!(detected.reads.get(list), Some(reads), "{situation}: {list:?}");
        }
    }
}
