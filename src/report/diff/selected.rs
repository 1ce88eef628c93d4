//! The entries and fields that `--only` or `--target` selects, so that the diff shows what the plan shows.

use std::collections::BTreeMap;

use crate::model::{Code, Email, LiveAccount, Presence, WantedAccount, WantedUser};
use crate::plan::{Action, Finding, Level, Plan};

/// The selected actions and findings of drift, by email.
pub(super) struct Selected<'a> {
    actions: BTreeMap<&'a Email, Vec<&'a Action>>,
    findings: BTreeMap<&'a Email, Vec<Code>>,
}

impl<'a> Selected<'a> {
    /// The selection of a plan. `None` if everything is selected.
    pub(super) fn of(plan: &'a Plan) -> Option<Self> {
        if plan.unchosen + plan.unchosen_findings == 0 {
            return None;
        }
        let (mut actions, mut findings): (BTreeMap<_, Vec<_>>, BTreeMap<_, Vec<_>>) =
            <_>::default();
        for action in plan.requested() {
            actions.entry(action.email()).or_default().push(action);
        }
        let drift = |finding: &&Finding| finding.level() == Level::Drift;
        for finding in plan.findings.iter().filter(drift) {
            if let Some(email) = finding.email() {
                findings.entry(email).or_default().push(finding.code());
            }
        }
        Some(Self { actions, findings })
    }

    fn actions(&self, email: &Email) -> &[&'a Action] {
        self.actions.get(email).map_or(&[], Vec::as_slice)
    }

    fn has(&self, email: &Email, code: Code) -> bool {
        self.findings.get(email).is_some_and(|codes| codes.contains(&code))
    }

    fn names(&self, email: &Email) -> bool {
        self.actions.contains_key(email) || self.findings.contains_key(email)
    }

    /// An entry with the selected fields only. `None` if nothing of it is selected.
    pub(super) fn account(
        &self,
        account: &WantedAccount,
        live: &[&LiveAccount],
    ) -> Option<WantedAccount> {
        // An action names the live email, a finding that of the entry.
        let emails: Vec<&Email> =
            [&account.email].into_iter().chain(live.iter().map(|one| &one.email)).collect();
        if !emails.iter().any(|email| self.names(email)) {
            return None;
        }
        let acts = |is: fn(&Action) -> bool| {
            emails.iter().any(|email| self.actions(email).iter().any(|action| is(action)))
        };
        let finds = |code| emails.iter().any(|email| self.has(email, code));
        if acts(Action::is_create) {
            return Some(account.clone());
        }
        let status = acts(|action| {
            matches!(action, Action::EnableAccount { .. } | Action::DisableAccount { .. })
        });
        let pricing = acts(|action| matches!(action, Action::UpdateAccount { .. }));
        let limit = acts(|action| matches!(action, Action::SetChannelLimit { .. }));
        let live_name = live.first().and_then(|one| one.name.as_ref());
        let name = live_name.filter(|_| !finds(Code::ImmutableName)).unwrap_or(&account.name);
        Some(WantedAccount {
            name: name.clone(),
            enabled: account.enabled.filter(|_| status || finds(Code::AccountBlocked)),
            custom_pricing: account.custom_pricing.filter(|_| pricing),
            channel_limit: account.channel_limit.filter(|_| limit),
            rollup_billing: account.rollup_billing.filter(|_| finds(Code::ImmutableRollupBilling)),
            ..account.clone()
        })
    }

    /// An entry of a user with its groups only if they are selected. `None` if nothing of it is selected.
    pub(super) fn user(&self, user: &WantedUser) -> Option<WantedUser> {
        let mut chosen = self.names(&user.email).then(|| user.clone())?;
        if let Presence::Present { groups, until: _ } = &mut chosen.presence
            && !self.has(&user.email, Code::GroupMismatch)
        {
            *groups = None;
        }
        Some(chosen)
    }
}
