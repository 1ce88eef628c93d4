//! Accounts that one list has and another does not.

use super::*;

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
        // A disabled or a blocked one may be a cancelled one, if their lists contain those.
        let mut read = TWICE.to_vec();
        if *situation != "an enabled one" {
            read.push((CANCELLED, 2));
        }
        check(situation, true, Known { gaps, unknown: Nothing, read: &read }, *answer).await;
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
    let empty = || Organization::new([]);
    let desired = manifest(&["missing@shop.example"], true);
    let detected = detect(empty(), &desired, |ask, all| all.answer(ask)).await;
    let live = detected.result.unwrap();
    assert_eq!((live.gaps, live.manager, live.accounts), (Vec::new(), None, Vec::new()));
    assert_eq!(detected.requests, 7, "{:?}", detected.reads);

    let one = Organization::new([Status::Disabled]);
    let detected = detect(one, &desired, |ask, all| match ask.list {
        List::All => empty_page(ask).reply(),
        _ => all.answer(ask),
    })
    .await;
    let gap = "accounts: the list of disabled accounts has 1 that the list of all lacks";
    assert_eq!(reasons(&detected.result.unwrap()), [gap]);
}

fn empty_page(ask: &Ask) -> Page {
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
    assert_eq!(reasons(&live), [gap]);
    assert_eq!(live.manager.as_ref().unwrap().as_str(), "manager-0\u{1b}[2J");

    let of = |id: &str| Desired { manager: Some(AccountId::new(id)), ..desired.clone() };
    let wrong = |desired: &Desired, live: &Live| detect::wrong_manager(desired, live).cloned();
    assert!(wrong(&of("manager-1"), &live).is_some(), "one account of another manager is enough");
    assert!(wrong(&of("manager-0\u{1b}[2J"), &live).is_some());
    live.accounts.clear();
    assert_eq!(wrong(&of("manager-1"), &live).as_ref(), detect::manager(&live));
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
        (numbers(&live.accounts), reasons(&live)),
        (vec![0, 1, 2, 4, 5, 6, 7, 10], vec![gap.to_owned()])
    );
}
