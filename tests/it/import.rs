//! `import`: the live side as a manifest that plans to in sync.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use trunkline::manifest;
use trunkline::model::*;
use trunkline::plan::{Level, plan};
use trunkline::report::Import;
use trunkline::sandbox::Seed;

use crate::support::manifests::{emails, texts};
use crate::support::proxy::Fault;
use crate::support::site::{Site, text};

/// The id of an account.
fn id(number: usize) -> AccountId {
    AccountId::new(format!("00000000-0000-4000-8000-00000000000{number}"))
}

/// Ordinary names, and names that Telnyx may have but a manifest does not accept.
fn names() -> impl Strategy<Value = String> {
    let hostile = ["", " ", "a\nb: c", "x\u{1b}[2J", "\u{202e}evil", "a\u{85}- b", "\u{0}"];
    let long = "x".repeat(300);
    prop_oneof![
        8 => texts(),
        1 => select(hostile.map(str::to_owned).to_vec()),
        1 => Just(long),
    ]
}

fn any_email() -> impl Strategy<Value = Email> {
    let refused = ["no address", "a@b", "a b@c.example", "x@y.example\n- email: z@z.example", ""];
    prop_oneof![9 => emails(), 1 => select(refused.to_vec()).prop_map(Email::new)]
}

fn live_accounts() -> impl Strategy<Value = Vec<(LiveAccount, u64)>> {
    let status = of(select(&[Status::Enabled, Status::Disabled, Status::Blocked][..]));
    let flags = (of(any::<bool>()), of(any::<bool>()));
    vec((any_email(), of(names()), status, flags, 0_u64..20), 0..8).prop_map(|accounts| {
        let one = |(place, (email, name, status, flags, limit))| {
            let (custom_pricing, rollup_billing) = flags;
            let account = LiveAccount {
                id: id(place),
                email,
                name,
                manager: Some(AccountId::new("manager-1")),
                api_user: None,
                custom_pricing,
                rollup_billing,
                status,
            };
            (account, limit)
        };
        accounts.into_iter().enumerate().map(one).collect()
    })
}

fn live_users() -> impl Strategy<Value = Vec<LiveUser>> {
    let role = prop_oneof![
        4 => Just(Role::SubUser),
        1 => Just(Role::Owner),
        1 => names().prop_map(Role::Other),
    ];
    let status = prop_oneof![
        4 => Just(Some(UserStatus::Enabled)),
        1 => Just(Some(UserStatus::Disabled)),
        1 => Just(Some(UserStatus::Blocked)),
        1 => names().prop_map(|status| Some(UserStatus::Other(status))),
        1 => Just(None),
    ];
    vec((any_email(), role, status, of(vec(names(), 0..3))), 0..6).prop_map(|users| {
        let one = |(place, (email, role, status, groups))| LiveUser {
            status,
            groups,
            ..LiveUser::new(UserId::new(format!("user-{place}")), email, role)
        };
        users.into_iter().enumerate().map(one).collect()
    })
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn organization() -> impl Strategy<Value = (Live, State)> {
    let memory = select(&[0, 1, 2, 3][..]);
    (live_accounts(), live_users(), memory, 0_u64..9).prop_map(
        |(accounts, users, memory, extra)| {
            let allocated: u64 = accounts.iter().map(|(_, limit)| limit).sum::<u64>();
            let known = match memory {
                0 => 0,
                1 => accounts.len() / 2,
                _ => accounts.len(),
            };
            let limits: BTreeMap<AccountId, u64> =
                accounts.iter().take(known).map(|(one, limit)| (one.id.clone(), *limit)).collect();
            let acknowledged: u64 = limits.values().sum();
            let unrecorded = accounts.iter().skip(known).map(|(one, _)| one.id.clone()).collect();
            // A limit was changed elsewhere.
            let old = i64::from(memory == 3);
            let channels = i64::try_from(allocated - acknowledged).unwrap() - old;
            let state = State {
                limits,
                remainder: (known > 0).then_some(Remainder { channels, unrecorded }),
                ..State::default()
            };
            let live = Live {
                manager: Some(AccountId::new("manager-1")),
                accounts: accounts.into_iter().map(|(one, _)| one).collect(),
                users: Some(users),
                // Sometimes more is allocated than available.
                channels: Some(ChannelPool {
                    allocatable: (allocated + 4).saturating_sub(extra),
                    allocated,
                }),
                ..Live::default()
            };
            (live, state)
        },
    )
}

fn import(live: &Live, state: &State) -> Import {
    let (today, until) = (day("2026-03-01"), day("2027-12-31"));
    Import::new("acme", live, &BTreeMap::new(), until).complete(live, state, today)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn any_organization_reads_back_and_plans_to_in_sync((live, state) in organization()) {
        let imported = import(&live, &state);
        let yaml = imported.yaml();
        let read = manifest::parse(Path::new("m.yaml"), &yaml);
        prop_assert_eq!(read.as_ref(), Ok(&imported.desired), "{}", yaml);
        let plan = plan(&imported.desired, &imported.seen(&live), &state, day("2026-03-01"));
        prop_assert_eq!(&plan.actions, &Vec::new(), "{}", yaml);
        // The others have an email that a manifest does not accept.
        let left = plan.findings.iter().filter(|finding| finding.level() == Level::Drift);
        for finding in left {
            let email = finding.email().map(Email::as_str).unwrap_or_default();
            prop_assert!(!manifest::takes_email(email), "{:?}\n{}", finding, yaml);
            let unlisted = [Code::AccountUnlisted, Code::UserUnlisted, Code::OwnerUnlisted];
            prop_assert!(unlisted.contains(&finding.code()));
            prop_assert!(yaml.contains("# Not listed:"));
        }
        // Every user is listed or mentioned.
        for account in &live.accounts {
            prop_assert!(yaml.contains(account.id.as_str()), "{}", yaml);
        }
        prop_assert!(!yaml.chars().any(|c| is_harmful(c) && c != '\n'), "{:?}", yaml);
    }

    #[test]
    fn the_order_of_the_read_does_not_matter((live, state) in organization()) {
        let mut other = live.clone();
        other.accounts.reverse();
        other.users.iter_mut().for_each(|users| users.reverse());
        prop_assert_eq!(import(&live, &state).yaml(), import(&other, &state).yaml());
    }
}

/// An organization with every oddity.
fn odd() -> (Live, State) {
    let account = |id: AccountId, email: &str, name: Option<&str>, status| LiveAccount {
        id,
        email: Email::new(email),
        name: name.map(str::to_owned),
        manager: Some(AccountId::new("6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10")),
        api_user: None,
        custom_pricing: Some(true),
        rollup_billing: Some(false),
        status,
    };
    let user = |email: &str, role, status, groups: &[&str]| LiveUser {
        status: Some(status),
        groups: Some(groups.iter().map(|name| (*name).to_owned()).collect()),
        ..LiveUser::new(UserId::new(format!("id-{email}")), Email::new(email), role)
    };
    let live = Live {
        manager: Some(AccountId::new("6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10")),
        accounts: vec![
            account(id(1), "Cat@shop.example", Some("Cat: \"the\" # shop"), Some(Status::Enabled)),
            account(id(2), "dog@shop.example", Some("true"), Some(Status::Disabled)),
            account(id(3), "held@shop.example", Some("Held"), Some(Status::Blocked)),
            account(id(4), "fog@shop.example", Some("Fog"), None),
            account(id(5), "mute@shop.example", None, Some(Status::Enabled)),
            account(
                id(6),
                "evil@shop.example",
                Some("Ev\u{1b}[2J\nil: - x"),
                Some(Status::Enabled),
            ),
            account(id(7), "twin@shop.example", Some("Twin"), Some(Status::Enabled)),
            account(id(8), "Twin@shop.example", Some("Twin"), Some(Status::Enabled)),
            account(id(9), "no\naddress: true", Some("Odd"), Some(Status::Enabled)),
        ],
        users: Some(vec![
            user("root@acme.example", Role::Owner, UserStatus::Enabled, &["Admins", "a, b]"]),
            user("ops@acme.example", Role::SubUser, UserStatus::Enabled, &[]),
            user("asleep@acme.example", Role::SubUser, UserStatus::Disabled, &["Sales"]),
            user(
                "robot@acme.example",
                Role::Other("robot\n".to_owned()),
                UserStatus::Blocked,
                &["\u{7}"],
            ),
        ]),
        channels: Some(ChannelPool { allocatable: 100, allocated: 40 }),
        ..Live::default()
    };
    let others = live.accounts.iter().map(|one| one.id.clone());
    let unrecorded = others.filter(|other| *other != id(1)).collect();
    let state = State {
        limits: [(id(1), 30)].into(),
        remainder: Some(Remainder { channels: 10, unrecorded }),
        ..State::default()
    };
    (live, state)
}

#[test]
fn an_organization_with_every_oddity() {
    let (live, state) = odd();
    insta::assert_snapshot!(import(&live, &state).yaml());
}

/// A sandbox organization derived from a number: statuses, owners, groups, cases, names.
fn seed(number: usize) -> Seed {
    let names =
        ["Larry's Cat Food", "yes", "a: b # c", "Zoë \"Z\" & Co", "- x", "tab\there", "日本"];
    let statuses = ["enabled", "disabled", "blocked", "cancelled"];
    let users = ["enabled", "enabled", "disabled", "blocked"];
    let (locals, people, groups) =
        (["a", "B", "x.y+z"], ["ops", "Root", "x_y"], ["Sales", "a, b]", "# c"]);
    let account = |n: usize| {
        let turn = n + number;
        let status = statuses[(turn * 7 + number) % 4];
        let limit = if status == "cancelled" { 0 } else { turn % 5 };
        json!({
            "email": format!("{}{n}@Shop{}.example", locals[turn % 3], number % 2),
            "organization_name": names[(turn * 3) % names.len()],
            "status": status,
            "channel_limit": limit,
            "managed_account_allow_custom_pricing": turn.is_multiple_of(2),
            "rollup_billing": turn.is_multiple_of(3),
        })
    };
    let user = |n: usize| {
        let role = if n.is_multiple_of(4) { "organization_owner" } else { "organization_sub_user" };
        let (status, groups) = (users[(n + number) % 4], &groups[..n % 4]);
        json!({
            "email": format!("{}{n}@acme.example", people[n % 3]),
            "record_type": role,
            "user_status": status,
            "groups": groups,
        })
    };
    let seed = json!({
        "accounts": (0..number * 5).map(account).collect::<Vec<Value>>(),
        "users": (0..number * 2).map(user).collect::<Vec<Value>>(),
    });
    Seed::parse(&seed.to_string()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_sandbox_imports_to_in_sync() {
    for number in 0..6 {
        let site = Site::seeded(seed(number), Duration::ZERO, |_, _, _| Fault::None).await;
        let line = ["import", "--organization", "acme", "--out", "new/acme.yaml"];
        site.ends(&line, 0).await;
        let shown = site.ends(&["plan", "new/acme.yaml", "--detailed-exitcode"], 0).await;
        assert!(shown.contains("In sync: "), "{number}: {shown}");
        let printed = site.ends(&["import", "--organization", "acme"], 0).await;
        assert_eq!(
            printed,
            std::fs::read_to_string(site.folder.path().join("new/acme.yaml")).unwrap()
        );
        // A second import does not overwrite edits.
        site.ends(&line, 1).await;
        assert_eq!(site.proxy.changes(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_contains_the_limits_that_an_apply_has_set() {
    let site = Site::open().await;
    let path = site.manifest(&[]);
    site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
    let imported = site.ends(&["import", "--organization", "acme"], 0).await;
    assert!(imported.contains("acknowledged; the pool agrees"), "{imported}");
    let read = manifest::parse(Path::new("m.yaml"), &imported).unwrap();
    let limit = |email: &str| read.accounts[&Email::new(email)].channel_limit;
    assert_eq!(limit("larry@catfood.example"), Some(30));
    assert_eq!(limit("ops@quickcourier.example"), Some(12));
    std::fs::write(&path, imported).unwrap();
    site.ends(&["plan", text(&path), "--detailed-exitcode"], 0).await;
}

#[test]
fn an_import_of_addresses_that_end_in_white_space_is_formatted() {
    let user = |(place, email): (usize, &str)| LiveUser {
        status: Some(UserStatus::Enabled),
        groups: Some(Vec::new()),
        ..LiveUser::new(UserId::new(format!("user-{place}")), Email::new(email), Role::SubUser)
    };
    let account = |(place, email): (usize, &str)| LiveAccount {
        id: id(place),
        email: Email::new(email),
        name: Some("A".to_owned()),
        manager: None,
        api_user: None,
        custom_pricing: Some(true),
        rollup_billing: Some(true),
        status: Some(Status::Enabled),
    };
    let emails = ["a@shop.example ", "b@shop.example\u{a0}", "c@shop.example\t", "d@shop.example"];
    let live = Live {
        accounts: emails.into_iter().enumerate().map(account).collect(),
        users: Some(emails.into_iter().enumerate().map(user).collect()),
        ..Live::default()
    };
    let yaml = import(&live, &State::default()).yaml();
    for line in yaml.lines() {
        assert_eq!(line, line.trim_end(), "{yaml}");
    }
    assert!(yaml.contains("\"a@shop.example \"\n"), "{yaml}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.yaml"), &yaml).unwrap();
    let mut command = assert_cmd::Command::cargo_bin("trunkline").unwrap();
    command.args(["fmt", "--check", "m.yaml"]).current_dir(folder.path()).assert().code(0);
}
