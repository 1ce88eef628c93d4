//! Choosing from a finished plan: only what is about certain accounts and users.

use std::collections::BTreeSet;

use super::identity::{Match, Pairing};
use super::{Plan, Subject};
use crate::model::{Desired, Email, Live};

impl Plan {
    /// Leaves only what is about `targets`. The guards stay those of the whole plan, and what is not
    /// chosen is counted. `desired` and `live` are what the plan was made of: an account of an `id` may
    /// have another email than its entry.
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
        let mut chosen = self.retain(|planned| targets.contains(planned.action.email()));
        chosen.findings.retain(|finding| match (finding.subject(), finding.email()) {
            (Subject::Organization, _) | (Subject::Account | Subject::User, None) => true,
            (Subject::Account | Subject::User, Some(email)) => targets.contains(email),
        });
        chosen
    }

    /// Those of `targets` that are neither in the manifest nor live: most likely mistyped.
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
