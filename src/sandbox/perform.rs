//! The operations: reads the request, applies it to the state, and renders the answer.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use serde_json::Map;

use super::{
    answer,
    behavior::{ChannelAccess, OwnerVisibility},
    fault::Refusal,
    fields,
    operation::Operation,
    query::{AccountQuery, UserQuery, include_groups},
    state::{Account, RecordType, SandboxState, User},
    store::SandboxStore,
    wire,
};

/// A request without its method and path. An unreadable body matters only to operations that read it.
pub(super) struct Input<'a> {
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Result<Vec<u8>, Refusal>,
}

pub(super) type JsonBody = Map<String, serde_json::Value>;

/// Performs an operation.
pub(super) async fn perform(
    store: &Arc<SandboxStore>,
    operation: Operation,
    input: Input<'_>,
) -> Result<Response, Refusal> {
    let state = store.read();
    let now = Timestamp::now();
    match operation {
        Operation::ListAccounts => list_accounts(&store.listed(), input.query),
        Operation::ShowChannels if state.behavior.channels == ChannelAccess::Forbidden => {
            Err(Refusal::Forbidden)
        }
        Operation::ShowChannels => Ok(answer::data(&wire::channels(&state))),
        Operation::ShowAccount(id) => {
            let account = state.account(&id).ok_or(Refusal::NotFound)?;
            store.delays.retrieved(&id);
            Ok(show_account(store, &state, account))
        }
        Operation::CreateAccount => {
            let body = input.body()?;
            let (account, state) = store.change(move |state| state.create(&body, now)).await?;
            store.delays.created(&account.id, &state.behavior);
            Ok(show_account(store, &state, &account))
        }
        Operation::UpdateAccount(id) => {
            let body = input.body_for(&state, &id)?;
            change_account(store, move |state| state.update(&id, &body, now)).await
        }
        Operation::DisableAccount(id) => {
            change_account(store, move |state| state.disable(&id, now)).await
        }
        Operation::EnableAccount(id) => {
            let body = input.optional_body_for(&state, &id)?;
            change_account(store, move |state| state.enable(&id, &body, now)).await
        }
        Operation::SetChannelLimit(id) => {
            let body = input.body_for(&state, &id)?;
            let (account, state) =
                store.change(move |state| state.set_channel_limit(&id, &body, now)).await?;
            Ok(answer::data(&wire::channel_limit(&state, &account)))
        }
        Operation::ListUsers => list_users(&store.listed(), input.query),
        Operation::ReportGroups => Ok(report(&store.listed(), input.headers)),
        Operation::ShowUser(id) => {
            let groups = include_groups(input.query)?;
            let user = state.user(&id).ok_or(Refusal::NotFound)?;
            Ok(answer::data(&wire::user(&state, user, groups)))
        }
        Operation::RemoveUser(id) => {
            let (user, state) = store.change(move |state| state.remove_user(&id)).await?;
            Ok(answer::data(&wire::user(&state, &user, false)))
        }
    }
}

impl Input<'_> {
    fn body(self) -> Result<JsonBody, Refusal> {
        fields::object(self.headers, &self.body?)
    }

    /// Reads the body. A missing account takes precedence over problems of the body.
    fn body_for(self, state: &SandboxState, id: &str) -> Result<JsonBody, Refusal> {
        state.account(id).ok_or(Refusal::NotFound)?;
        self.body()
    }

    fn optional_body_for(self, state: &SandboxState, id: &str) -> Result<JsonBody, Refusal> {
        let none = matches!(&self.body, Ok(body) if body.is_empty());
        if none { Ok(JsonBody::new()) } else { self.body_for(state, id) }
    }
}

async fn change_account(
    store: &Arc<SandboxStore>,
    with: impl FnOnce(&mut SandboxState) -> Result<Arc<Account>, Refusal> + Send + 'static,
) -> Result<Response, Refusal> {
    let (account, state) = store.change(with).await?;
    Ok(show_account(store, &state, &account))
}

fn show_account(store: &SandboxStore, state: &SandboxState, account: &Account) -> Response {
    let mut shown = wire::account(state, account);
    for field in store.delays.missing(&account.id) {
        shown.as_object_mut().map(|fields| fields.remove(field));
    }
    answer::data(&shown)
}

fn list_accounts(state: &SandboxState, query: &str) -> Result<Response, Refusal> {
    let query = AccountQuery::parse(query)?;
    let page = wire::page(&query.select(state)?, query.page, state.behavior.totals, |account| {
        wire::listed_account(state, account)
    });
    Ok(answer::json(StatusCode::OK, &page))
}

fn list_users(state: &SandboxState, query: &str) -> Result<Response, Refusal> {
    let query = UserQuery::parse(query)?;
    let page = wire::page(&query.select(state), query.page, state.behavior.totals, |user| {
        wire::user(state, user, query.include_groups)
    });
    Ok(answer::json(StatusCode::OK, &page))
}

fn report(state: &SandboxState, headers: &HeaderMap) -> Response {
    let hidden = state.behavior.owner == OwnerVisibility::Hidden;
    let shown = |user: &&Arc<User>| !(hidden && user.role == RecordType::OrganizationOwner);
    let users: Vec<_> = state.users.iter().filter(shown).collect();
    if wants_csv(headers) {
        return answer::csv(wire::csv(state, &users));
    }
    let users: Vec<_> = users.iter().map(|user| wire::user(state, user, true)).collect();
    answer::data(&users.into())
}

/// Returns true if `Accept` prefers CSV: by weight, then by order.
fn wants_csv(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut csv, mut json) = (0.0, 0.0);
    for range in accept.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
        match media.as_str() {
            "text/csv" if weight > json => csv = weight,
            "application/json" if weight > csv => json = weight,
            _ => {}
        }
    }
    csv > json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_only_if_accept_prefers_it() -> Result<(), header::InvalidHeaderValue> {
        let wants = |accept: &str| -> Result<bool, header::InvalidHeaderValue> {
            Ok(wants_csv(&HeaderMap::from_iter([(header::ACCEPT, accept.parse()?)])))
        };
        for accept in [
            "text/csv",
            "Text/CSV; charset=utf-8",
            "text/csv, */*",
            "application/json;q=0.5, text/csv",
        ] {
            assert!(wants(accept)?, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/json, text/csv",
            "text/csv;q=0",
            "text/html",
            "text/csv;q=x",
        ] {
            assert!(!wants(accept)?, "{accept}");
        }
        Ok(())
    }
}
