//! Decoding of answers: single objects, pages, reports and errors.

use std::fmt;
use std::marker::PhantomData;

use secrecy::{ExposeSecret, SecretString};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::bodies::lenient;
use super::error::{AnswerFault, Detail};
use crate::model::is_harmful;

/// The maximum length of API text in a message.
const LONGEST_TEXT: usize = 300;

/// An answer with one object.
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
    #[serde(default, deserialize_with = "lenient")]
    pub meta: Option<JsonObject<Meta>>,
}

/// A report, which is not paged.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub(super) struct WireReport<T> {
    #[serde(deserialize_with = "records")]
    pub data: Vec<WireRecord<T>>,
}

/// A record of a list, or a description of an unusable one.
pub(super) type WireRecord<T> = Result<T, String>;

/// Reads a list record by record. An unusable record is described, and the others are kept.
pub(super) fn records<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<WireRecord<T>>, D::Error> {
    let records = Vec::<&RawValue>::deserialize(deserializer)?;
    let read = |(place, record): (usize, &RawValue)| {
        let read = serde_json::from_str(record.get()).map(|JsonObject(record)| record);
        read.or_else(|_| odd_record(&format!("data[{place}]"), record))
    };
    Ok(records.into_iter().enumerate().map(read).collect())
}

/// Reads a record again, with a description of its flaw.
fn odd_record<T: DeserializeOwned>(place: &str, record: &RawValue) -> WireRecord<T> {
    let said =
        |error: serde_json::Error| format!("{place}: {}", without_values(&error.to_string()));
    let value: Value = serde_json::from_str(record.get()).map_err(said)?;
    let id = value["id"].as_str().map(str::to_owned);
    let flaw = flaw(place, &value);
    serde_json::from_value(value).map(|JsonObject(record)| record).map_err(|error| {
        let text = flaw.unwrap_or_else(|| said(error));
        match id {
            Some(id) => format!("{text} (id {:?})", clean(&id)),
            None => text,
        }
    })
}

/// Names the odd field of an answer with one object.
fn object_flaw(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    flaw("data", answer.get("data")?)
}

/// Names the odd field of a record: a required text that is missing, or a value of another type.
fn flaw(place: &str, record: &Value) -> Option<String> {
    let Value::Object(fields) = record else {
        return Some(format!("{place} is not an object"));
    };
    let required = ["id", "email"].into_iter().find_map(|name| {
        let flaw = match fields.get(name) {
            Some(Value::String(text)) if text.trim().is_empty() => "is blank",
            Some(Value::String(_)) => return None,
            Some(Value::Null) => "is null",
            Some(_) => "is not a text",
            None => "is missing",
        };
        Some(format!("{place}.{name} {flaw}"))
    });
    let odd = || {
        fields.iter().find_map(|(name, value)| {
            let flaw = match name.as_str() {
                "organization_name" | "manager_account_id" | "user_status"
                    if !value.is_string() && !value.is_null() =>
                {
                    "is not a text"
                }
                "managed_account_allow_custom_pricing" | "rollup_billing"
                    if !value.is_boolean() && !value.is_null() =>
                {
                    "is not true or false"
                }
                "groups" if !is_groups(value) => "is not a list of groups with names",
                _ => return None,
            };
            Some(format!("{place}.{name} {flaw}"))
        })
    };
    // Accounts need no type, so it is named last.
    let role = || match fields.get("record_type")? {
        Value::String(_) => None,
        Value::Null => Some(format!("{place}.record_type is null")),
        _ => Some(format!("{place}.record_type is not a text")),
    };
    required.or_else(odd).or_else(role)
}

fn is_groups(value: &Value) -> bool {
    value.is_null()
        || value.as_array().is_some_and(|groups| groups.iter().all(|one| one["name"].is_string()))
}

/// An object with named fields. Serde alone would also accept a list of the field values.
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

/// The `meta` of a page.
/// Every field is optional: the vendor's document requires none.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct Meta {
    #[serde(default, deserialize_with = "number")]
    pub total_pages: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    pub total_results: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    pub page_number: Option<u64>,
}

/// Reads a whole number, which may be a text or have a decimal point. Anything else counts as missing.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = match &value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let whole = text.split_once('.').filter(|(_, rest)| rest.chars().all(|digit| digit == '0'));
    Ok(whole.map_or(text.as_str(), |(whole, _)| whole).parse().ok())
}

/// Reads a JSON body. The error does not repeat any of the body.
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

/// Reads the body of an answer with one object.
pub(super) fn one<W: DeserializeOwned + Into<T>, T>(body: &[u8]) -> Result<T, AnswerFault> {
    let read = json::<One<JsonObject<W>>>(body);
    read.map(|One { data: JsonObject(data) }| data.into()).map_err(|fault| match fault {
        AnswerFault::Shape(what) => AnswerFault::Shape(object_flaw(body).unwrap_or(what)),
        fault => fault,
    })
}

/// The text of a decoding error without the unexpected value, which may be a secret.
fn without_values(text: &str) -> String {
    // The last match: the value precedes it, and may contain the word.
    match (text.starts_with("missing field"), text.rfind("expected ")) {
        (false, Some(at)) => clean(&text[at..]),
        (false, None) => "a value has another type".to_owned(),
        (true, _) => clean(text),
    }
}

/// The entries of `errors`, if any, escaped for messages and logs.
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

/// API text on one line, without the secrets that were sent.
pub(super) fn fit(text: &str, secrets: &[&SecretString]) -> String {
    let secrets =
        secrets.iter().map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty());
    clean(&secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]")))
}

/// API text on one line. Characters that move the cursor or change the writing direction are replaced.
pub(super) fn clean(text: &str) -> String {
    let harmless = |c| if is_harmful(c) { '\u{fffd}' } else { c };
    text.chars().take(LONGEST_TEXT).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{LiveAccount, LiveUser, Role, UserStatus};
    use crate::telnyx::Created;
    use crate::telnyx::bodies::{AccountBody, CreatedBody, LimitBody, UserBody};

    #[test]
    fn unusable_answers_are_distinguished() {
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
    fn a_blank_id_or_email_is_rejected() {
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
                assert!(what.ends_with("is blank"), "{what}");
            }
        }
        assert_eq!(blank("1", "a@b.example"), [None, None, None]);
    }

    #[test]
    fn a_list_of_field_values_is_not_accepted_as_an_object() {
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
        assert_eq!(page(&format!(r#"{{"data":[{user}],"meta":[1,1,1]}}"#)), Ok(1));
        let lists = [
            limit(r#"{"data":[7]}"#).err(),
            limit(r#"[{"channel_limit":7}]"#).err(),
            page(&format!("[[{user}],{meta}]")).err(),
        ];
        for fault in lists {
            let Some(AnswerFault::Shape(what)) = &fault else { panic!("{fault:?}") };
            assert!(what.contains(" an object"), "{what}");
        }
    }

    #[test]
    fn a_number_of_meta_may_be_a_text_or_have_a_decimal_point_and_is_otherwise_missing() {
        for (written, read) in [
            ("3", Some(3)),
            (r#""3""#, Some(3)),
            ("3.0", Some(3)),
            ("3.5", None),
            ("-1", None),
            ("null", None),
            (r#""many""#, None),
            ("[3]", None),
        ] {
            let body = format!(r#"{{"data":[],"meta":{{"total_results":{written}}}}}"#);
            let page = json::<WirePage<UserBody>>(body.as_bytes()).unwrap();
            let JsonObject(meta) = page.meta.unwrap();
            assert_eq!(meta.total_results, read, "{written}");
        }
    }

    #[test]
    fn the_odd_field_of_a_record_is_named_and_unused_ones_are_unknown() {
        let read = |field: &str, value: Value| {
            let mut body = json!({ "id": "1", "email": "a@b.example", "record_type": "x" });
            body[field] = value;
            let body = json!({ "data": body }).to_string();
            let account = one::<AccountBody, LiveAccount>(body.as_bytes());
            let user = one::<UserBody, LiveUser>(body.as_bytes());
            account.err().or(user.err())
        };
        for (field, value, flaw) in [
            ("organization_name", json!(5), "is not a text"),
            ("manager_account_id", json!({}), "is not a text"),
            ("rollup_billing", json!("no"), "is not true or false"),
            ("user_status", json!([]), "is not a text"),
            ("groups", json!(["A"]), "is not a list of groups with names"),
        ] {
            let wanted = AnswerFault::Shape(format!("data.{field} {flaw}"));
            assert_eq!(read(field, value), Some(wanted));
        }
        for field in ["api_user", "created_at", "balance"] {
            assert_eq!(read(field, json!(5)), None, "{field}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_repeated() {
        let fault = json::<One<AccountBody>>(br#"{"data":{"id":5,"email":"KEY_secret"}}"#).err();
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
    fn an_error_entry_without_text_is_ignored() {
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
