//! The JSON Schemas of the documents, which programs can rely on.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::FORMAT_VERSION;
use super::outcomes::OutcomesDoc;
use super::plan::PlanDoc;
use crate::model::Code;
use crate::report::review::Review;

/// The JSON Schema of a plan.
#[must_use]
pub fn plan() -> String {
    text::<PlanDoc<'_>>()
}

/// The JSON Schema of outcomes.
#[must_use]
pub fn outcomes() -> String {
    text::<OutcomesDoc<'_>>()
}

/// The JSON Schema of an access review.
#[must_use]
pub fn review() -> String {
    text::<Review>()
}

fn text<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft07().for_serialize();
    let settings = settings.with_transform(RecursiveTransform(one_line));
    let schema = settings.into_generator().into_root_schema_for::<T>();
    // Serializing JSON values cannot fail.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// Joins the lines of a description.
fn one_line(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

fn one_of(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

pub(in crate::report) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "const": FORMAT_VERSION })
}

pub(super) fn sha256(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" })
}

pub(in crate::report) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$" })
}

const DAY: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

pub(in crate::report) fn day(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": DAY })
}

pub(in crate::report) fn optional_day(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "pattern": DAY })
}

pub(in crate::report) fn presence(_: &mut SchemaGenerator) -> Schema {
    one_of(&["live", "hidden", "missing", "unread"])
}

pub(in crate::report) fn role(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["owner", "sub_user", "other", null] })
}

pub(in crate::report) fn doubts(_: &mut SchemaGenerator) -> Schema {
    let codes = Code::ALL.into_iter().map(Code::name);
    let words: Vec<&str> = codes.chain(["absent", "until_passed"]).collect();
    json_schema!({ "type": "array", "items": one_of(&words) })
}

pub(in crate::report) fn review_field(_: &mut SchemaGenerator) -> Schema {
    one_of(&["email", "id", "role", "status", "bypasses_sso"])
}

pub(in crate::report) fn text_or_bool(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "boolean"] })
}

pub(super) fn action(_: &mut SchemaGenerator) -> Schema {
    one_of(&[
        "create_account",
        "update_account",
        "set_channel_limit",
        "enable_account",
        "disable_account",
        "remove_user",
    ])
}

pub(super) fn kind(_: &mut SchemaGenerator) -> Schema {
    one_of(&["managed_account", "organization_user", "organization"])
}

pub(super) fn channels(_: &mut SchemaGenerator) -> Schema {
    one_of(&["consistent", "unverified", "unmanaged"])
}

pub(super) fn guard(_: &mut SchemaGenerator) -> Schema {
    one_of(&[
        "max_removals",
        "max_disables",
        "max_enables",
        "max_channel_cut",
        "max_pricing_withdrawals",
        "max_creates",
    ])
}

pub(super) fn reversible(_: &mut SchemaGenerator) -> Schema {
    one_of(&["yes", "partly", "no"])
}

pub(super) fn reason(_: &mut SchemaGenerator) -> Schema {
    one_of(&["declared", "unlisted", "absent", "until_passed", "stale"])
}

pub(super) fn origin(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["this_change", "already_drifted", "conflict", null] })
}

pub(in crate::report) fn code(_: &mut SchemaGenerator) -> Schema {
    one_of(&Code::ALL.map(Code::name))
}

pub(super) fn level(_: &mut SchemaGenerator) -> Schema {
    one_of(&["drift", "notice"])
}

pub(super) fn outcome(_: &mut SchemaGenerator) -> Schema {
    one_of(&["done", "satisfied", "failed", "stale", "unknown", "skipped"])
}
