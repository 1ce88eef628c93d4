//! Plans as values, with what they were made from: for reports, which only show them.

mod findings;

use std::collections::BTreeMap;
use std::path::Path;

use trunkline::execute::{ActionError, Ending, Outcome, SkipReason};
use trunkline::manifest::{Listed, Places};
use trunkline::model::{
    AccountId, Balance, Budget, ChannelPool, Code, Desired, Email, LastSignIn, Live, LiveAccount,
    LiveUser, Policy, Presence, Role, StaleUsers, Status, UnlistedAccounts, UnlistedUsers, UserId,
    UserStatus, WantedAccount, WantedUser,
};
use trunkline::plan::{
    AccountTarget, Action, Channels, Finding, FindingKind, Guard, GuardName, Inventory, Loosened,
    Origin, Plan, PlannedAccount, PlannedAction, Reason, UncomparedField,
};
use trunkline::report::{BoundTo, PlanContext, PlanReport, StateInfo};

use findings::findings;

pub(crate) fn email(name: &str) -> Email {
    Email::new(format!("{name}@shop.example"))
}

pub(crate) fn user(name: &str) -> Email {
    Email::new(format!("{name}@acme.example"))
}

pub(crate) fn id(name: &str) -> AccountId {
    AccountId::new(format!("id-{name}"))
}

pub(crate) fn limit(name: &str, before: Option<u64>, after: u64) -> Action {
    let target = AccountTarget::Live(id(name));
    Action::SetChannelLimit { target, email: email(name), before, after }
}

fn update(name: &str, before: Option<bool>, after: bool) -> Action {
    Action::UpdateAccount { id: id(name), email: email(name), before, after }
}

/// Of every kind, in the order of execution.
fn actions() -> Vec<Action> {
    let created = || AccountTarget::Created;
    let mut actions = vec![
        Action::RemoveUser { id: UserId::new("id-left"), email: user("left") },
        Action::DisableAccount { target: AccountTarget::Live(id("mill")), email: email("mill") },
        limit("inn", Some(30), 10),
        limit("spa", Some(8), 0),
    ];
    actions.extend((1..=30).map(|n| limit(&format!("branch{n:02}"), None, 12)));
    actions.extend([
        update("cat", Some(false), true),
        update("dog", None, true),
        update("northwind", Some(true), false),
        Action::EnableAccount { id: id("taxi"), email: email("taxi"), connections: true },
        Action::CreateAccount(PlannedAccount {
            name: "Ship \"Tall\" \u{1b}[2J Tours".to_owned(),
            email: email("ship"),
            custom_pricing: Some(true),
            rollup_billing: Some(false),
            password_from: None,
        }),
        Action::DisableAccount { target: created(), email: email("ship") },
        Action::SetChannelLimit { target: created(), email: email("ship"), before: None, after: 5 },
        limit("clinic", Some(2), 40),
    ]);
    actions
}

fn guards() -> Vec<Guard> {
    let guard = |name, actual, limit, of| Guard { name, actual, limit, of };
    vec![
        guard(GuardName::MaxRemovals, 1, 1, 6),
        guard(GuardName::MaxDisables, 2, 1, 12),
        guard(GuardName::MaxEnables, 1, 1, 4),
        guard(GuardName::MaxChannelCut, 28, 120, 240),
        guard(GuardName::MaxPricingWithdrawals, 1, 0, 3),
    ]
}

/// One plan that has every action, every finding and every guard.
pub(crate) fn everything() -> Plan {
    Plan {
        actions: actions().into_iter().map(planned).collect(),
        findings: findings(),
        guards: guards(),
        in_sync: 7,
        withheld: 2,
        ignored: 0,
        unchosen: 3,
        unchosen_findings: 0,
        inventory: Inventory {
            complete: false,
            accounts: 44,
            users: Some(12),
            status_known: false,
            channels: Channels::Unverified,
            limits: BTreeMap::new(),
        },
    }
}

/// The same with a base: every origin, and a policy that is looser than it was.
pub(crate) fn everything_since() -> Plan {
    let origins = [Origin::ThisChange, Origin::AlreadyDrifted, Origin::Conflict];
    let loosened = [
        Loosened::UnlistedAccounts {
            base: UnlistedAccounts::Report,
            head: UnlistedAccounts::Disable,
        },
        Loosened::UnlistedUsers { base: UnlistedUsers::Report, head: UnlistedUsers::Ignore },
        Loosened::Budget {
            name: GuardName::MaxRemovals,
            base: Budget::Count(1),
            head: Budget::Percent(50),
        },
        Loosened::Protected(user("root")),
        Loosened::StaleAfter { base: Some(90), head: None },
        Loosened::StaleUsers { base: StaleUsers::Report, head: StaleUsers::Remove },
        Loosened::SsoBypass { base: [].into(), head: Some([user("ops")].into()) },
        Loosened::PrivilegedGroups { base: ["Admin".to_owned()].into(), head: [].into() },
    ];
    let mut plan = everything();
    plan.findings.extend(loosened.map(FindingKind::PolicyLoosened).map(Finding::organization));
    for (action, origin) in plan.actions.iter_mut().zip(origins.into_iter().cycle()) {
        action.origin = Some(origin);
    }
    for (finding, origin) in plan.findings.iter_mut().zip(origins.into_iter().cycle()) {
        finding.origin = Some(origin);
    }
    plan
}

/// The same plan as if it had been made without a base.
pub(crate) fn without_origins(mut plan: Plan) -> Plan {
    for action in &mut plan.actions {
        action.origin = None;
    }
    for finding in &mut plan.findings {
        finding.origin = None;
    }
    plan
}

/// A planned action with the reason that it usually has, in a plan without a base.
pub(crate) fn planned(action: Action) -> PlannedAction {
    let reason = match &action {
        Action::RemoveUser { .. } => Reason::Unlisted,
        _ => Reason::Declared,
    };
    PlannedAction { action, reason, origin: None }
}

pub(crate) fn bound_to() -> BoundTo {
    BoundTo {
        desired: "sha256:0000".to_owned(),
        manager_account_id: Some("id-manager".to_owned()),
        base_url: "https://api.telnyx.com/v2".to_owned(),
    }
}

/// A state in a bucket, which every printed command names.
pub(crate) fn state() -> StateInfo {
    let location = "s3://states/acme.json".to_owned();
    StateInfo { option: Some(location.clone()), location, new: true, ..StateInfo::default() }
}

/// A plan with what it was made from.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) desired: Desired,
    pub(crate) live: Live,
    pub(crate) places: Places,
    pub(crate) bound_to: BoundTo,
    pub(crate) state: StateInfo,
}

impl World {
    /// The plan of everything.
    pub(crate) fn of_everything() -> Self {
        let mut plan = everything();
        for (name, limit) in [("inn", 30), ("spa", 8), ("clinic", 2), ("northwind", 10)] {
            plan.inventory.limits.insert(id(name), limit);
        }
        let wanted = [("inn", 10), ("spa", 0), ("clinic", 40), ("northwind", 10), ("ship", 5)];
        let branches = (1..=30).map(|n| (format!("branch{n:02}"), 12));
        let mut desired = Self::of(plan.clone()).desired;
        for (name, limit) in
            wanted.map(|(name, limit)| (name.to_owned(), limit)).into_iter().chain(branches)
        {
            let account =
                WantedAccount { channel_limit: Some(limit), ..wanted_account(&name, &name) };
            desired.accounts.insert(account.email.clone(), account);
        }
        for (name, pricing) in
            [("cat", Some(true)), ("dog", Some(true)), ("northwind", Some(false))]
        {
            let account =
                desired.accounts.entry(email(name)).or_insert_with(|| wanted_account(name, name));
            account.custom_pricing = pricing;
        }
        let taxi = WantedAccount { enabled: Some(true), ..wanted_account("taxi", "taxi") };
        desired.accounts.insert(email("taxi"), taxi);
        if let Some(ship) = desired.accounts.get_mut(&email("ship")) {
            ship.name = "Ship \"Tall\" \u{1b}[2J Tours".to_owned();
            ship.enabled = Some(false);
        }
        let present = |groups: Option<&[&str]>| Presence::Present {
            groups: groups.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            until: None,
        };
        let users = [
            ("left", Presence::Absent),
            ("ops", present(Some(&["Engineering", "On call"]))),
            ("new", present(None)),
            ("asleep", present(None)),
        ];
        let users =
            users.map(|(name, presence)| (user(name), WantedUser::new(user(name), presence)));
        desired.users = Some(users.into());
        let live = live_of(&desired);
        Self { live, ..Self::of(plan).with(desired) }
    }

    /// A plan that was made from nothing that matters.
    pub(crate) fn of(plan: Plan) -> Self {
        let desired = Desired {
            organization: "acme".to_owned(),
            manager: None,
            policy: Policy::default(),
            accept: Vec::new(),
            accounts: BTreeMap::new(),
            users: None,
        };
        let (live, places) = (Live::default(), Places::default());
        Self { plan, desired, live, places, bound_to: bound_to(), state: state() }
    }

    /// The same of another manifest, one entry a line.
    pub(crate) fn with(self, desired: Desired) -> Self {
        let listed = |line: usize| Listed::new("manifests/acme.yaml", u64::try_from(line).unwrap());
        let accounts: BTreeMap<_, _> = desired
            .accounts
            .keys()
            .enumerate()
            .map(|(at, one)| (one.clone(), listed(at + 10)))
            .collect();
        let users = desired.users.iter().flat_map(BTreeMap::keys).enumerate();
        let users = users.map(|(at, one)| (one.clone(), listed(at + 100))).collect();
        Self { places: Places::new(accounts, users), desired, ..self }
    }

    pub(crate) fn context(&self) -> PlanContext<'_> {
        let Self { plan, desired, live, places, bound_to, state } = self;
        let report = PlanReport { organization: &desired.organization, bound_to, plan, state };
        let (path, expires_at) =
            (Some(Path::new("manifests/acme.yaml")), Some("2027-01-02T03:04:05Z"));
        PlanContext { report, desired, live, places, path, saved: None, expires_at }
    }
}

fn wanted_account(id: &str, name: &str) -> WantedAccount {
    WantedAccount {
        name: name.to_owned(),
        email: email(id),
        id: None,
        enabled: None,
        channel_limit: None,
        custom_pricing: None,
        rollup_billing: None,
        min_balance: None,
        reenable_connections: false,
        password_from: None,
    }
}

/// The accounts and users that are there before the plan of everything.
fn live_of(desired: &Desired) -> Live {
    let account = |name: &str| LiveAccount {
        id: id(name),
        email: email(name),
        name: Some(name.to_owned()),
        manager: None,
        api_user: None,
        custom_pricing: match name {
            "cat" => Some(false),
            "northwind" => Some(true),
            _ => None,
        },
        rollup_billing: None,
        status: Some(if name == "taxi" { Status::Disabled } else { Status::Enabled }),
    };
    let listed = desired.accounts.values().map(|wanted| wanted.email.as_str());
    let names = listed.filter_map(|email| email.split('@').next()).filter(|name| *name != "ship");
    let one = |name: &str, groups: &[&str]| LiveUser {
        status: Some(if name == "asleep" { UserStatus::Disabled } else { UserStatus::Enabled }),
        groups: Some(groups.iter().map(|name| (*name).to_owned()).collect()),
        ..LiveUser::new(UserId::new(format!("id-{name}")), user(name), Role::SubUser)
    };
    Live {
        accounts: names.chain(["mill", "stranger"]).map(account).collect(),
        users: Some(vec![
            one("left", &[]),
            one("ops", &["Finance"]),
            one("asleep", &[]),
            one("guest", &[]),
        ]),
        channels: Some(ChannelPool { allocatable: 500, allocated: 240 }),
        ..Live::default()
    }
}

/// One outcome of every kind, again and again.
pub(crate) fn outcomes(plan: &Plan, said: &str) -> Vec<Outcome> {
    let fault = || ActionError {
        status: Some(422),
        code: Some("10015".to_owned()),
        message: format!("creating: 422 {said}"),
        hint: Some("look at it"),
        unrecorded: None,
    };
    let ending = |place: usize| match place % 6 {
        0 => Ending::Done,
        1 => Ending::Failed(fault()),
        2 => Ending::Stale(format!("it is {said} now")),
        3 => Ending::Unknown(fault()),
        4 => Ending::Skipped(SkipReason::DependencyFailed),
        _ => Ending::Satisfied,
    };
    let outcome = |(place, action): (usize, &Action)| Outcome {
        action: action.clone(),
        ending: ending(place),
        created: action.is_create().then(|| format!("id-{said}")),
        request_id: Some(said.into()),
        keys_unsaved: action.is_create(),
    };
    plan.requested().enumerate().map(outcome).collect()
}
