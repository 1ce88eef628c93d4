//! The four operations on users of the organization, as functions of the state.

use serde_json::{Value, json};

use super::accounts::page;
use super::answer::{Answer, Family};
use super::query::UsersQuery;
use super::seed::{Seed, User};

const FAMILY: Family = Family::Users;

/// `GET /organizations/users`
pub(super) fn list(state: &Seed, query: &UsersQuery) -> Answer {
    let wanted = |user: &&User| {
        let holds = |part: &String| user.email.to_lowercase().contains(&part.to_lowercase());
        query.status.as_ref().is_none_or(|status| *status == user.user_status)
            && query.email.as_ref().is_none_or(holds)
    };
    let users: Vec<&User> = state.users.iter().filter(wanted).collect();
    page(&users, query.page, |user| shown(user, query.include_groups))
}

/// `GET /organizations/users/{id}`
pub(super) fn retrieve(state: &Seed, id: &str, include_groups: bool) -> Answer {
    match state.users.iter().find(|user| user.id == id) {
        Some(user) => Answer::ok(shown(user, include_groups)),
        None => Answer::not_found(FAMILY),
    }
}

/// `GET /organizations/users/users_groups_report`, as JSON
pub(super) fn report(state: &Seed) -> Answer {
    Answer::ok(state.users.iter().map(|user| shown(user, true)).collect())
}

/// `GET /organizations/users/users_groups_report`, as CSV (RFC 4180)
pub(super) fn report_csv(state: &Seed) -> Answer {
    let mut text = "id,email,user_status,created_at,last_sign_in_at,groups\n".to_owned();
    for user in &state.users {
        let groups: Vec<&str> = user.groups.iter().map(|group| group.name.as_str()).collect();
        let groups = groups.join(", ");
        let last = user.last_sign_in_at.as_deref().unwrap_or_default();
        let cells = [&user.id, &user.email, &user.user_status, &user.created_at, last, &groups];
        text.push_str(&cells.map(cell).join(","));
        text.push('\n');
    }
    Answer::csv(text)
}

/// `POST /organizations/users/{id}/actions/remove`
pub(super) fn remove(state: &mut Seed, id: &str) -> Answer {
    match state.users.iter().position(|user| user.id == id) {
        None => Answer::not_found(FAMILY),
        Some(place) if state.users[place].record_type == "organization_owner" => {
            Answer::forbidden(FAMILY)
        }
        Some(place) => Answer::ok(shown(&state.users.remove(place), false)),
    }
}

fn shown(user: &User, groups: bool) -> Value {
    let mut value = json!({
        "id": user.id,
        "record_type": user.record_type,
        "email": user.email,
        "user_status": user.user_status,
        "organization_user_bypasses_sso": user.organization_user_bypasses_sso,
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
    });
    if groups {
        value["groups"] = json!(user.groups);
    }
    value
}

fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
