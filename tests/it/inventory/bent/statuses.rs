//! The lists of each status, bent.

use super::*;

fn refuse(ask: &Ask, all: &Organization, list: List, status: u16) -> Reply {
    if ask.list == list { Reply::json(status, "") } else { all.answer(ask) }
}
const ALL: List = List::All;

type Situation = (&'static str, Unknown, &'static [(List, usize)], Answer);

const FILTERS: &[Situation] = &[
    ("ignored", Everything, &[], |ask, all| {
        swap(ask, all, &[DISABLED, BLOCKED, ENABLED, COUNT], ALL)
    }),
    ("rejected with 400", Everything, &[], |ask, all| match ask.list {
        List::Of(_) | List::Count(_) => Reply::json(400, ""),
        _ => all.answer(ask),
    }),
    ("rejected with 422", Everything, &[], |ask, all| match ask.list {
        List::Of(_) | List::Count(_) => Reply::json(422, ""),
        _ => all.answer(ask),
    }),
    ("rejected for the disabled", Everything, &[], |ask, all| refuse(ask, all, DISABLED, 422)),
    ("rejected for the blocked", Everything, &[], |ask, all| refuse(ask, all, BLOCKED, 400)),
    ("rejected for the count", Everything, &[], |ask, all| refuse(ask, all, COUNT, 422)),
    ("a wrong count, and rejected for the enabled", Everything, &[(ENABLED, 1)], |ask, all| {
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
    ("ignored for two", Everything, &[(ENABLED, 1)], |ask, all| {
        swap(ask, all, &[DISABLED, ENABLED, COUNT], ALL)
    }),
    ("the blocked are the disabled", Everything, &[], |ask, all| {
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
    ("one too many counted", Nothing, &[(ENABLED, 1)], |ask, all| {
        bend(ask, all, COUNT, |page| page.total += 1)
    }),
    ("one too few counted", Nothing, &[(ENABLED, 1)], |ask, all| {
        bend(ask, all, COUNT, |page| page.total -= 1)
    }),
    ("the list of the disabled is empty", These(&[3]), &[(ENABLED, 1)], |ask, all| {
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
        Everything,
        &[(BLOCKED, 3), (ENABLED, 1)],
        |ask, all| {
            bend(ask, all, BLOCKED, |page| {
                page.accounts.clear();
                page.total = 1;
            })
        },
    ),
];

#[tokio::test]
async fn a_status_is_right_or_unknown_whatever_becomes_of_the_filter() {
    for (situation, unknown, read, answer) in FILTERS {
        check(situation, false, Known { gaps: &[], unknown: *unknown, read }, *answer).await;
    }
}
