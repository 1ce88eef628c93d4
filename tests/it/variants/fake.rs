//! A second implementation of the API, written from the table in DESIGN.md. It shares no code with the sandbox.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Variant;

/// Secrets of the fake's accounts.
pub(super) const API_KEY: &str = "KEY_of_a_fake_account";
pub(super) const API_TOKEN: &str = "token_of_a_fake_account";

/// The organization: accounts with their status, and users.
struct Organization {
    accounts: Vec<(Value, &'static str)>,
    users: Vec<Value>,
    variant: Variant,
}

/// A status, header fields and a body.
type Reply = (u16, Vec<(&'static str, String)>, String);

/// Starts a fake, and returns its base URL.
pub(super) async fn start(variant: Variant) -> String {
    let account = |(number, name, status): (usize, &str, &'static str)| {
        (account(number, &format!("{name}@shop.example"), name), status)
    };
    let accounts = [
        (1, "larry", "enabled"),
        (2, "mona", "enabled"),
        (3, "off", "disabled"),
        (4, "blocked", "blocked"),
        (5, "gone", "cancelled"),
    ];
    let users = ["root", "ops", "dev", "odd"].into_iter().enumerate().map(|(number, name)| {
        json!({
            "id": uuid(100 + number), "email": format!("{name}@acme.example"),
            "record_type": if number == 0 { "organization_owner" } else { "organization_sub_user" },
            "user_status": "enabled", "groups": [],
        })
    });
    let organization =
        Organization { accounts: accounts.map(account).to_vec(), users: users.collect(), variant };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v2", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(Arc::new(Mutex::new(organization)));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn account(number: usize, email: &str, name: &str) -> Value {
    json!({
        "id": uuid(number), "email": email, "organization_name": name, "record_type": "managed_account",
        "api_user": "root@acme.example", "manager_account_id": uuid(999),
        "managed_account_allow_custom_pricing": false, "rollup_billing": false,
    })
}

async fn answer(
    State(organization): State<Arc<Mutex<Organization>>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let mut organization = organization.lock().unwrap();
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let query: Vec<(String, String)> = query.into_owned().collect();
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    let (status, fields, body) = organization.reply(&parts.method, parts.uri.path(), &value, &body);
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in fields {
        response = response.header(name, value);
    }
    response.header("content-type", "application/json").body(Body::from(body)).unwrap()
}

impl Organization {
    fn reply<'q>(
        &mut self,
        method: &Method,
        path: &str,
        query: &dyn Fn(&str) -> Option<&'q str>,
        body: &Value,
    ) -> Reply {
        let Some(path) = path.strip_prefix("/v2/") else { return refusal(404, "10005", "no") };
        let half = path.split('/').next().unwrap();
        match (self.variant, half) {
            (Variant::NotAManager(status), "managed_accounts") => {
                return (status, vec![], String::new());
            }
            (Variant::NoGrant(refused), half) if [half, super::BOTH].contains(&refused) => {
                return refusal(403, "10010", "no grant allows this");
            }
            (Variant::Inactive(refused), half) if refused == half => {
                return refusal(403, "20012", "Account inactive");
            }
            _ => {}
        }
        let segments: Vec<&str> = path.split('/').collect();
        let (status, body) = match (method.as_str(), segments.as_slice()) {
            ("GET", ["managed_accounts"]) => self.accounts(query),
            ("POST", ["managed_accounts"]) => {
                let (email, name) = (&body["email"], &body["business_name"]);
                let new = account(50, email.as_str().unwrap(), name.as_str().unwrap());
                self.accounts.push((new.clone(), "enabled"));
                (200, self.shown(&new))
            }
            ("GET", ["managed_accounts", "allocatable_global_outbound_channels"]) => {
                if self.variant == Variant::PoolForbidden {
                    return (403, vec![], String::new());
                }
                let pool = match self.variant {
                    Variant::NoChannels => (0, 0),
                    _ => (500, 50),
                };
                (
                    200,
                    json!({ "data": { "allocatable_global_outbound_channels": pool.0, "total_global_channels_allocated": pool.1 } }),
                )
            }
            ("GET", ["managed_accounts", id]) => match self.find(id) {
                Some(at) => (200, self.shown(&self.accounts[at].0)),
                None => return (404, vec![], String::new()),
            },
            ("POST", ["managed_accounts", id, "actions", action]) => {
                let at = self.find(id).unwrap();
                self.accounts[at].1 = if *action == "disable" { "disabled" } else { "enabled" };
                (200, self.shown(&self.accounts[at].0))
            }
            ("PATCH", ["managed_accounts", _, "update_global_channel_limit"]) => {
                let limit = &body["channel_limit"];
                let short = self.variant == Variant::ShortLimitAnswer;
                (
                    200,
                    if short {
                        json!({ "data": {} })
                    } else {
                        json!({ "data": { "channel_limit": limit } })
                    },
                )
            }
            ("GET", ["organizations", "users"]) => {
                let hidden = matches!(self.variant, Variant::OwnerInReport | Variant::OwnerHidden);
                self.page(self.users(hidden), query)
            }
            ("GET", ["organizations", "users", "users_groups_report"]) => {
                (200, json!({ "data": self.users(self.variant == Variant::OwnerHidden) }))
            }
            ("GET", ["organizations", "users", id]) => {
                let user = self.users.iter().find(|user| user["id"] == *id);
                (200, json!({ "data": user.unwrap() }))
            }
            ("POST", ["organizations", "users", id, "actions", "remove"]) => {
                let at = self.users.iter().position(|user| user["id"] == *id).unwrap();
                (200, json!({ "data": self.users.remove(at) }))
            }
            other => panic!("{other:?} is not documented"),
        };
        (status, self.rate_limit(), body.to_string())
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.accounts.iter().position(|(account, _)| account["id"] == *id)
    }

    /// An answer about one account, with its secrets.
    fn shown(&self, account: &Value) -> Value {
        let mut shown = account.clone();
        let new = account["id"] == uuid(50);
        if !(new && self.variant == Variant::NoApiKey) {
            shown["api_key"] = json!(API_KEY);
        }
        if !(new && self.variant == Variant::NoApiToken) {
            shown["api_token"] = json!(API_TOKEN);
        }
        json!({ "data": shown })
    }

    fn accounts<'q>(&self, query: &dyn Fn(&str) -> Option<&'q str>) -> (u16, Value) {
        let wide = self.variant == Variant::WideDisabled;
        let cancelled = query("include_cancelled_accounts") == Some("true");
        let listed = self.accounts.iter().filter(|(account, status)| {
            let email = account["email"].as_str().unwrap();
            let part = query("filter[email][contains]").unwrap_or_default();
            let selected = match query("filter[status][eq]") {
                None => cancelled || *status != "cancelled",
                Some("disabled") if wide => *status != "enabled",
                Some(wanted) => *status == wanted,
            };
            selected && email.contains(part)
        });
        let null = self.variant == Variant::NullAccountEmail;
        let shown = listed.map(|(account, _)| {
            let mut account = account.clone();
            if null && account["organization_name"] == "off" {
                account["email"] = Value::Null;
            }
            account
        });
        self.page(shown.collect(), query)
    }

    fn users(&self, without_owner: bool) -> Vec<Value> {
        let hidden = |user: &&Value| without_owner && user["record_type"] == "organization_owner";
        let shown = self.users.iter().filter(|user| !hidden(user)).cloned().map(|mut user| {
            let null = match self.variant {
                Variant::NullEmail => Some("email"),
                Variant::NullRole => Some("record_type"),
                _ => None,
            };
            if let Some(field) = null.filter(|_| user["id"] == uuid(103)) {
                user[field] = Value::Null;
            }
            user
        });
        shown.collect()
    }

    fn page<'q>(&self, items: Vec<Value>, query: &dyn Fn(&str) -> Option<&'q str>) -> (u16, Value) {
        let size: usize = query("page[size]").map_or(20, |size| size.parse().unwrap());
        let number: usize = query("page[number]").map_or(1, |number| number.parse().unwrap());
        let mut meta = json!({ "page_number": number, "page_size": size });
        meta["total_pages"] = items.len().div_ceil(size).max(1).into();
        if self.variant != Variant::NoTotalResults {
            meta["total_results"] = items.len().into();
        }
        let data: Vec<Value> = items.into_iter().skip((number - 1) * size).take(size).collect();
        (200, json!({ "data": data, "meta": meta }))
    }

    /// The header fields of an unexhausted rate limit.
    fn rate_limit(&self) -> Vec<(&'static str, String)> {
        let now = jiff::Timestamp::now().as_second();
        let vendor = |limit: &str, reset: i64| {
            vec![
                ("x-ratelimit-limit", limit.to_owned()),
                ("x-ratelimit-remaining", "900".to_owned()),
                ("x-ratelimit-reset", reset.to_string()),
            ]
        };
        match self.variant {
            Variant::RateLimitPolicy => vendor("1000, 1000;window=1", 1),
            Variant::RateLimitWindow => vendor("1000, 1000;w=60", 60),
            Variant::RateLimitResetTime => vendor("1000", now + 60),
            Variant::RateLimitIetf => vec![
                ("ratelimit-policy", r#""burst";q=1000;w=60"#.to_owned()),
                ("ratelimit", r#""burst";r=900;t=60"#.to_owned()),
            ],
            _ => vec![],
        }
    }
}

fn refusal(status: u16, code: &str, detail: &str) -> Reply {
    let body = json!({ "errors": [{ "code": code, "title": "Refused", "detail": detail }] });
    (status, vec![], body.to_string())
}
