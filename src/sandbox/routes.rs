//! From method and path to an operation, and from an operation to its answer.

use super::answer::{Answer, Family};
use super::body::Fields;
use super::seed::Seed;
use super::{accounts, query, users};

/// An operation of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    ListAccounts,
    CreateAccount,
    Channels,
    RetrieveAccount(String),
    UpdateAccount(String),
    DisableAccount(String),
    EnableAccount(String),
    SetChannelLimit(String),
    ListUsers,
    GroupsReport,
    RetrieveUser(String),
    RemoveUser(String),
}

/// A request, as far as operations care.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub query: &'a str,
    pub accept: &'a str,
    pub content_type: &'a str,
    pub body: &'a [u8],
}

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    To(Operation),
    /// The path is known and takes these methods only.
    OtherMethod(&'static str),
    Nowhere,
}

/// Finds the operation. `path` is below the base URL and percent-decoded, segment by segment.
pub(super) fn route(method: &str, segments: &[&str]) -> Route {
    use Operation as Op;
    let id = |id: &str| id.to_owned();
    let known = match segments {
        ["managed_accounts"] => {
            vec![("GET", Op::ListAccounts), ("POST", Op::CreateAccount)]
        }
        ["managed_accounts", "allocatable_global_outbound_channels"] => {
            vec![("GET", Op::Channels)]
        }
        ["managed_accounts", one] => {
            vec![("GET", Op::RetrieveAccount(id(one))), ("PATCH", Op::UpdateAccount(id(one)))]
        }
        ["managed_accounts", one, "actions", "disable"] => {
            vec![("POST", Op::DisableAccount(id(one)))]
        }
        ["managed_accounts", one, "actions", "enable"] => {
            vec![("POST", Op::EnableAccount(id(one)))]
        }
        ["managed_accounts", one, "update_global_channel_limit"] => {
            vec![("PATCH", Op::SetChannelLimit(id(one)))]
        }
        ["organizations", "users"] => vec![("GET", Op::ListUsers)],
        ["organizations", "users", "users_groups_report"] => {
            vec![("GET", Op::GroupsReport)]
        }
        ["organizations", "users", one] => {
            vec![("GET", Op::RetrieveUser(id(one)))]
        }
        ["organizations", "users", one, "actions", "remove"] => {
            vec![("POST", Op::RemoveUser(id(one)))]
        }
        _ => return Route::Nowhere,
    };
    let allowed = match known[..] {
        [("GET", _), ("POST", _)] => "GET, POST",
        [("GET", _), ("PATCH", _)] => "GET, PATCH",
        [("GET", _)] => "GET",
        [("PATCH", _)] => "PATCH",
        _ => "POST",
    };
    let found = known.into_iter().find(|(known, _)| *known == method);
    found.map_or(Route::OtherMethod(allowed), |(_, operation)| Route::To(operation))
}

impl Operation {
    pub(super) fn family(&self) -> Family {
        match self {
            Self::ListAccounts
            | Self::CreateAccount
            | Self::Channels
            | Self::RetrieveAccount(_)
            | Self::UpdateAccount(_)
            | Self::DisableAccount(_)
            | Self::EnableAccount(_)
            | Self::SetChannelLimit(_) => Family::Accounts,
            Self::ListUsers | Self::GroupsReport | Self::RetrieveUser(_) | Self::RemoveUser(_) => {
                Family::Users
            }
        }
    }

    /// Whether it may change the state.
    pub(super) fn changes(&self) -> bool {
        match self {
            Self::CreateAccount
            | Self::UpdateAccount(_)
            | Self::DisableAccount(_)
            | Self::EnableAccount(_)
            | Self::SetChannelLimit(_)
            | Self::RemoveUser(_) => true,
            Self::ListAccounts
            | Self::Channels
            | Self::RetrieveAccount(_)
            | Self::ListUsers
            | Self::GroupsReport
            | Self::RetrieveUser(_) => false,
        }
    }

    /// What an operation that only reads answers. `None`: it is not one of those.
    pub(super) fn read(&self, state: &Seed, request: Request<'_>) -> Option<Answer> {
        let answer = match self {
            Self::ListAccounts => {
                query::accounts(request.query).map(|query| accounts::list(state, &query))
            }
            Self::Channels => Ok(accounts::channels(state)),
            Self::RetrieveAccount(id) => Ok(accounts::retrieve(state, id)),
            Self::ListUsers => query::users(request.query).map(|query| users::list(state, &query)),
            Self::GroupsReport if request.accept.contains("text/csv") => {
                Ok(users::report_csv(state))
            }
            Self::GroupsReport => Ok(users::report(state)),
            Self::RetrieveUser(id) => query::include_groups(request.query)
                .map(|include_groups| users::retrieve(state, id, include_groups)),
            Self::CreateAccount
            | Self::UpdateAccount(_)
            | Self::DisableAccount(_)
            | Self::EnableAccount(_)
            | Self::SetChannelLimit(_)
            | Self::RemoveUser(_) => return None,
        };
        Some(answer.unwrap_or_else(|problems| Answer::invalid(self.family(), &problems)))
    }

    /// What an operation answers that may change the state.
    pub(super) fn change(&self, state: &mut Seed, request: Request<'_>) -> Answer {
        let fields = |needed| Fields::read(request.body, request.content_type, needed);
        let answer = match self {
            Self::CreateAccount => {
                fields(true).map(|mut fields| accounts::create(state, &mut fields))
            }
            Self::UpdateAccount(id) => {
                fields(true).map(|mut fields| accounts::update(state, id, &mut fields))
            }
            Self::EnableAccount(id) => {
                fields(false).map(|mut fields| accounts::enable(state, id, &mut fields))
            }
            Self::SetChannelLimit(id) => {
                fields(true).map(|mut fields| accounts::set_limit(state, id, &mut fields))
            }
            Self::DisableAccount(id) => Ok(accounts::disable(state, id)),
            Self::RemoveUser(id) => Ok(users::remove(state, id)),
            Self::ListAccounts
            | Self::Channels
            | Self::RetrieveAccount(_)
            | Self::ListUsers
            | Self::GroupsReport
            | Self::RetrieveUser(_) => Ok(Answer::not_found(self.family())),
        };
        answer.unwrap_or_else(|problems| Answer::invalid(self.family(), &problems))
    }
}
