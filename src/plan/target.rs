//! Limiting a finished plan to certain accounts and users (`--target`).

use std::collections::BTreeSet;

use super::identity::{Match, Pairing};
use super::{Finding, Plan};
use crate::model::{Desired, Email, Live};

impl Plan {
    /// Keeps only the actions and findings about `targets`, and counts the others. The safety limits stay
    /// those of the whole plan. `desired` and `live` must be those of the plan: they map the email of an entry
    /// to the live email of its account.
    #[must_use]
    pub fn choose(self, desired: &Desired, live: &Live, targets: &BTreeSet<Email>) -> Self {
        let mut targets = targets.clone();
        for (want, side) in Pairing::new(desired, live).entries {
            if let Match::Account(have) = side
                && targets.contains(&want.email)
            {
                targets.insert(have.email.clone());
            }
        }
        let chosen =
            |finding: &Finding| finding.email().is_none_or(|email| targets.contains(email));
        self.retain(|planned| targets.contains(planned.action.email())).retain_findings(chosen)
    }

    /// The targets that are neither listed nor live: most likely typing mistakes.
    #[must_use]
    pub fn unmatched_targets<'a>(
        desired: &Desired,
        live: &Live,
        targets: &'a BTreeSet<Email>,
    ) -> Vec<&'a Email> {
        let users = |email: &Email| {
            desired.users.as_ref().is_some_and(|users| users.contains_key(email))
                || live.users.iter().flatten().any(|user| user.email == *email)
        };
        let accounts = |email: &Email| {
            desired.accounts.contains_key(email)
                || live.accounts.iter().any(|account| account.email == *email)
        };
        targets.iter().filter(|email| !users(email) && !accounts(email)).collect()
    }
}
