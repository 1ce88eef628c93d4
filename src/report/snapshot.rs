//! The manifest of what was live before an apply, to go back to. What going back cannot undo becomes comments.
//!
//! Pure. It begins with the manifest that is applied. Every action that a plan of it asks for, sent or not, puts the
//! live value in place of the declared one; a plan made before the apply then has no action left, except that it
//! creates what the apply creates. All other entries stay as they are declared.

use std::collections::BTreeSet;

use super::StateInfo;
use super::import::{Import, Remarks, comment, manifest};
use crate::manifest::takes_id;
use crate::model::{
    AccountId, ChannelPool, Day, Desired, Email, Half, Live, StaleUsers, State, UnlistedAccounts,
    UnlistedUsers, WantedAccount, WantedUser,
};
use crate::plan::{AccountTarget, Action, Plan, plan};

/// A manifest that goes back to what was live, with remarks.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The manifest.
    pub desired: Desired,
    remarks: Remarks,
    /// The facts that going back cannot undo, and the accounts and users that cannot be listed.
    lost: Vec<String>,
    /// True if the apply sends something.
    sends: bool,
}

impl Snapshot {
    /// Makes the manifest. `sent` is the part of a plan that the apply sends.
    #[must_use]
    pub fn new(desired: &Desired, live: &Live, state: &State, today: Day, sent: &Plan) -> Self {
        let created = sent.requested().filter(|action| action.is_create()).map(Action::email);
        let mut draft = Draft {
            live,
            import: Import::new(&desired.organization, live, &[].into(), today),
            created: created.collect(),
            snapshot: Self {
                desired: desired.clone(),
                remarks: Remarks::default(),
                lost: Vec::new(),
                sends: !sent.actions.is_empty(),
            },
        };
        for action in sent.requested() {
            draft.report(action);
        }
        // A listed account or user can end a possible rename, and so bring another action.
        for _ in 0..=live.accounts.len() + live.users.iter().flatten().count() {
            let before = draft.snapshot.desired.clone();
            for action in differences(&before, live, state, today).requested() {
                draft.keep(action);
            }
            if draft.snapshot.desired == before {
                break;
            }
        }
        draft.finish()
    }

    /// The manifest at `path`, with its remarks as comments. `state` is the state that going back uses.
    #[must_use]
    pub fn yaml(&self, path: &str, state: &StateInfo) -> String {
        let Self { desired, remarks, lost, sends } = self;
        let name = &desired.organization;
        let mut out = vec![comment(&format!("What was live in {name} before an apply."))];
        if !sends {
            out.push("# The apply had nothing to send.".to_owned());
        } else if lost.is_empty() {
            out.push("# Going back undoes all of it.".to_owned());
        }
        if !lost.is_empty() {
            out.extend(["#".to_owned(), "# What going back does not restore:".to_owned()]);
            out.extend(lost.iter().map(|fact| comment(&format!("- {fact}"))));
        }
        out.extend(["#".to_owned(), "# To go back:".to_owned()]);
        let commands = ["plan", "apply"].map(|name| state.command(&[name, path]));
        out.extend(commands.iter().map(|command| comment(&format!("  {command}"))));
        out.extend(manifest(desired, remarks, None));
        out.join("\n") + "\n"
    }

    /// Returns true if a plan of the snapshot, made before the apply, has no action except creates of accounts that
    /// the apply creates, and their settings.
    #[must_use]
    pub fn goes_back(&self, live: &Live, state: &State, today: Day) -> bool {
        let plan = plan(&self.desired, live, state, today);
        plan.requested().all(|action| action.is_create() || action.awaits_create())
    }
}

/// A plan of everything that differs, including what a rule withholds now but may not withhold later: protection, a
/// pool that is too small, an incomplete inventory. Possible renames stay withheld.
fn differences(desired: &Desired, live: &Live, state: &State, today: Day) -> Plan {
    let mut desired = desired.clone();
    desired.policy.protected.clear();
    // Without the pool, no limit is known to be live.
    let allocated = live.channels.map_or(u64::MAX, |pool| pool.allocated);
    let channels = Some(ChannelPool { allocatable: u64::MAX, allocated });
    let live = Live { channels, gaps: Vec::new(), ..live.clone() };
    plan(&desired, &live, state, today)
}

/// A snapshot under construction.
struct Draft<'a> {
    live: &'a Live,
    /// The live side as entries.
    import: Import,
    /// The accounts that the apply creates.
    created: BTreeSet<&'a Email>,
    snapshot: Snapshot,
}

impl Draft<'_> {
    /// Reports what going back cannot undo of an action that is sent.
    fn report(&mut self, action: &Action) {
        let email = action.email();
        let raised = match action {
            Action::RemoveUser { .. } => {
                self.lose(format!(
                    "the user {email} is removed: invite the user in the portal (the API cannot)"
                ));
                false
            }
            Action::DisableAccount { target: AccountTarget::Live(_), .. } => {
                self.lose(format!(
                    "the account {email} is disabled: enabling it again enables all of its connections, including those that were disabled before"
                ));
                false
            }
            Action::CreateAccount(_) => {
                self.lose(format!(
                    "the account {email} is created and cannot be deleted: going back disables it; if the create fails, remove its entry"
                ));
                true
            }
            Action::SetChannelLimit { target: AccountTarget::Live(_), before, after, .. } => {
                if before.is_none() {
                    self.lose(format!(
                        "the channel limit of {email} was unknown: it stays at {after}"
                    ));
                }
                before.is_some_and(|before| before < *after)
            }
            Action::UpdateAccount { before, after, .. } => {
                if before.is_none() {
                    self.lose(format!(
                        "custom pricing of {email} was not shown by Telnyx: going back withdraws it"
                    ));
                }
                *after
            }
            Action::EnableAccount { .. } => true,
            Action::DisableAccount { target: AccountTarget::Created, .. }
            | Action::SetChannelLimit { target: AccountTarget::Created, .. } => false,
        };
        if raised && self.is_protected(action) {
            self.lose(format!(
                "the account {email} is protected: going back takes nothing away from it"
            ));
        }
    }

    /// Returns true if the account of an action, or its entry, is protected.
    fn is_protected(&self, action: &Action) -> bool {
        let entry = action.id().map(|id| self.key(&AccountId::new(id), action.email()));
        let protected = &self.snapshot.desired.policy.protected;
        protected.contains(action.email()) || entry.is_some_and(|entry| protected.contains(entry))
    }

    /// Puts the live value in place of the one that an action would set.
    fn keep(&mut self, action: &Action) {
        match action {
            Action::RemoveUser { email, .. } => self.list_user(email),
            Action::DisableAccount { target: AccountTarget::Live(id), email } => {
                match self.entry(id, email) {
                    Some(entry) => {
                        entry.enabled = Some(true);
                        entry.reenable_connections = true;
                    }
                    None => self.list_account(id, email),
                }
            }
            Action::EnableAccount { id, email, connections: _ } => {
                if let Some(entry) = self.entry(id, email) {
                    entry.enabled = Some(false);
                }
            }
            Action::UpdateAccount { id, email, before, after: _ } => {
                if let Some(entry) = self.entry(id, email) {
                    // A plan takes a missing value as the default, too.
                    entry.custom_pricing = Some(before.unwrap_or(false));
                }
            }
            Action::SetChannelLimit { target: AccountTarget::Live(id), email, before, .. } => {
                if let Some(entry) = self.entry(id, email) {
                    entry.channel_limit = *before;
                    let email = entry.email.clone();
                    if before.is_none() {
                        let remark =
                            "the channel limit was unknown, so `channel_limit` is left out";
                        let remarks = &mut self.snapshot.remarks.accounts;
                        remarks.entry(email).or_default().push(remark.to_owned());
                    }
                }
            }
            Action::CreateAccount(new) => self.keep_missing(&new.email),
            Action::DisableAccount { target: AccountTarget::Created, .. }
            | Action::SetChannelLimit { target: AccountTarget::Created, .. } => {}
        }
    }

    /// The email under which a live account is listed, or would be.
    fn key<'b>(&'b self, id: &AccountId, email: &'b Email) -> &'b Email {
        let mut entries = self.snapshot.desired.accounts.values();
        entries.find(|entry| entry.id.as_ref() == Some(id)).map_or(email, |entry| &entry.email)
    }

    /// The entry of a live account, which gets the account's id.
    fn entry(&mut self, id: &AccountId, email: &Email) -> Option<&mut WantedAccount> {
        let key = self.key(id, email).clone();
        let entry = self.snapshot.desired.accounts.get_mut(&key)?;
        if entry.id.is_none() && takes_id(id.as_str()) {
            entry.id = Some(id.clone());
        }
        // The entry of another account may have the same email.
        (entry.id.is_none() || entry.id.as_ref() == Some(id)).then_some(entry)
    }

    /// Lists an unlisted account that would be disabled.
    fn list_account(&mut self, id: &AccountId, email: &Email) {
        let Self { import, snapshot, .. } = self;
        let listed = import.desired.accounts.get(email);
        let accounts = &mut snapshot.desired.accounts;
        let Some(WantedAccount { name, email, id, .. }) =
            listed.filter(|_| !accounts.contains_key(email))
        else {
            snapshot.desired.policy.unlisted_accounts = UnlistedAccounts::Report;
            return self.lose(format!(
                "the account {id} ({email}) cannot be listed: going back does not enable it, and `unlisted_accounts` is `report`"
            ));
        };
        let entry = WantedAccount {
            id: id.clone(),
            enabled: Some(true),
            reenable_connections: true,
            ..WantedAccount::new(name.clone(), email.clone())
        };
        accounts.insert(email.clone(), entry);
        let remarks = import.remarks.accounts.get(email).cloned().unwrap_or_default();
        snapshot.remarks.accounts.insert(email.clone(), remarks);
    }

    /// Lists the users of an email that would be removed.
    fn list_user(&mut self, email: &Email) {
        let Self { import, snapshot, .. } = self;
        let Some(user) = import.desired.users.as_ref().and_then(|users| users.get(email)) else {
            snapshot.desired.policy.unlisted_users = UnlistedUsers::Report;
            return self.lose(format!(
                "the user {email} cannot be listed, and `unlisted_users` is `report`"
            ));
        };
        // A stale user would be removed again.
        let keep = snapshot.desired.policy.access.stale_users == StaleUsers::Remove;
        let user = WantedUser { keep, ..user.clone() };
        snapshot.desired.users.get_or_insert_default().insert(email.clone(), user);
        let remarks = import.remarks.users.get(email).cloned().unwrap_or_default();
        snapshot.remarks.users.insert(email.clone(), remarks);
    }

    /// Disables an account that the apply creates, and leaves out one that it does not create.
    fn keep_missing(&mut self, email: &Email) {
        let accounts = &mut self.snapshot.desired.accounts;
        let Some(entry) = accounts.get_mut(email) else { return };
        if self.created.contains(email) {
            entry.enabled = Some(false);
            // The former limits of other accounts need these channels.
            entry.channel_limit = entry.channel_limit.map(|_| 0);
            entry.password_from = None;
        } else if self.live.is_complete(Half::Accounts) {
            accounts.remove(email);
            self.lose(format!("the account {email} does not exist, so it is not listed"));
        }
    }

    fn lose(&mut self, fact: String) {
        if !self.snapshot.lost.contains(&fact) {
            self.snapshot.lost.push(fact);
        }
    }

    fn finish(mut self) -> Snapshot {
        for (half, name) in [(Half::Accounts, "accounts"), (Half::Users, "users")] {
            if !self.live.is_complete(half) {
                self.lose(format!(
                    "the {name} were not read completely; those that were not read are as the manifest declares them"
                ));
            }
        }
        let desired = &mut self.snapshot.desired;
        let policy = &mut desired.policy.unlisted_accounts;
        if desired.accounts.is_empty() && *policy == UnlistedAccounts::Disable {
            // A manifest that disables every account is not valid.
            *policy = UnlistedAccounts::Report;
            self.lose("no account is listed, so `unlisted_accounts` is `report`".to_owned());
        }
        self.snapshot
    }
}
