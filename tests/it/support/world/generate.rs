//! Worlds of every kind, for property tests.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use trunkline::model::*;

use super::{Customer, Memory, PRESENT, World, day, uuid};

const LOCALS: [&str; 8] =
    ["martin", "Marten", "martinique", "zoe", "z0e", "b0b", "bob", "customer.support"];
const DOMAINS: [&str; 4] = ["shop.example", "SHOP.example", "sh0p.example", "elsewhere.example"];
const NAMES: [&str; 4] = ["North", "South", "East", "  north "];

fn emails() -> impl Strategy<Value = Email> {
    (select(&LOCALS[..]), select(&DOMAINS[..]))
        .prop_map(|(local, domain)| Email::new(format!("{local}@{domain}")))
}

fn statuses() -> impl Strategy<Value = Status> {
    select(&[Status::Enabled, Status::Enabled, Status::Disabled, Status::Blocked][..])
}

type Spec = (Email, &'static str, (Status, bool, bool), (Option<bool>, Option<bool>), u64);

fn customers() -> impl Strategy<Value = Vec<Customer>> {
    let one = (
        emails(),
        select(&NAMES[..]),
        (statuses(), prop::bool::weighted(0.9), prop::bool::weighted(0.1)),
        (of(any::<bool>()), of(any::<bool>())),
        0_u64..30,
    );
    vec(one, 0..7).prop_map(|customers| {
        let customer = |(place, spec)| {
            let (place, spec): (usize, Spec) = (place, spec);
            let (email, name, (status, told, cancelled), (pricing, rollup), limit) = spec;
            Customer {
                account: LiveAccount {
                    id: AccountId::new(uuid(place)),
                    email,
                    name: Some(name.to_owned()),
                    manager: Some(AccountId::new(uuid(999))),
                    api_user: None,
                    custom_pricing: pricing,
                    rollup_billing: rollup,
                    status: told.then_some(status),
                },
                cancelled,
                limit,
            }
        };
        customers.into_iter().enumerate().map(customer).collect()
    })
}

type PersonSpec = (Email, i32, u8, (Option<&'static str>, LastSignIn, Option<bool>));

fn people() -> impl Strategy<Value = Vec<LiveUser>> {
    let roles = select(&[0, 0, 0, 1, 2][..]);
    let signed_in = [
        LastSignIn::Unknown,
        LastSignIn::Never,
        LastSignIn::On(day("2025-10-01")),
        LastSignIn::On(day("2026-02-20")),
    ];
    let created = of(select(&["2025-01-01", "2026-02-10"][..]));
    let access = (created, select(signed_in.to_vec()), of(any::<bool>()));
    vec((emails(), roles, 0..4_u8, access), 0..7).prop_map(|people| {
        let person = |(place, spec): (usize, PersonSpec)| {
            let (email, role, status, (created, last_sign_in, bypasses_sso)) = spec;
            let role = match role {
                0 => Role::SubUser,
                1 => Role::Owner,
                _ => Role::Other("organization_robot".to_owned()),
            };
            LiveUser {
                created: created.map(day),
                last_sign_in,
                bypasses_sso,
                status: match status {
                    0 => Some(UserStatus::Disabled),
                    1 => Some(UserStatus::Blocked),
                    _ => Some(UserStatus::Enabled),
                },
                groups: Some(vec!["Support".to_owned()]),
                ..LiveUser::new(UserId::new(uuid(place + 500)), email, role)
            }
        };
        people.into_iter().enumerate().map(person).collect()
    })
}

fn wanted_accounts() -> impl Strategy<Value = BTreeMap<Email, WantedAccount>> {
    let one = (
        emails(),
        select(&NAMES[..]),
        of(any::<bool>()),
        (of(0_u64..30), of(0_u64..40)),
        (of(any::<bool>()), of(any::<bool>())),
        prop::option::weighted(0.2, 0_u8..7),
    );
    vec(one, 0..7).prop_map(|entries| {
        let mut ids = BTreeSet::new();
        let entry =
            |(email, name, enabled, (channel_limit, min_balance), (pricing, rollup), id)| {
                let (email, name, id): (Email, &str, Option<u8>) = (email, name, id);
                let min_balance: Option<u64> = min_balance;
                let account = WantedAccount {
                    name: name.to_owned(),
                    email: email.clone(),
                    // A manifest has each id once.
                    id: id.filter(|id| ids.insert(*id)).map(|id| AccountId::new(uuid(id.into()))),
                    enabled,
                    channel_limit,
                    custom_pricing: pricing,
                    rollup_billing: rollup,
                    // An account with rollup billing has no balance.
                    min_balance: min_balance.filter(|_| rollup != Some(true)).map(Amount::from),
                    reenable_connections: false,
                    password_from: None,
                };
                (email, account)
            };
        entries.into_iter().map(entry).collect()
    })
}

fn wanted_users() -> impl Strategy<Value = Option<BTreeMap<Email, WantedUser>>> {
    let presence = prop_oneof![
        4 => Just(PRESENT),
        1 => Just(Presence::Absent),
        1 => Just(Presence::Present { groups: None, until: Some(day("2026-02-28")) }),
        1 => Just(Presence::Present {
            groups: Some(["Finance".to_owned()].into()),
            until: Some(day("2026-03-01")),
        }),
    ];
    let users = vec((emails(), presence, prop::bool::weighted(0.2)), 1..7).prop_map(|users| {
        users
            .into_iter()
            .map(|(email, presence, keep)| {
                let keep = keep && presence != Presence::Absent;
                (email.clone(), WantedUser { keep, ..WantedUser::new(email, presence) })
            })
            .collect()
    });
    prop::option::weighted(0.9, users)
}

fn policies() -> impl Strategy<Value = Policy> {
    use UnlistedAccounts as A;
    use UnlistedUsers as U;
    let accounts = select(&[A::Ignore, A::Report, A::Disable, A::Disable][..]);
    let users = select(&[U::Ignore, U::Report, U::Remove, U::Remove][..]);
    (accounts, users, vec(emails(), 0..3), access()).prop_map(
        |(unlisted_accounts, unlisted_users, protected, access)| Policy {
            unlisted_accounts,
            unlisted_users,
            budgets: Budgets::default(),
            protected: protected.into_iter().collect(),
            access,
        },
    )
}

fn access() -> impl Strategy<Value = AccessPolicy> {
    let lists = (of(vec(emails(), 0..3)), any::<bool>());
    (of(select(&[30_u32, 200][..])), any::<bool>(), lists).prop_map(
        |(stale_after, remove, (sso_bypass, privileged))| AccessPolicy {
            stale_after,
            stale_users: if remove && stale_after.is_some() {
                StaleUsers::Remove
            } else {
                StaleUsers::Report
            },
            sso_bypass: sso_bypass.map(|emails| emails.into_iter().collect()),
            privileged_groups: privileged.then(|| "Support".to_owned()).into_iter().collect(),
        },
    )
}

/// Worlds of every kind; `gaps` says how often an inventory is incomplete.
pub(crate) fn worlds(gaps: f64) -> impl Strategy<Value = World> {
    let memory = select(&[Memory::None, Memory::Whole, Memory::Part, Memory::Old][..]);
    let create = (any::<prop::sample::Index>(), 0..3_u8);
    let pool = (0_u64..120, 0_u64..4);
    let wanted = (policies(), wanted_accounts(), wanted_users());
    (wanted, customers(), people(), pool, memory, of(create), prop::bool::weighted(gaps)).prop_map(
        |(
            (policy, accounts, users),
            customers,
            people,
            (spare, allotment),
            memory,
            create,
            gap,
        )| {
            // A manifest that would disable every account is refused.
            let policy = match policy.unlisted_accounts {
                UnlistedAccounts::Disable if accounts.is_empty() => {
                    Policy { unlisted_accounts: UnlistedAccounts::Report, ..policy }
                }
                _ => policy,
            };
            // So is one that checks users and lists none.
            let access = if users.is_some() { policy.access } else { AccessPolicy::default() };
            let policy = Policy { access, ..policy };
            let want = Desired {
                organization: "world".to_owned(),
                manager: None,
                policy,
                accept: Vec::new(),
                accounts,
                users,
            };
            let mut world = World {
                want,
                accounts: customers,
                users: people,
                allocatable: 0,
                allotment,
                state: State::default(),
                gaps: if gap {
                    vec![
                        Gap::new(Half::Accounts, "accounts: a page was empty"),
                        Gap::new(Half::Users, "users: a page was empty"),
                    ]
                } else {
                    Vec::new()
                },
                owner: None,
            };
            world.allocatable = world.allocated() + spare;
            world.remember(memory);
            if let Some((place, state)) = create.filter(|_| !world.want.accounts.is_empty()) {
                let email = place.get(&world.want.accounts.keys().collect::<Vec<_>>()).to_owned();
                let state = match state {
                    0 => Create::Intended,
                    1 => Create::Sending,
                    _ => Create::Acknowledged(AccountId::new(uuid(900))),
                };
                world.state.creates.insert(email.clone(), state);
            }
            world
        },
    )
}

/// Codes that an `accept` may name, and that these worlds can produce.
const CODES: [Code; 11] = [
    Code::NegativeBalance,
    Code::UserStale,
    Code::PrivilegedGroup,
    Code::PossibleRename,
    Code::UserMissing,
    Code::UserUnlisted,
    Code::AccountUnlisted,
    Code::AccountCancelled,
    Code::ImmutableName,
    Code::StatusUnknown,
    Code::Protected,
];

/// Worlds with everything that [`worlds`] has, and: accepted findings, owners, incomplete halves, emails that
/// the state records, users that were removed before, and no state at all.
pub(crate) fn rich_worlds(gaps: f64) -> impl Strategy<Value = World> {
    let accept = vec((select(&CODES[..]), emails(), prop::bool::weighted(0.8)), 0..4);
    let owners = (prop::option::weighted(0.3, emails()), prop::option::weighted(0.3, emails()));
    let half = select(&[None, Some(Half::Accounts), Some(Half::Users)][..]);
    let recorded = (vec((0_usize..7, emails()), 0..3), vec((0_usize..7, emails()), 0..3));
    let removed = of(0_usize..7);
    (worlds(gaps), accept, owners, half, recorded, removed, prop::bool::weighted(0.1)).prop_map(
        |(mut world, accept, (owner, entry), half, (accounts, users), removed, forgotten)| {
            world.want.accept = accept
                .into_iter()
                .map(|(code, email, current)| Accepted {
                    code,
                    email: Some(email),
                    until: day(if current { "2026-03-01" } else { "2026-02-28" }),
                    reason: None,
                })
                .collect();
            world.owner = owner;
            if let (Some(users), Some(email)) = (&mut world.want.users, entry) {
                let owner = WantedUser::new(email.clone(), Presence::Owner);
                users.insert(email, owner);
            }
            world.gaps.retain(|gap| half.is_none_or(|half| gap.half == half));
            let account = |(place, email)| (AccountId::new(uuid(place)), email);
            world.state.emails.extend(accounts.into_iter().map(account));
            let user = |(place, email)| (UserId::new(uuid(place + 500)), email);
            world.state.users.extend(users.into_iter().map(user));
            world.state.removed.extend(removed.map(|place| UserId::new(uuid(place + 500))));
            world.state.forgotten = forgotten;
            world
        },
    )
}
