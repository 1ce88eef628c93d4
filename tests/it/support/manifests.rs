//! Manifests of every kind, as what they mean: odd names, odd emails, everything that can be said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::collection::{btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use trunkline::model::*;

/// A pattern of ids, in the spelling of Telnyx.
const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}";

/// Texts that a manifest takes, and that YAML or a terminal would rather take for something else.
pub(crate) fn texts() -> BoxedStrategy<String> {
    const ODD: &[&str] = &[
        "Larry's Cat Food",
        "true",
        "No",
        "~",
        "null",
        "010",
        "1e3",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "{a}",
        "[a, b]",
        "\"a\"",
        "'a'",
        "a\\b\\n",
        "|",
        ">",
        "? a",
        ":",
        ",",
        "2027-01-31",
        "=",
        "<<",
        "日本語",
        "Zoë 🙂",
        " a ",
        "---",
        "...",
        ".inf",
        "0x1f",
        "12:30:45",
        "a\u{fffe}b",
        "\u{e000}",
        "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10",
    ];
    let plain = |text: &String| !text.trim().is_empty() && !text.chars().any(is_harmful);
    prop_oneof![
        2 => select(ODD).prop_map(str::to_owned),
        1 => "[ -~]{1,12}".prop_filter("of something", plain),
        1 => "\\PC{1,8}".prop_filter("of something", plain),
    ]
    .boxed()
}

pub(crate) fn emails() -> BoxedStrategy<Email> {
    let local = "(\\.?[a-cA-C0-9+_#'-]){1,3}".prop_map(|text| format!("x{text}"));
    let domain = select(&["shop.example", "SHOP.example", "acme.example"][..]);
    (local, domain).prop_map(|(local, domain)| Email::new(format!("{local}@{domain}"))).boxed()
}

fn days() -> impl Strategy<Value = Day> {
    (2020_u16..2040, 1_u8..=12, 1_u8..=28).prop_map(|(y, m, d)| Day::new(y, m, d).unwrap())
}

fn budgets() -> impl Strategy<Value = Budget> {
    prop_oneof![(0_u64..9).prop_map(Budget::Count), (0_u8..=100).prop_map(Budget::Percent)]
}

fn policies() -> impl Strategy<Value = Policy> {
    use UnlistedAccounts as A;
    use UnlistedUsers as U;
    let unlisted =
        (select(&[A::Ignore, A::Report][..]), select(&[U::Ignore, U::Report, U::Remove][..]));
    let all = (budgets(), budgets(), budgets(), budgets(), budgets(), 0_u64..200);
    (unlisted, all, btree_set(emails(), 0..3), access()).prop_map(
        |(unlisted, all, protected, access)| {
            let (removals, disables, enables, channel_cut, pricing_withdrawals, creates) = all;
            Policy {
                unlisted_accounts: unlisted.0,
                unlisted_users: unlisted.1,
                budgets: Budgets {
                    removals,
                    disables,
                    enables,
                    channel_cut,
                    pricing_withdrawals,
                    creates,
                },
                protected,
                access,
            }
        },
    )
}

/// Rules for access that check users.
fn access() -> impl Strategy<Value = AccessPolicy> {
    let stale = of((1_u32..10_000, any::<bool>()));
    let lists = (of(btree_set(emails(), 0..3)), btree_set(texts(), 0..3));
    (stale, lists).prop_map(|(stale, (sso_bypass, privileged_groups))| AccessPolicy {
        stale_after: stale.map(|(days, _)| days),
        stale_users: match stale {
            Some((_, true)) => StaleUsers::Remove,
            Some((_, false)) | None => StaleUsers::Report,
        },
        sso_bypass,
        privileged_groups,
    })
}

fn amounts() -> impl Strategy<Value = Amount> {
    "(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?".prop_map(|amount| amount.parse().unwrap())
}

fn accounts() -> impl Strategy<Value = BTreeMap<Email, WantedAccount>> {
    let source = prop_oneof![
        "[A-Z0-9_]{1,5}".prop_map(|end| PasswordSource::Env(format!("TRUNKLINE_SECRET_{end}"))),
        texts().prop_map(|text| PasswordSource::File(PathBuf::from(text))),
    ];
    let flags = (of(any::<bool>()), of(any::<bool>()), of(any::<bool>()), any::<bool>());
    let one = (emails(), texts(), of(UUID), (of(0_u64..50), of(amounts())), flags, of(source));
    vec(one, 0..6).prop_map(|entries| {
        let mut ids = BTreeSet::new();
        let entry = |(email, name, id, (channel_limit, min_balance), flags, password_from)| {
            let (email, id): (Email, Option<String>) = (email, id);
            let min_balance: Option<Amount> = min_balance;
            let (enabled, custom_pricing, rollup_billing, reenable_connections) = flags;
            let account = WantedAccount {
                name,
                email: email.clone(),
                id: id.filter(|id| ids.insert(id.clone())).map(AccountId::new),
                enabled,
                channel_limit,
                custom_pricing,
                rollup_billing,
                // An account with rollup billing has no balance.
                min_balance: min_balance.filter(|_| rollup_billing != Some(true)),
                reenable_connections,
                password_from,
            };
            (email, account)
        };
        entries.into_iter().map(entry).collect()
    })
}

fn users() -> impl Strategy<Value = Option<BTreeMap<Email, WantedUser>>> {
    let present = (of(btree_set(texts(), 0..3)), of(days()))
        .prop_map(|(groups, until)| Presence::Present { groups, until });
    let presence = prop_oneof![4 => present, 1 => Just(Presence::Absent)];
    of(vec((emails(), presence, any::<bool>()), 1..5).prop_map(|users| {
        let one = |(email, presence, keep): (Email, _, _)| {
            let keep = keep && presence != Presence::Absent;
            (email.clone(), WantedUser { keep, ..WantedUser::new(email, presence) })
        };
        users.into_iter().map(one).collect()
    }))
}

fn accepted() -> impl Strategy<Value = Vec<Accepted>> {
    let code = select(Code::ALL.into_iter().filter(|code| code.is_drift()).collect::<Vec<_>>());
    let one = (code, emails(), days(), of(texts()));
    vec(one, 0..3).prop_map(|entries| {
        let mut seen = BTreeSet::new();
        let entries = entries.into_iter().map(|(code, email, until, reason)| Accepted {
            code,
            email: Some(email),
            until,
            reason,
        });
        entries.filter(|one| seen.insert((one.code, one.email.clone()))).collect()
    })
}

/// The meaning of a manifest.
pub(crate) fn manifests() -> impl Strategy<Value = Desired> {
    let manager = of(UUID.prop_map(AccountId::new));
    ("[a-zA-Z0-9_-]{1,8}", manager, policies(), accepted(), accounts(), users()).prop_map(
        |(organization, manager, policy, accept, accounts, users)| {
            let access = if users.is_some() { policy.access } else { AccessPolicy::default() };
            let policy = Policy { access, ..policy };
            Desired { organization, manager, policy, accept, accounts, users }
        },
    )
}
