//! Queries of the list of accounts.

use std::{cmp::Reverse, sync::Arc};

use super::{PageRequest, Parameters};
use crate::sandbox::{
    behavior::{Behavior, DisabledFilter, StatusFilter},
    fault::{Refusal, RequestFault},
    state::{Account, AccountStatus, SandboxState},
};

const DEFAULT_SIZE: u64 = 20;
const MIN_CONTAINS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// The default. The document is ambiguous: its schema says ascending `created_at`, its text newest first.
    NewestFirst,
    CreatedAt,
    Email,
}

/// The accounts that a status filter selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selection {
    /// Everything; cancelled accounts only with `include_cancelled_accounts`. Also without a filter.
    All,
    /// Everything that isn't cancelled, whatever `include_cancelled_accounts` says.
    Active,
    /// Exactly these, including cancelled ones.
    Only(AccountStatus),
}

#[derive(Debug, Default)]
struct TextFilter {
    eq: Option<String>,
    /// In lower case.
    contains: Option<String>,
}

/// A valid query for the list of accounts.
#[derive(Debug)]
pub(in crate::sandbox) struct AccountQuery {
    pub(in crate::sandbox) page: PageRequest,
    sort: Sort,
    selection: Selection,
    by_status: bool,
    include_cancelled: bool,
    email: TextFilter,
    organization_name: TextFilter,
}

impl AccountQuery {
    pub(in crate::sandbox) fn parse(query: &str) -> Result<Self, Refusal> {
        let mut parameters = Parameters::parse(query);
        let selection = parameters.one_of("filter[status][eq]", &SELECTIONS);
        let parsed = Self {
            page: parameters.page(DEFAULT_SIZE),
            sort: parameters
                .one_of("sort", &[("created_at", Sort::CreatedAt), ("email", Sort::Email)])
                .unwrap_or(Sort::NewestFirst),
            by_status: selection.is_some(),
            selection: selection.unwrap_or(Selection::All),
            include_cancelled: parameters.boolean("include_cancelled_accounts").unwrap_or(false),
            email: TextFilter::read(&mut parameters, "email"),
            organization_name: TextFilter::read(&mut parameters, "organization_name"),
        };
        parameters.refuse_rest_of("filter");
        parameters.finish()?;
        Ok(parsed)
    }

    /// Rejects a status filter that this variant of the API does not know.
    fn check(&self, behavior: &Behavior) -> Result<(), Refusal> {
        if self.by_status && behavior.status_filter == StatusFilter::Rejected {
            let name = "filter[status][eq]";
            return Err(
                RequestFault::parameter(name, format!("{name} is not a known parameter.")).into()
            );
        }
        Ok(())
    }

    /// Returns the selected accounts in the requested order; ties are ordered by id.
    pub(in crate::sandbox) fn select<'a>(
        &self,
        state: &'a SandboxState,
    ) -> Result<Vec<&'a Arc<Account>>, Refusal> {
        self.check(&state.behavior)?;
        let mut found: Vec<_> = state
            .accounts
            .iter()
            .filter(|account| self.matches(account, &state.behavior))
            .collect();
        match self.sort {
            Sort::NewestFirst => found.sort_by(|a, b| {
                (Reverse(a.created_at), &a.id).cmp(&(Reverse(b.created_at), &b.id))
            }),
            Sort::CreatedAt => {
                found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            }
            Sort::Email => found
                .sort_by_cached_key(|account| (account.email.to_lowercase(), account.id.clone())),
        }
        Ok(found)
    }

    fn matches(&self, account: &Account, behavior: &Behavior) -> bool {
        let cancelled = account.status == AccountStatus::Cancelled;
        let selection = match behavior.status_filter {
            StatusFilter::Ignored => Selection::All,
            StatusFilter::Applied | StatusFilter::Rejected => self.selection,
        };
        let selected = match selection {
            Selection::All => !cancelled || self.include_cancelled,
            Selection::Active => !cancelled,
            Selection::Only(AccountStatus::Disabled)
                if behavior.disabled_filter == DisabledFilter::Wide =>
            {
                account.status != AccountStatus::Enabled
            }
            Selection::Only(status) => account.status == status,
        };
        selected
            && !behavior.omits(&account.email)
            && self.email.matches(&account.email)
            && self.organization_name.matches(&account.organization_name)
    }
}

const SELECTIONS: [(&str, Selection); 6] = [
    ("all", Selection::All),
    ("active", Selection::Active),
    ("enabled", Selection::Only(AccountStatus::Enabled)),
    ("cancelled", Selection::Only(AccountStatus::Cancelled)),
    ("disabled", Selection::Only(AccountStatus::Disabled)),
    ("blocked", Selection::Only(AccountStatus::Blocked)),
];

impl TextFilter {
    fn read(parameters: &mut Parameters, field: &str) -> Self {
        let eq = parameters.text(&format!("filter[{field}][eq]"));
        let name = format!("filter[{field}][contains]");
        let contains = parameters.text(&name).map(|text| text.to_lowercase());
        if contains.as_ref().is_some_and(|text| text.chars().count() < MIN_CONTAINS) {
            parameters.refuse(&name, "must have at least three characters");
        }
        Self { eq, contains }
    }

    fn matches(&self, value: &str) -> bool {
        self.eq.as_ref().is_none_or(|eq| eq == value)
            && self.contains.as_ref().is_none_or(|part| value.to_lowercase().contains(part))
    }
}
