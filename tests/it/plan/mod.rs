//! Situations, and what is planned for them.

use std::collections::{BTreeMap, BTreeSet};

use trunkline::model::*;
use trunkline::plan::*;

mod access;
mod channels;
mod identity;
mod laws;
mod origins;
mod people;
mod saved;
mod snapshot;
mod total;
mod whole;

use crate::support::world::{PRESENT, day};

/// An organization that is as its manifest says: two accounts, an owner and a user.
fn in_sync() -> (Desired, Live) {
    let wanted = |name: &str| WantedAccount {
        name: name.to_owned(),
        email: Email::new(format!("{name}@shop.example")),
        enabled: Some(true),
        custom_pricing: Some(false),
        rollup_billing: Some(false),
        min_balance: None,
        reenable_connections: false,
        id: None,
        channel_limit: None,
        password_from: None,
    };
    let there = |name: &str| LiveAccount {
        id: AccountId::new(format!("id-{name}")),
        email: Email::new(format!("{name}@shop.example")),
        name: Some(name.to_owned()),
        manager: Some(AccountId::new("manager")),
        api_user: None,
        custom_pricing: Some(false),
        rollup_billing: Some(false),
        status: Some(Status::Enabled),
    };
    let user = |name: &str, role| {
        let email = Email::new(format!("{name}@acme.example"));
        let status = Some(UserStatus::Enabled);
        LiveUser { status, ..LiveUser::new(UserId::new(format!("id-{name}")), email, role) }
    };
    let users = ["root", "ops"].map(|name| Email::new(format!("{name}@acme.example")));
    let desired = Desired {
        organization: "acme".to_owned(),
        manager: None,
        accept: Vec::new(),
        policy: Policy { unlisted_users: UnlistedUsers::Remove, ..Policy::default() },
        accounts: ["cat", "dog"].map(wanted).into_iter().map(|a| (a.email.clone(), a)).collect(),
        users: Some(users.map(|email| (email.clone(), WantedUser::new(email, PRESENT))).into()),
    };
    let live = Live {
        accounts: ["cat", "dog"].map(there).into(),
        users: Some(vec![user("root", Role::Owner), user("ops", Role::SubUser)]),
        manager: Some(AccountId::new("manager")),
        ..Live::default()
    };
    (desired, live)
}

/// Gaps in both halves of an inventory.
fn gaps() -> Vec<Gap> {
    vec![
        Gap::new(Half::Accounts, "accounts: page 2 is empty"),
        Gap::new(Half::Users, "users: page 2 is empty"),
    ]
}

fn email(name: &str) -> Email {
    Email::new(format!("{name}@shop.example"))
}

/// The input of a plan.
struct Situation {
    want: Desired,
    live: Live,
    state: State,
    today: Day,
}

impl Situation {
    fn in_sync() -> Self {
        let (want, live) = in_sync();
        Self { want, live, state: State::default(), today: day("2026-03-01") }
    }

    fn plan(&self) -> Plan {
        plan(&self.want, &self.live, &self.state, self.today)
    }

    fn account(&mut self, name: &str) -> &mut WantedAccount {
        self.want.accounts.get_mut(&email(name)).unwrap()
    }

    fn users(&mut self) -> &mut BTreeMap<Email, WantedUser> {
        self.want.users.as_mut().unwrap()
    }

    fn list_user(&mut self, address: &str, presence: Presence) {
        let email = Email::new(address);
        self.users().insert(email.clone(), WantedUser::new(email, presence));
    }

    fn rename_user(&mut self, name: &str, address: &str) {
        user(&mut self.live, name).email = Email::new(address);
    }
}

/// Starts in sync, breaks something, and looks at what is planned: actions as `verb email`, findings as codes.
fn check(
    change: impl FnOnce(&mut Desired, &mut Live),
    actions: &[&str],
    findings: &[Code],
) -> Plan {
    check_all(|situation| change(&mut situation.want, &mut situation.live), actions, findings)
}

/// The same with the state and the day.
fn check_all(change: impl FnOnce(&mut Situation), actions: &[&str], findings: &[Code]) -> Plan {
    let mut situation = Situation::in_sync();
    change(&mut situation);
    let plan = situation.plan();
    let planned: Vec<String> = plan.requested().map(in_words).collect();
    assert_eq!(planned, actions);
    let found: Vec<Code> = plan.findings.iter().map(Finding::code).collect();
    assert_eq!(found, findings);
    plan
}

fn in_words(action: &Action) -> String {
    let verb = match action {
        Action::RemoveUser { .. } => "remove",
        Action::DisableAccount { .. } => "disable",
        Action::SetChannelLimit { before, after, .. } => {
            let before = before.map_or("?".to_owned(), |before| before.to_string());
            return format!("limit {} {before}→{after}", action.email());
        }
        Action::UpdateAccount { .. } => "update",
        Action::EnableAccount { .. } => "enable",
        Action::CreateAccount(_) => "create",
    };
    format!("{verb} {}", action.email())
}

fn user<'a>(live: &'a mut Live, name: &str) -> &'a mut LiveUser {
    let wanted = Email::new(format!("{name}@acme.example"));
    live.users.as_mut().unwrap().iter_mut().find(|user| user.email == wanted).unwrap()
}

#[test]
fn an_entry_in_sync_needs_no_action() {
    let plan = check(|_, _| {}, &[], &[]);
    assert!(!plan.has_drift());
    assert_eq!(plan.in_sync, 4);
}

#[test]
fn emails_agree_in_any_case() {
    check(|_, live| live.accounts[0].email = Email::new("CAT@Shop.Example"), &[], &[]);
}

#[test]
fn a_missing_account_is_created_and_disabled_only_if_so_wanted() {
    check(|_, live| drop(live.accounts.remove(0)), &["create cat@shop.example"], &[]);
    let plan = check(
        |want, live| {
            live.accounts.remove(0);
            want.accounts.get_mut(&email("cat")).unwrap().enabled = Some(false);
        },
        &["create cat@shop.example", "disable cat@shop.example"],
        &[],
    );
    assert_eq!(plan.destructive(), 0, "an account that does not exist yet cannot be lost");
    let creates = Guard { name: GuardName::MaxCreates, actual: 1, limit: 100, of: 1 };
    assert_eq!(plan.guards, [creates]);
}

#[test]
fn pricing_is_updated_and_only_its_withdrawal_is_destructive() {
    let given = check(
        |want, _| want.accounts.get_mut(&email("cat")).unwrap().custom_pricing = Some(true),
        &["update cat@shop.example"],
        &[],
    );
    assert_eq!(given.destructive(), 0);
    let withdrawn = check(
        |_, live| live.accounts[0].custom_pricing = Some(true),
        &["update cat@shop.example"],
        &[],
    );
    assert_eq!(withdrawn.destructive(), 1);
    assert_eq!(withdrawn.guards[0].name, GuardName::MaxPricingWithdrawals);
}

#[test]
fn omitted_fields_are_not_managed() {
    check(
        |want, live| {
            let cat = want.accounts.get_mut(&email("cat")).unwrap();
            (cat.enabled, cat.custom_pricing, cat.rollup_billing) = (None, None, None);
            live.accounts[0].status = Some(Status::Disabled);
            live.accounts[0].custom_pricing = Some(true);
            live.accounts[0].rollup_billing = Some(true);
        },
        &[],
        &[],
    );
}

#[test]
fn an_account_is_enabled_or_disabled_and_an_unknown_status_is_never_acted_on() {
    let set = |status| move |_: &mut Desired, live: &mut Live| live.accounts[0].status = status;
    check(set(Some(Status::Disabled)), &["enable cat@shop.example"], &[]);
    check(set(Some(Status::Blocked)), &[], &[Code::AccountBlocked]);
    check(set(None), &[], &[Code::StatusUnknown]);
    let plan = check(
        |want, _| want.accounts.get_mut(&email("cat")).unwrap().enabled = Some(false),
        &["disable cat@shop.example"],
        &[],
    );
    assert_eq!((plan.destructive(), plan.guards[0].name), (1, GuardName::MaxDisables));
}

#[test]
fn immutable_differences_are_findings() {
    check(|_, live| live.accounts[0].name = Some("Tom".to_owned()), &[], &[Code::ImmutableName]);
    check(
        |_, live| live.accounts[0].rollup_billing = Some(true),
        &[],
        &[Code::ImmutableRollupBilling],
    );
}

#[test]
fn two_accounts_with_one_email_are_reported_and_not_changed() {
    check(
        |want, live| {
            let mut twin = live.accounts[0].clone();
            twin.id = AccountId::new("id-twin");
            live.accounts.push(twin);
            want.accounts.get_mut(&email("cat")).unwrap().enabled = Some(false);
        },
        &[],
        &[Code::AccountUnlisted],
    );
}

#[test]
fn unlisted_accounts_are_reported_by_default() {
    let forget = |policy| {
        move |want: &mut Desired, _: &mut Live| {
            want.accounts.remove(&email("cat"));
            want.policy.unlisted_accounts = policy;
        }
    };
    check(forget(UnlistedAccounts::Report), &[], &[Code::AccountUnlisted]);
    check(forget(UnlistedAccounts::Ignore), &[], &[]);
    check(forget(UnlistedAccounts::Disable), &["disable cat@shop.example"], &[]);
}

#[test]
fn unlisted_users_are_removed_only_by_policy() {
    let forget = |policy| {
        move |want: &mut Desired, _: &mut Live| {
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
            want.policy.unlisted_users = policy;
        }
    };
    check(forget(UnlistedUsers::Remove), &["remove ops@acme.example"], &[]);
    check(forget(UnlistedUsers::Report), &[], &[Code::UserUnlisted]);
    check(forget(UnlistedUsers::Ignore), &[], &[]);
    assert_eq!(Policy::default().unlisted_users, UnlistedUsers::Report, "nothing by default");
}

#[test]
fn unlisted_owner_is_reported_never_removed() {
    let only_ops = |want: &mut Desired, _: &mut Live| {
        let keep = Email::new("ops@acme.example");
        want.users = Some([(keep.clone(), WantedUser::new(keep, PRESENT))].into());
    };
    check(only_ops, &[], &[Code::OwnerUnlisted]);
}

#[test]
fn a_user_of_an_unknown_role_is_reported_never_removed() {
    check(
        |want, live| {
            user(live, "ops").role = Role::Other("organization_admin".to_owned());
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
        },
        &[],
        &[Code::UserUnlisted],
    );
}

#[test]
fn a_missing_user_is_found_for_a_person_to_invite() {
    check(|_, live| drop(live.users.as_mut().unwrap().pop()), &[], &[Code::UserMissing]);
}

#[test]
fn users_that_are_not_managed_are_left_alone() {
    check(|want, _| want.users = None, &[], &[]);
}

#[test]
fn a_protected_address_suffers_nothing_destructive() {
    check(
        |want, live| {
            let protected = ["ops@acme.example", "cat@shop.example", "dog@shop.example"];
            want.policy.protected = protected.map(Email::new).into();
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
            want.accounts.get_mut(&email("cat")).unwrap().enabled = Some(false);
            live.accounts[1].custom_pricing = Some(true);
        },
        &[],
        &[Code::Protected; 3],
    );
}
