//! One finding of every kind.

use super::*;

#[expect(clippy::too_many_lines, reason = "one of each finding")]
pub(super) fn findings() -> Vec<Finding> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut findings = vec![
        Finding::user(user("new"), FindingKind::UserMissing),
        Finding::account(email("stranger"), FindingKind::AccountUnlisted),
        Finding::account(email("twin"), FindingKind::AccountAmbiguous { accounts: 2 }),
        Finding::user(user("guest"), FindingKind::UserUnlisted { until: None }),
        Finding::user(
            user("trainee"),
            FindingKind::UserUnlisted { until: Some("2026-02-28".parse().unwrap()) },
        ),
        Finding::user(user("rooot"), FindingKind::OwnerIsAnother { owners: vec![user("root")] }),
        Finding::user(user("mute"), FindingKind::NotCompared(UncomparedField::Groups)),
        Finding::organization(FindingKind::NotCompared(UncomparedField::ManagerAccountId)),
        Finding::user(user("boss"), FindingKind::OwnerUnlisted),
        Finding::account(
            email("cat"),
            FindingKind::ImmutableName { have: "Cat".into(), want: "Cats".into() },
        ),
        Finding::account(email("bird"), FindingKind::ImmutableEmail { have: email("birds") }),
        Finding::account(
            email("cat"),
            FindingKind::ImmutableRollupBilling { have: true, want: false },
        ),
        Finding::user(
            user("ops"),
            FindingKind::GroupMismatch {
                missing: names(&["Engineering", "On call"]),
                extra: names(&["Finance"]),
            },
        ),
        Finding::user(
            user("chef"),
            FindingKind::PrivilegedGroup { groups: names(&["Admin", "Billing"]) },
        ),
        Finding::user(
            user("idle"),
            FindingKind::UserStale {
                created: "2025-01-31".parse().unwrap(),
                last_sign_in: LastSignIn::On("2025-11-01".parse().unwrap()),
            },
        ),
        Finding::user(
            user("never"),
            FindingKind::UserStale {
                created: "2025-01-31".parse().unwrap(),
                last_sign_in: LastSignIn::Never,
            },
        ),
        Finding::user(user("ops"), FindingKind::UserBypassesSso),
        Finding::account(
            email("debtor"),
            FindingKind::NegativeBalance { balance: money("-12.5"), since: Some(1_769_904_000) },
        ),
        Finding::account(
            email("poor"),
            FindingKind::LowBalance { balance: money("12.5"), minimum: "25".parse().unwrap() },
        ),
        Finding::account(email("mute"), FindingKind::NotCompared(UncomparedField::MinBalance)),
        Finding::user(user("mute"), FindingKind::NotCompared(UncomparedField::StaleAfter)),
        Finding::user(user("mute"), FindingKind::NotCompared(UncomparedField::SsoBypass)),
        Finding::user(user("blocked"), FindingKind::UserBlocked),
        Finding::user(user("asleep"), FindingKind::UserDisabled),
        Finding::account(email("held"), FindingKind::AccountBlocked),
        Finding::account(email("gone"), FindingKind::AccountCancelled),
        Finding::account(email("lost"), FindingKind::AccountGone { id: id("lost") }),
        Finding::user(user("martin"), FindingKind::PossibleRename { missing: user("marten") }),
        Finding::account(email("baker"), FindingKind::PossibleRename { missing: email("bakery") }),
        Finding::account(
            email("moved"),
            FindingKind::IdentityConflict { accounts: vec![id("other")] },
        ),
        Finding::account(email("vanished"), FindingKind::AccountVanished { id: id("vanished") }),
        Finding::account(email("maybe"), FindingKind::UnresolvedCreate),
        Finding::organization(FindingKind::PoolExceeded { needed: 520, allocatable: 500 }),
        Finding::account(email("pool"), FindingKind::LimitWithheld),
        Finding::account(email("unread"), FindingKind::NotFullyRead),
    ];
    findings.extend(
        (1..=5).map(|n| Finding::account(email(&format!("old{n}")), FindingKind::AccountUnlisted)),
    );
    findings.extend([
        Finding::account(email("fog"), FindingKind::StatusUnknown),
        Finding::user(user("robot"), FindingKind::StatusUnknown),
        Finding::account(email("fresh"), FindingKind::NotYetListed),
        Finding::organization(FindingKind::ChannelLimitUnverified),
        Finding::organization(FindingKind::ProtectedUnmatched(user("rooot"))),
        Finding::organization(FindingKind::AcceptUnmatched {
            code: Code::UserMissing,
            email: Some(user("left")),
            until: "2026-01-31".parse().unwrap(),
            past: true,
        }),
        Finding::organization(FindingKind::AccountQuota { accounts: 1_040, quota: 1_000 }),
        Finding::organization(FindingKind::UntrackedCreates { creates: 2 }),
        Finding::user(user("root"), FindingKind::Protected),
        Finding::organization(FindingKind::InventoryIncomplete(
            "accounts: page 2 is empty".to_owned(),
        )),
        Finding::user(
            user("invited"),
            FindingKind::Accepted {
                code: Code::UserMissing,
                until: "2027-02-01".parse().unwrap(),
                reason: Some("invited last week".to_owned()),
            },
        ),
    ]);
    findings
}

fn money(amount: &str) -> Balance {
    Balance { amount: amount.parse().unwrap(), currency: Some("USD".to_owned()) }
}
