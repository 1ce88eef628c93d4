//! The forms of the API's bodies, and the words of the model for them.
//!
//! Source of every field: the vendor's `OpenAPI` document. Unknown fields are passed over, unknown
//! values kept as they are. There is no field for a secret but in [`CredentialsBody`].

use std::fmt;
use std::marker::PhantomData;

use secrecy::{ExposeSecret, SecretString};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::{AnswerFault, Detail};
use crate::model::{
    AccountId, ChannelPool, Email, LiveAccount, LiveUser, Role, UserId, UserStatus, is_harmful,
};

/// Text of the API that goes into a message is cut after this many characters.
const LONGEST_TEXT: usize = 300;

/// An answer about one thing.
#[derive(Deserialize)]
pub(super) struct One<T> {
    pub data: T,
}

/// A page of a list.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub(super) struct WirePage<T> {
    #[serde(deserialize_with = "records")]
    pub data: Vec<WireRecord<T>>,
    pub meta: Option<JsonObject<Meta>>,
}

/// A report, which is not in pages.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub(super) struct WireReport<T> {
    #[serde(deserialize_with = "records")]
    pub data: Vec<WireRecord<T>>,
}

/// A record of a list, or a description of one that cannot be used.
pub(super) type WireRecord<T> = Result<T, String>;

/// Reads a list record by record: one that cannot be used is described, and the others are kept.
pub(super) fn records<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<WireRecord<T>>, D::Error> {
    let values = Vec::<Value>::deserialize(deserializer)?;
    let read = |(place, value): (usize, Value)| {
        let id = value["id"].as_str().map(str::to_owned);
        let flaw = flaw(place, &value);
        serde_json::from_value::<JsonObject<T>>(value).map(|JsonObject(record)| record).map_err(
            |error| {
                let text = flaw.unwrap_or_else(|| {
                    format!("data[{place}]: {}", without_values(&error.to_string()))
                });
                match id {
                    Some(id) => format!("{text} (id {:?})", clean(&id)),
                    None => text,
                }
            },
        )
    };
    Ok(values.into_iter().enumerate().map(read).collect())
}

/// Names the required text of a record that is not there.
fn flaw(place: usize, record: &Value) -> Option<String> {
    let Value::Object(fields) = record else {
        return Some(format!("data[{place}] is not an object"));
    };
    ["id", "email", "record_type"].into_iter().find_map(|name| {
        let flaw = match fields.get(name) {
            Some(Value::String(text)) if text.trim().is_empty() => "is blank",
            // Accounts need no type.
            None if name == "record_type" => return None,
            Some(Value::String(_)) => return None,
            Some(Value::Null) => "is null",
            Some(_) => "is not a text",
            None => "is missing",
        };
        Some(format!("data[{place}].{name} {flaw}"))
    })
}

/// What has to be an object with named fields. By itself a list of values would do as well, in the order in
/// which the fields stand here: a list that came in the place of an object would be taken for one.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct JsonObject<T>(#[serde(deserialize_with = "object")] pub T);

fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct WireObjectVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for WireObjectVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(WireObjectVisitor(PhantomData))
}

/// What a page says of its list.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Meta {
    pub total_pages: u64,
    pub total_results: Option<u64>,
    pub page_number: Option<u64>,
}

/// A managed account, as in lists and in answers to changes.
#[derive(Deserialize)]
pub(super) struct AccountBody {
    #[serde(deserialize_with = "stated")]
    id: String,
    #[serde(deserialize_with = "stated")]
    email: String,
    organization_name: Option<String>,
    manager_account_id: Option<String>,
    api_user: Option<String>,
    managed_account_allow_custom_pricing: Option<bool>,
    rollup_billing: Option<bool>,
}

impl From<AccountBody> for LiveAccount {
    fn from(body: AccountBody) -> Self {
        Self {
            id: AccountId::new(body.id),
            email: Email::new(body.email),
            name: body.organization_name,
            manager: body.manager_account_id.map(AccountId::new),
            api_user: body.api_user.filter(|email| !email.trim().is_empty()).map(Email::new),
            custom_pricing: body.managed_account_allow_custom_pricing,
            rollup_billing: body.rollup_billing,
            status: None,
        }
    }
}

/// The secrets of an account, read on the one path that hands them to the user. Each is optional.
#[derive(Deserialize)]
pub(super) struct CredentialsBody {
    #[serde(default, deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    pub api_token: Option<SecretString>,
}

/// A secret. One that is not a text counts as missing: an answer to a create is worth more than its secrets.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.into()),
        _ => None,
    })
}

/// A created account: what it is, and its secrets.
#[derive(Deserialize)]
pub(super) struct CreatedBody {
    #[serde(flatten)]
    pub account: AccountBody,
    #[serde(flatten)]
    pub credentials: CredentialsBody,
}

/// The body of a create.
#[derive(Serialize)]
pub(super) struct CreateBody<'a> {
    pub business_name: &'a str,
    pub email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_account_allow_custom_pricing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollup_billing: Option<bool>,
}

/// The channels of the manager.
#[derive(Deserialize)]
pub(super) struct PoolBody {
    allocatable_global_outbound_channels: u64,
    total_global_channels_allocated: u64,
}

impl From<PoolBody> for ChannelPool {
    fn from(body: PoolBody) -> Self {
        Self {
            allocatable: body.allocatable_global_outbound_channels,
            allocated: body.total_global_channels_allocated,
        }
    }
}

/// The answer to setting a channel limit.
#[derive(Deserialize)]
pub(super) struct LimitBody {
    channel_limit: Option<u64>,
}

impl From<LimitBody> for Option<u64> {
    fn from(body: LimitBody) -> Self {
        body.channel_limit
    }
}

/// A user of the organization.
#[derive(Deserialize)]
pub(super) struct UserBody {
    #[serde(deserialize_with = "stated")]
    id: String,
    #[serde(deserialize_with = "stated")]
    email: String,
    record_type: String,
    user_status: Option<String>,
    groups: Option<Vec<JsonObject<GroupBody>>>,
}

#[derive(Deserialize)]
struct GroupBody {
    name: String,
}

impl From<UserBody> for LiveUser {
    fn from(body: UserBody) -> Self {
        Self {
            id: UserId::new(body.id),
            email: Email::new(body.email),
            role: match body.record_type.as_str() {
                "organization_owner" => Role::Owner,
                "organization_sub_user" => Role::SubUser,
                _ => Role::Other(body.record_type),
            },
            status: body.user_status.map(|status| match status.as_str() {
                "enabled" => UserStatus::Enabled,
                "disabled" => UserStatus::Disabled,
                "blocked" => UserStatus::Blocked,
                _ => UserStatus::Other(status),
            }),
            groups: body
                .groups
                .map(|groups| groups.into_iter().map(|JsonObject(group)| group.name).collect()),
        }
    }
}

/// What identifies an account or a user: a blank one is as good as none, and all that have it would be one.
fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(D::Error::invalid_value(Unexpected::Str(&text), &"a text that is not blank"));
    }
    Ok(text)
}

/// Reads a JSON body, or says what is wrong with it without repeating any of it.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, AnswerFault> {
    let body = body.trim_ascii();
    match body.first() {
        None => return Err(AnswerFault::Empty),
        Some(b'<') => return Err(AnswerFault::Html),
        Some(_) => {}
    }
    let read = serde_json::from_slice::<JsonObject<T>>(body).map(|JsonObject(read)| read);
    read.map_err(|error| match error.classify() {
        serde_json::error::Category::Eof | serde_json::error::Category::Io => AnswerFault::Cut,
        serde_json::error::Category::Syntax => AnswerFault::NotJson,
        serde_json::error::Category::Data => AnswerFault::Shape(without_values(&error.to_string())),
    })
}

/// Reads the body of an answer about one thing.
pub(super) fn one<W: DeserializeOwned + Into<T>, T>(body: &[u8]) -> Result<T, AnswerFault> {
    json::<One<JsonObject<W>>>(body).map(|One { data: JsonObject(data) }| data.into())
}

/// The text of a decoding error, without the value that was not expected: it may be a secret.
fn without_values(text: &str) -> String {
    // The last one: the value stands before it, and may have the word in it too.
    match (text.starts_with("missing field"), text.rfind("expected ")) {
        (false, Some(at)) => clean(&text[at..]),
        (false, None) => "something is of another type".to_owned(),
        (true, _) => clean(text),
    }
}

/// The entries of `errors`, if the body has any, cleaned for people and for logs.
pub(super) fn details(body: &[u8], secrets: &[&SecretString]) -> Box<[Detail]> {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = parsed["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        fit(&text, secrets)
    };
    let detail = |entry: &Value| Detail {
        code: text(&entry["code"]),
        title: text(&entry["title"]),
        detail: text(&entry["detail"]),
        source: Some(text(&entry["source"]["pointer"]))
            .filter(|pointer| !pointer.is_empty())
            .unwrap_or_else(|| text(&entry["source"]["parameter"])),
    };
    let silent = |detail: &Detail| *detail == Detail::default();
    entries.iter().map(detail).filter(|detail| !silent(detail)).take(10).collect()
}

/// Text of the other side without what we sent it in confidence, and fit for one line.
pub(super) fn fit(text: &str, secrets: &[&SecretString]) -> String {
    let secrets =
        secrets.iter().map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty());
    clean(&secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]")))
}

/// Text of the other side, fit for one line: nothing in it can move a cursor or turn the writing direction.
pub(super) fn clean(text: &str) -> String {
    let harmless = |c| if is_harmful(c) { '\u{fffd}' } else { c };
    text.chars().take(LONGEST_TEXT).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::telnyx::Created;

    #[test]
    fn unusable_answers_are_told_apart() {
        let read = |body: &str| json::<One<AccountBody>>(body.as_bytes()).err();
        assert_eq!(read(""), Some(AnswerFault::Empty));
        assert_eq!(read(" \n"), Some(AnswerFault::Empty));
        assert_eq!(read("<html>"), Some(AnswerFault::Html));
        assert_eq!(read(r#"{"data":{"id":"1","#), Some(AnswerFault::Cut));
        assert_eq!(read("oops"), Some(AnswerFault::NotJson));
        assert!(
            matches!(read(r#"{"data":{"id":"1"}}"#), Some(AnswerFault::Shape(what)) if what.contains("email"))
        );
        assert_eq!(
            read(
                r#"{"data":{"id":"1","email":"a@b.example","new_field":{"x":[1]},"organization_name":null}}"#
            ),
            None
        );
    }

    #[test]
    fn a_blank_identity_is_none_whoever_has_it() {
        let blank = |id: &str, email: &str| {
            let body = json!({ "id": id, "email": email, "record_type": "x" });
            let body = json!({ "data": body }).to_string();
            let account = one::<AccountBody, LiveAccount>(body.as_bytes()).err();
            let user = one::<UserBody, LiveUser>(body.as_bytes()).err();
            let created = one::<CreatedBody, Created>(body.as_bytes()).err();
            [account, user, created]
        };
        for (id, email) in [("", "a@b.example"), (" ", "a@b.example"), ("1", ""), ("1", "\t")] {
            for fault in blank(id, email) {
                let Some(AnswerFault::Shape(what)) = fault else { panic!("{id:?} {email:?}") };
                assert!(what.starts_with("expected a text that is not blank"), "{what}");
            }
        }
        assert_eq!(blank("1", "a@b.example"), [None, None, None]);
    }

    #[test]
    fn a_list_is_not_taken_for_an_object_whose_fields_it_could_be() {
        let limit = |body: &str| one::<LimitBody, Option<u64>>(body.as_bytes());
        let page =
            |body: &str| json::<WirePage<UserBody>>(body.as_bytes()).map(|page| page.data.len());
        let user = r#"{"id":"1","email":"a@b.example","record_type":"x","groups":[{"name":"A"}]}"#;
        let listed = r#"["1","a@b.example","x",null,null]"#;
        let meta = r#"{"total_pages":1,"total_results":1}"#;
        assert_eq!(limit(r#"{"data":{"channel_limit":7}}"#), Ok(Some(7)));
        assert_eq!(limit(r#"{"data":{}}"#), Ok(None));
        let odd =
            json::<WirePage<UserBody>>(format!(r#"{{"data":[{listed}]}}"#).as_bytes()).unwrap();
        assert_eq!(
            odd.data[0].as_ref().err().map(String::as_str),
            Some("data[0] is not an object")
        );
        assert_eq!(page(&format!(r#"{{"data":[{user}],"meta":{meta}}}"#)), Ok(1));
        let lists = [
            limit(r#"{"data":[7]}"#).err(),
            limit(r#"[{"channel_limit":7}]"#).err(),
            page(&format!("[[{user}],{meta}]")).err(),
            page(&format!(r#"{{"data":[{user}],"meta":[1,1,1]}}"#)).err(),
        ];
        for fault in lists {
            let Some(AnswerFault::Shape(what)) = &fault else { panic!("{fault:?}") };
            assert!(what.starts_with("expected an object"), "{what}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_repeated() {
        let fault = json::<One<LimitBody>>(br#"{"data":{"channel_limit":"KEY_secret"}}"#).err();
        let Some(AnswerFault::Shape(what)) = fault else { panic!("{fault:?}") };
        assert!(!what.contains("KEY_secret"), "{what}");
    }

    #[test]
    fn unknown_enum_values_are_kept_and_no_owner_is_guessed() {
        let user = br#"{"data":{"id":"1","email":"a@b.example","record_type":"organization_robot","user_status":"asleep"}}"#;
        let user: LiveUser = one::<UserBody, _>(user).unwrap();
        assert_eq!(user.role, Role::Other("organization_robot".to_owned()));
        assert_eq!(user.status, Some(UserStatus::Other("asleep".to_owned())));
    }

    #[test]
    fn an_entry_that_says_nothing_is_no_detail() {
        let body = br#"{"errors":["x",5,null,{"meta":{}},{"code":[1],"title":"Bad"}]}"#;
        let said: Vec<_> = details(body, &[]).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["Bad"]);
    }

    #[test]
    fn details_are_cleaned_and_hold_no_secret() {
        let body = br#"{"errors":[{"code":10015,"title":"Bad\u001b[2J","detail":"the key KEY_x is odd","source":{"pointer":"/email"}}]}"#;
        let key = SecretString::from("KEY_x");
        let details = details(body, &[&key]);
        assert_eq!(
            details[0].to_string(),
            "10015, Bad\u{fffd}[2J, the key [redacted] is odd (at /email)"
        );
    }
}
