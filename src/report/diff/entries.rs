//! What is wanted and what is live, entry by entry, as lines of YAML.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::Scene;
use super::yaml::{comment, field, list, scalar};
use crate::model::{
    AccountId, Email, LiveAccount, LiveUser, Presence, Status, UserStatus, WantedAccount,
    WantedUser,
};
use crate::plan::{AccountTarget, Action};

/// The lines of one entry on both sides; none where it is not there.
pub(super) struct Entry {
    /// As it is live.
    pub have: Vec<String>,
    /// As it is wanted.
    pub want: Vec<String>,
}

/// The entries below each title of the manifest.
pub(super) fn entries(scene: Scene<'_>) -> [(&'static str, Vec<Entry>); 2] {
    [("accounts", accounts(scene)), ("users", users(scene))]
}

fn accounts(scene: Scene<'_>) -> Vec<Entry> {
    let live = Accounts::of(scene);
    let wanted = scene.desired.accounts.values();
    let mut paired = BTreeSet::new();
    let mut entries = Vec::new();
    for account in wanted {
        let want = wanted_account(account);
        let have = match live.counterparts(account) {
            [] => Vec::new(),
            [one] => {
                paired.insert(&one.id);
                live_account(one, account, live.limits)
            }
            several => {
                let why = format!("{} live accounts have this email", several.len());
                [want.clone(), vec![comment(&why)]].concat()
            }
        };
        entries.push(Entry { have, want });
    }
    // Who is not listed is shown only if something is taken away.
    let unlisted = live.disabled(scene).filter(|one| !paired.contains(&one.id));
    entries.extend(unlisted.map(|account| {
        let side = |enabled| [head(account), vec![field("enabled", enabled)]].concat();
        Entry { have: side("true"), want: side("false") }
    }));
    entries
}

/// The live accounts, by what identifies them.
struct Accounts<'a> {
    by_id: HashMap<&'a AccountId, usize>,
    by_email: HashMap<&'a Email, Vec<&'a LiveAccount>>,
    all: &'a [LiveAccount],
    limits: &'a BTreeMap<AccountId, u64>,
}

impl<'a> Accounts<'a> {
    fn of(scene: Scene<'a>) -> Self {
        let all = &scene.live.accounts;
        let by_id = all.iter().enumerate().map(|(place, account)| (&account.id, place)).collect();
        let mut by_email: HashMap<_, Vec<_>> = HashMap::new();
        for account in all {
            by_email.entry(&account.email).or_default().push(account);
        }
        Self { by_id, by_email, all, limits: &scene.report.plan.inventory.limits }
    }

    /// The accounts that an entry may mean: by its id if it has one, by its email otherwise.
    fn counterparts<'s>(&'s self, wanted: &WantedAccount) -> &'s [&'a LiveAccount] {
        let by_email = || self.by_email.get(&wanted.email).map_or(&[][..], Vec::as_slice);
        match &wanted.id {
            None => by_email(),
            Some(id) => {
                let Some(place) = self.by_id.get(id) else { return &[] };
                let email = &self.all[*place].email;
                let same = self.by_email.get(email).map_or(&[][..], Vec::as_slice);
                same.iter().position(|one| one.id == *id).map_or(&[], |at| &same[at..=at])
            }
        }
    }

    /// The accounts that the plan disables.
    fn disabled(&self, scene: Scene<'a>) -> impl Iterator<Item = &'a LiveAccount> {
        scene.report.plan.requested().filter_map(|action| match action {
            Action::DisableAccount { target: AccountTarget::Live(id), .. } => {
                Some(&self.all[*self.by_id.get(id)?])
            }
            Action::DisableAccount { target: AccountTarget::Created, .. }
            | Action::RemoveUser { .. }
            | Action::SetChannelLimit { .. }
            | Action::UpdateAccount { .. }
            | Action::EnableAccount { .. }
            | Action::CreateAccount(_) => None,
        })
    }
}

fn head(account: &LiveAccount) -> Vec<String> {
    let name = account.name.as_ref().map_or_else(|| "~".to_owned(), |name| scalar(name));
    vec![format!("  - name: {name}"), field("email", &scalar(account.email.as_str()))]
}

fn wanted_account(account: &WantedAccount) -> Vec<String> {
    let WantedAccount {
        name,
        email,
        id,
        enabled,
        channel_limit,
        custom_pricing,
        rollup_billing,
        reenable_connections: _,
        password_from: _,
    } = account;
    let flag = |name, value: &Option<bool>| Some(field(name, &value.as_ref()?.to_string()));
    let rest = [
        id.as_ref().map(|id| field("id", &scalar(id.as_str()))),
        flag("enabled", enabled),
        channel_limit.map(|limit| field("channel_limit", &limit.to_string())),
        flag("custom_pricing", custom_pricing),
        flag("rollup_billing", rollup_billing),
    ];
    let mut lines = vec![format!("  - name: {}", scalar(name))];
    lines.push(field("email", &scalar(email.as_str())));
    lines.extend(rest.into_iter().flatten());
    lines
}

/// A live account with the fields that its entry manages.
fn live_account(
    account: &LiveAccount,
    wanted: &WantedAccount,
    limits: &BTreeMap<AccountId, u64>,
) -> Vec<String> {
    let mut lines = head(account);
    // In whatever case an email is written it is the same.
    if account.email == wanted.email {
        lines[1] = field("email", &scalar(wanted.email.as_str()));
    }
    let unknown = |name: &str| comment(&format!("{name} is not known"));
    let flag = |name, value: Option<bool>| {
        value.map_or_else(|| unknown(name), |value| field(name, &value.to_string()))
    };
    let status = || match account.status {
        Some(Status::Enabled) => field("enabled", "true"),
        Some(Status::Disabled) => field("enabled", "false"),
        Some(Status::Blocked) => comment("blocked by Telnyx"),
        None => unknown("enabled"),
    };
    let limit = || match limits.get(&account.id) {
        Some(limit) => field("channel_limit", &limit.to_string()),
        None => unknown("channel_limit"),
    };
    let managed = [
        wanted.id.as_ref().map(|_| field("id", &scalar(account.id.as_str()))),
        wanted.enabled.map(|_| status()),
        wanted.channel_limit.map(|_| limit()),
        wanted.custom_pricing.map(|_| flag("custom_pricing", account.custom_pricing)),
        wanted.rollup_billing.map(|_| flag("rollup_billing", account.rollup_billing)),
    ];
    lines.extend(managed.into_iter().flatten());
    lines
}

fn users(scene: Scene<'_>) -> Vec<Entry> {
    let Some(wanted) = &scene.desired.users else { return Vec::new() };
    let live: BTreeMap<&Email, &LiveUser> =
        scene.live.users.iter().flatten().map(|user| (&user.email, user)).collect();
    let removed: BTreeSet<&Email> = scene.report.plan.requested().filter_map(removed).collect();
    let mut entries: Vec<Entry> = wanted
        .values()
        .map(|user| {
            let have = live.get(&user.email).map(|have| live_user(have, Some(user)));
            let stays = !removed.contains(&user.email);
            let want = wanted_user(user).filter(|_| stays);
            Entry { have: have.unwrap_or_default(), want: want.unwrap_or_default() }
        })
        .collect();
    let unlisted = removed.into_iter().filter(|email| !wanted.contains_key(*email));
    entries.extend(
        unlisted
            .filter_map(|email| live.get(email))
            .map(|user| Entry { have: live_user(user, None), want: Vec::new() }),
    );
    entries
}

/// The user that an action removes.
fn removed(action: &Action) -> Option<&Email> {
    match action {
        Action::RemoveUser { id: _, email } => Some(email),
        Action::DisableAccount { .. }
        | Action::SetChannelLimit { .. }
        | Action::UpdateAccount { .. }
        | Action::EnableAccount { .. }
        | Action::CreateAccount(_) => None,
    }
}

/// A user who may be there. `None`: the user is to be gone.
fn wanted_user(user: &WantedUser) -> Option<Vec<String>> {
    let WantedUser { email, presence } = user;
    match presence {
        Presence::Absent => None,
        Presence::Owner => Some(vec![
            format!("  - email: {}", scalar(email.as_str())),
            "    owner: true".to_owned(),
        ]),
        Presence::Present { groups, until: _ } => {
            let mut lines = vec![format!("  - email: {}", scalar(email.as_str()))];
            lines.extend(groups.as_ref().map(|groups| list("groups", groups.iter())));
            Some(lines)
        }
    }
}

fn live_user(user: &LiveUser, wanted: Option<&WantedUser>) -> Vec<String> {
    let email = wanted.map_or(&user.email, |wanted| &wanted.email);
    let mut lines = vec![format!("  - email: {}", scalar(email.as_str()))];
    let present = wanted.is_some_and(|wanted| wanted.presence != Presence::Absent);
    let managed = match wanted.map(|wanted| &wanted.presence) {
        Some(Presence::Present { groups, until: _ }) => groups.is_some(),
        Some(Presence::Absent | Presence::Owner) | None => false,
    };
    if managed {
        let names = user.groups.as_ref().map(|names| names.iter().collect::<BTreeSet<_>>());
        lines.push(match names {
            Some(names) => list("groups", names.into_iter()),
            None => comment("groups is not known"),
        });
    }
    match &user.status {
        Some(UserStatus::Disabled) if present => lines.push(comment("disabled")),
        Some(UserStatus::Blocked) if present => lines.push(comment("blocked by Telnyx")),
        Some(
            UserStatus::Enabled | UserStatus::Disabled | UserStatus::Blocked | UserStatus::Other(_),
        )
        | None => {}
    }
    lines
}
