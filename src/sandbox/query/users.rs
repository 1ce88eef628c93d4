//! Queries of the list of users.

use std::sync::Arc;

use super::{PageRequest, Parameters};
use crate::sandbox::{
    behavior::OwnerVisibility,
    fault::Refusal,
    state::{RecordType, SandboxState, SignInStatus, User},
};

const DEFAULT_SIZE: u64 = 250;

/// A valid query for the list of users.
#[derive(Debug)]
pub(in crate::sandbox) struct UserQuery {
    pub(in crate::sandbox) page: PageRequest,
    pub(in crate::sandbox) include_groups: bool,
    status: Option<SignInStatus>,
    /// In lower case.
    email: Option<String>,
}

impl UserQuery {
    pub(in crate::sandbox) fn parse(query: &str) -> Result<Self, Refusal> {
        let mut parameters = Parameters::parse(query);
        let statuses = [
            ("enabled", SignInStatus::Enabled),
            ("disabled", SignInStatus::Disabled),
            ("blocked", SignInStatus::Blocked),
        ];
        let parsed = Self {
            page: parameters.page(DEFAULT_SIZE),
            include_groups: parameters.boolean("include_groups").unwrap_or(false),
            status: parameters.one_of("filter[user_status]", &statuses),
            email: parameters.text("filter[email]").map(|text| text.to_lowercase()),
        };
        parameters.refuse_rest_of("filter");
        parameters.refuse_rest_of("page");
        parameters.finish()?;
        Ok(parsed)
    }

    /// All users that the query selects, in the order of the seed.
    pub(in crate::sandbox) fn select<'a>(&self, state: &'a SandboxState) -> Vec<&'a Arc<User>> {
        let email = |user: &User| {
            self.email.as_ref().is_none_or(|part| user.email.to_lowercase().contains(part))
        };
        let status = |user: &User| self.status.is_none_or(|status| user.status == status);
        let owner = state.behavior.owner == OwnerVisibility::Listed;
        let listed = |user: &User| owner || user.role != RecordType::OrganizationOwner;
        state.users.iter().filter(|user| listed(user) && status(user) && email(user)).collect()
    }
}

/// The only parameter of retrieving one user.
pub(in crate::sandbox) fn include_groups(query: &str) -> Result<bool, Refusal> {
    let mut parameters = Parameters::parse(query);
    let include = parameters.boolean("include_groups").unwrap_or(false);
    parameters.finish()?;
    Ok(include)
}
