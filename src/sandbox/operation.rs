//! The twelve operations, and routing.

use axum::http::Method;

/// An operation. A string is the id in the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    ListAccounts,
    CreateAccount,
    ShowChannels,
    ShowAccount(String),
    UpdateAccount(String),
    DisableAccount(String),
    EnableAccount(String),
    SetChannelLimit(String),
    ListUsers,
    ReportGroups,
    ShowUser(String),
    RemoveUser(String),
}

/// The halves of the API, which differ in their refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `/managed_accounts`: 401, 403 and 404 have no body, invalid requests get 422.
    Accounts,
    /// `/organizations/users` and unknown paths: every refusal has a body, invalid requests get 400.
    Users,
}

/// A request without an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unrouted {
    UnknownPath,
    /// With the allowed methods.
    WrongMethod(&'static str),
}

/// The path after the version; empty for any other path.
fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix("/v2/").unwrap_or_default().split('/').collect()
}

pub(super) fn family(path: &str) -> Family {
    if segments(path).first() == Some(&"managed_accounts") {
        Family::Accounts
    } else {
        Family::Users
    }
}

/// Finds the operation. Fixed segments take precedence over ids, for every method.
pub(super) fn route(method: &Method, path: &str) -> Result<Operation, Unrouted> {
    use Operation as Op;
    let segments = segments(path);
    if segments.contains(&"") {
        return Err(Unrouted::UnknownPath);
    }
    let id = |id: &str| id.to_owned();
    let (allowed, operation) = match (segments.as_slice(), method.as_str()) {
        (["managed_accounts"], "POST") => return Ok(Op::CreateAccount),
        (["managed_accounts"], _) => ("GET, POST", Op::ListAccounts),
        (["managed_accounts", "allocatable_global_outbound_channels"], _) => {
            ("GET", Op::ShowChannels)
        }
        (["managed_accounts", account], "PATCH") => return Ok(Op::UpdateAccount(id(account))),
        (["managed_accounts", account], _) => ("GET, PATCH", Op::ShowAccount(id(account))),
        (["managed_accounts", account, "actions", "disable"], _) => {
            ("POST", Op::DisableAccount(id(account)))
        }
        (["managed_accounts", account, "actions", "enable"], _) => {
            ("POST", Op::EnableAccount(id(account)))
        }
        (["managed_accounts", account, "update_global_channel_limit"], _) => {
            ("PATCH", Op::SetChannelLimit(id(account)))
        }
        (["organizations", "users"], _) => ("GET", Op::ListUsers),
        (["organizations", "users", "users_groups_report"], _) => ("GET", Op::ReportGroups),
        (["organizations", "users", user], _) => ("GET", Op::ShowUser(id(user))),
        (["organizations", "users", user, "actions", "remove"], _) => {
            ("POST", Op::RemoveUser(id(user)))
        }
        _ => return Err(Unrouted::UnknownPath),
    };
    // The remaining operations have one method, the first of the allowed ones.
    if allowed.split(", ").next() == Some(method.as_str()) {
        Ok(operation)
    } else {
        Err(Unrouted::WrongMethod(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_the_path_names_an_account() {
        let path = "/v2/managed_accounts/x";
        assert_eq!(route(&Method::GET, path), Ok(Operation::ShowAccount("x".to_owned())));
    }

    #[test]
    fn fixed_words_win_over_ids() {
        let path = "/v2/managed_accounts/allocatable_global_outbound_channels";
        assert_eq!(route(&Method::GET, path), Ok(Operation::ShowChannels));
        assert_eq!(route(&Method::PATCH, path), Err(Unrouted::WrongMethod("GET")));
        assert_eq!(
            route(&Method::GET, "/v2/organizations/users/users_groups_report"),
            Ok(Operation::ReportGroups)
        );
    }

    #[test]
    fn an_undeclared_method_gets_the_declared_ones() {
        assert_eq!(
            route(&Method::DELETE, "/v2/managed_accounts/x"),
            Err(Unrouted::WrongMethod("GET, PATCH"))
        );
        assert_eq!(
            route(&Method::HEAD, "/v2/managed_accounts"),
            Err(Unrouted::WrongMethod("GET, POST"))
        );
    }

    #[test]
    fn other_paths_are_unknown() {
        for path in [
            "",
            "/",
            "/v2",
            "/v2/",
            "/managed_accounts",
            "/v1/managed_accounts",
            "/v2/managed_accounts/",
            "/v2//managed_accounts",
            "*",
        ] {
            assert_eq!(route(&Method::GET, path), Err(Unrouted::UnknownPath), "{path}");
        }
    }
}
