//! Promise 13: an oracle that counts, from the rules of the contract and without the planner's code, what is in
//! sync, what is ignored, and which actions are needed. Every needed action is planned or withheld.

use proptest::prelude::*;

use super::laws::rich_law;
use super::*;
use crate::support::world::{TODAY, World};

/// The counts that a plan must have.
#[derive(Debug, Default)]
struct Expected {
    in_sync: usize,
    ignored: usize,
    /// The needed actions, planned or withheld.
    actions: usize,
    /// The accounts and users that differ, each with the emails that may name it.
    differing: Vec<(Subject, Vec<Email>)>,
}

impl Expected {
    fn entry(&mut self, subject: Subject, emails: &[&Email], actions: usize, differs: bool) {
        self.actions += actions;
        if differs || actions > 0 {
            self.differing.push((subject, emails.iter().copied().cloned().collect()));
        } else {
            self.in_sync += 1;
        }
    }
}

/// The world, its plan, and what was read for it.
struct Case<'a> {
    world: &'a World,
    live: Live,
    plan: &'a Plan,
}

impl Case<'_> {
    fn found(&self, subject: Subject, email: &Email, is: impl Fn(&FindingKind) -> bool) -> bool {
        self.plan.findings.iter().any(|finding| {
            (finding.subject(), finding.email()) == (subject, Some(email)) && is(&finding.what)
        })
    }

    fn is_renamed(&self, subject: Subject, email: &Email) -> bool {
        self.found(subject, email, |kind| matches!(kind, FindingKind::PossibleRename { .. }))
    }

    /// The accounts that an entry names, and whether its id and its email name different ones.
    fn claim(&self, want: &WantedAccount) -> (Vec<&LiveAccount>, bool) {
        let by_id = self.live.accounts.iter().find(|one| want.id.as_ref() == Some(&one.id));
        if let Some(account) = by_id.filter(|account| account.email == want.email) {
            return (vec![account], false);
        }
        let by_email = self.live.accounts.iter().filter(|one| one.email == want.email);
        let by_email: Vec<_> = by_email.collect();
        let contradicts = want.id.is_some() && !by_email.is_empty();
        (by_id.into_iter().chain(by_email).collect(), contradicts)
    }

    fn accounts(&self, expected: &mut Expected) {
        let entries: Vec<_> = self.world.want.accounts.values().collect();
        let claims: Vec<_> = entries.iter().map(|want| self.claim(want)).collect();
        let contested = |account: &LiveAccount| {
            let those = claims.iter().filter(|(all, _)| all.iter().any(|one| one.id == account.id));
            those.clone().count() > 1 || those.clone().any(|(_, contradicts)| *contradicts)
        };
        for (want, (accounts, contradicts)) in entries.iter().zip(&claims) {
            let conflict = *contradicts || accounts.iter().any(|account| contested(account));
            match accounts[..] {
                [] => self.missing(want, expected),
                [have] if !conflict => self.matched(want, have, expected),
                [..] => expected.entry(Subject::Account, &[&want.email], 0, true),
            }
        }
        for have in &self.live.accounts {
            if !claims.iter().any(|(all, _)| all.iter().any(|one| one.id == have.id)) {
                self.unlisted_account(have, expected);
            }
        }
    }

    fn missing(&self, want: &WantedAccount, expected: &mut Expected) {
        // A finding other than of a withheld create says that the account may exist.
        let cancelled =
            self.live.cancelled.iter().any(|account| {
                account.email == want.email || Some(&account.id) == want.id.as_ref()
            });
        let may_exist = self.found(Subject::Account, &want.email, |kind| match kind {
            FindingKind::PossibleRenameOf { .. }
            | FindingKind::AccountGone { .. }
            | FindingKind::AccountVanished { .. }
            | FindingKind::NotFullyRead
            | FindingKind::LimitWithheld
            | FindingKind::Accepted { code: Code::AccountVanished, .. } => false,
            FindingKind::Accepted { code: Code::AccountCancelled, .. } => cancelled,
            _ => true,
        });
        let settings =
            usize::from(want.enabled == Some(false)) + usize::from(want.channel_limit.is_some());
        let actions = if may_exist { 0 } else { 1 + settings };
        expected.entry(Subject::Account, &[&want.email], actions, true);
    }

    fn matched(&self, want: &WantedAccount, have: &LiveAccount, expected: &mut Expected) {
        let pricing =
            want.custom_pricing.is_some_and(|want| want != have.custom_pricing.unwrap_or(false));
        let limit = want
            .channel_limit
            .is_some_and(|limit| self.plan.inventory.limits.get(&have.id) != Some(&limit));
        let (status, cannot) = match (have.status, want.enabled) {
            (_, None)
            | (Some(Status::Enabled), Some(true))
            | (Some(Status::Disabled), Some(false)) => (false, false),
            (Some(Status::Enabled | Status::Disabled), Some(_)) => (true, false),
            (Some(Status::Blocked) | None, Some(_)) => (false, true),
        };
        let rollup = want.rollup_billing.is_some_and(|want| have.rollup_billing != Some(want));
        let differs =
            cannot || rollup || have.email != want.email || have.name.as_ref() != Some(&want.name);
        let balance = want.min_balance.is_some_and(|minimum| {
            let balance = self.live.balances.get(&have.id);
            balance.is_none_or(|balance| balance.amount < minimum)
        });
        let differs = differs || balance;
        let actions = [pricing, limit, status].into_iter().filter(|needed| *needed).count();
        expected.entry(Subject::Account, &[&want.email, &have.email], actions, differs);
    }

    fn unlisted_account(&self, have: &LiveAccount, expected: &mut Expected) {
        let policy = self.world.want.policy.unlisted_accounts;
        let renamed = self.is_renamed(Subject::Account, &have.email);
        let disable = (policy, have.status) == (UnlistedAccounts::Disable, Some(Status::Enabled));
        match (policy, have.status) {
            _ if renamed || disable => {
                expected.entry(Subject::Account, &[&have.email], usize::from(disable), true);
            }
            (UnlistedAccounts::Ignore, _) => expected.ignored += 1,
            (UnlistedAccounts::Disable, Some(Status::Disabled | Status::Blocked)) => {
                expected.in_sync += 1;
            }
            (UnlistedAccounts::Disable | UnlistedAccounts::Report, _) => {
                expected.entry(Subject::Account, &[&have.email], 0, true);
            }
        }
    }

    fn users(&self, expected: &mut Expected) {
        let (Some(want), Some(have)) = (&self.world.want.users, &self.live.users) else { return };
        for entry in want.values() {
            let those: Vec<_> = have.iter().filter(|user| user.email == entry.email).collect();
            let owner = self.live.owners.contains(&entry.email);
            let listed = match entry.presence {
                Presence::Present { until, .. } => until.is_none_or(|until| day(TODAY) <= until),
                Presence::Owner => true,
                Presence::Absent => false,
            };
            if listed {
                // An owner who is not listed is not missing, unless accounts name another one.
                let named = !self.live.owners.is_empty() || !entry.is_owner();
                let missing = those.is_empty() && !owner && named;
                let removed = |user: &&&LiveUser| self.removes_stale(entry, user);
                let actions = those.iter().filter(removed).count();
                let differs = missing || those.iter().any(|user| self.differs(entry, user));
                expected.entry(Subject::User, &[&entry.email], actions, differs);
            } else if those.is_empty() {
                let differs = owner && entry.presence == Presence::Absent;
                expected.entry(Subject::User, &[&entry.email], 0, differs);
            }
            for user in those.iter().filter(|_| !listed) {
                self.unwanted(user, entry.presence == Presence::Absent, expected);
            }
        }
        for user in have.iter().filter(|user| !want.contains_key(&user.email)) {
            self.unwanted(user, false, expected);
        }
    }

    fn differs(&self, entry: &WantedUser, user: &LiveUser) -> bool {
        let owner = user.role == Role::Owner || self.live.owners.contains(&user.email);
        let groups = match (&entry.presence, &user.groups) {
            (Presence::Present { groups: Some(want), .. }, have) => have
                .as_ref()
                .is_none_or(|have| !want.iter().eq(have.iter().collect::<BTreeSet<_>>())),
            _ => false,
        };
        let status = !matches!(user.status, None | Some(UserStatus::Enabled));
        let access = &self.world.want.policy.access;
        let bypasses = access
            .sso_bypass
            .as_ref()
            .is_some_and(|only| !only.contains(&user.email) && user.bypasses_sso != Some(false));
        let grants = matches!(
            &entry.presence,
            Presence::Present { groups: Some(granted), .. } if granted.contains("Support")
        );
        // Every user of these worlds is in this group.
        let privileged = !access.privileged_groups.is_empty() && !owner && !grants;
        let stale = !entry.keep && self.may_be_stale(user);
        status || groups || bypasses || privileged || stale || entry.is_owner() && !owner
    }

    /// Returns true for a user who is stale, or whose dates do not prove the opposite.
    fn may_be_stale(&self, user: &LiveUser) -> bool {
        let Some(days) = self.world.want.policy.access.stale_after else { return false };
        let recent = |date: &str| day(TODAY).days_since(day(date)) < i64::from(days);
        let dates = [("2025-10-01", user.last_sign_in), ("2026-02-20", user.last_sign_in)];
        let signed_in =
            |(date, on): (&str, LastSignIn)| on == LastSignIn::On(day(date)) && recent(date);
        let created = ["2025-01-01", "2026-02-10"]
            .into_iter()
            .any(|date| user.created == Some(day(date)) && recent(date));
        !created && !dates.into_iter().any(signed_in)
    }

    /// Returns true if the policy removes a listed user.
    fn removes_stale(&self, entry: &WantedUser, user: &LiveUser) -> bool {
        let want = &self.world.want;
        let accepted = want.accept.iter().any(|one| {
            (one.code, one.email.as_ref()) == (Code::UserStale, Some(&user.email))
                && day(TODAY) <= one.until
        });
        let gone = self.world.state.removed.contains(&user.id)
            && user.status == Some(UserStatus::Disabled);
        let sub_user = user.role == Role::SubUser && !self.live.owners.contains(&user.email);
        want.policy.access.stale_users == StaleUsers::Remove
            && self.may_be_stale(user)
            && user.created.is_some()
            && matches!(user.last_sign_in, LastSignIn::On(_))
            && sub_user
            && !(entry.keep || accepted || gone || want.policy.protected.contains(&user.email))
    }

    /// A live user whose entry is absent or has expired, or who has no entry.
    fn unwanted(&self, user: &LiveUser, absent: bool, expected: &mut Expected) {
        let policy = self.world.want.policy.unlisted_users;
        if policy == UnlistedUsers::Ignore && !absent {
            expected.ignored += 1;
            return;
        }
        let sub_user = user.role == Role::SubUser && !self.live.owners.contains(&user.email);
        let gone = self.world.state.removed.contains(&user.id)
            && user.status == Some(UserStatus::Disabled)
            && !self.is_renamed(Subject::User, &user.email);
        let removes = absent || policy == UnlistedUsers::Remove;
        let actions = usize::from(sub_user && removes && !gone);
        expected.entry(Subject::User, &[&user.email], actions, true);
    }

    /// Returns true if two live objects share an email that a possible rename names: a finding names only the
    /// email, so the oracle cannot know which of them it is about.
    fn is_ambiguous(&self) -> bool {
        let accounts = self.live.accounts.iter().map(|one| (Subject::Account, &one.email));
        let users = self.live.users.iter().flatten().map(|one| (Subject::User, &one.email));
        let mut seen = BTreeSet::new();
        accounts.chain(users).any(|(subject, email)| {
            !seen.insert((subject, email)) && self.is_renamed(subject, email)
        })
    }
}

#[test]
fn promise_13_every_entry_and_live_object_is_in_sync_an_action_a_finding_or_ignored() {
    rich_law(0.2, |world| {
        let (plan, live) = (world.plan(), world.read());
        let case = Case { world: &world, live, plan: &plan };
        if case.is_ambiguous() {
            return Ok(());
        }
        let mut expected = Expected::default();
        if !world.want.accounts.is_empty() {
            case.accounts(&mut expected);
        }
        case.users(&mut expected);
        prop_assert_eq!(plan.in_sync, expected.in_sync, "in sync: {:#?}", plan);
        prop_assert_eq!(plan.ignored, expected.ignored, "ignored: {:#?}", plan);
        prop_assert_eq!(
            plan.actions.len() + plan.withheld,
            expected.actions,
            "actions, planned or withheld: {:#?}",
            plan
        );
        for (subject, emails) in &expected.differing {
            let action = plan
                .requested()
                .any(|one| one.subject() == *subject && emails.contains(one.email()));
            let found = emails.iter().any(|email| case.found(*subject, email, |_| true));
            prop_assert!(action || found, "{:?}: {:#?}", emails, plan);
        }
        prop_assert!(plan.withheld == 0 || plan.has_drift());
        prop_assert!(plan.withheld == 0 || !plan.findings.is_empty());
        Ok(())
    });
}

/// Situations in which a setting matches nothing that was read.
fn notices(change: impl FnOnce(&mut Situation)) -> Vec<Code> {
    let mut situation = Situation::in_sync();
    situation.want.policy.protected = [Email::new("rooot@acme.example")].into();
    let accept = |code, address: &str| Accepted {
        code,
        email: Some(Email::new(address)),
        until: day("2026-12-31"),
        reason: None,
    };
    situation.want.accept = vec![
        accept(Code::UserMissing, "ops@acme.example"),
        accept(Code::ImmutableName, "cat@shop.example"),
    ];
    change(&mut situation);
    let unmatched = [Code::ProtectedUnmatched, Code::AcceptUnmatched];
    let found = situation.plan().findings.into_iter().map(|finding| finding.code());
    found.filter(|code| unmatched.contains(code)).collect()
}

#[test]
fn a_setting_is_unmatched_only_if_the_half_it_may_match_was_read_completely() {
    use Code::{AcceptUnmatched, ProtectedUnmatched};
    assert_eq!(notices(|_| {}), [ProtectedUnmatched, AcceptUnmatched, AcceptUnmatched]);
    // The address may be in the incomplete half, and so may the finding of one `accept`.
    for half in [Half::Accounts, Half::Users] {
        let gap = Gap::new(half, "a page was empty");
        assert_eq!(notices(|one| one.live.gaps = vec![gap]), [AcceptUnmatched], "{half:?}");
    }
    let without_accounts = notices(|one| {
        one.want.accounts.clear();
        one.live.accounts.clear();
    });
    assert_eq!(without_accounts, [ProtectedUnmatched, AcceptUnmatched, AcceptUnmatched]);
    let without_users = notices(|one| (one.want.users, one.live.users) = (None, None));
    assert_eq!(without_users, [ProtectedUnmatched, AcceptUnmatched, AcceptUnmatched]);
}

#[test]
fn an_accept_that_is_past_its_day_is_reported_whatever_was_read() {
    let past = |one: &mut Situation| {
        one.want.accept.truncate(1);
        one.want.accept[0].until = day("2026-02-28");
        one.live.gaps = gaps();
    };
    assert_eq!(notices(past), [Code::AcceptUnmatched]);
}

#[test]
fn the_dependent_actions_of_a_withheld_create_count_as_withheld() {
    let mut situation = Situation::in_sync();
    situation.live.accounts.remove(0);
    situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 0 });
    situation.live.gaps = gaps();
    let cat = situation.account("cat");
    (cat.enabled, cat.channel_limit) = (Some(false), Some(10));
    let plan = situation.plan();
    assert_eq!(
        (plan.actions.len(), plan.withheld),
        (0, 3),
        "the create, the disable and the limit"
    );
}
