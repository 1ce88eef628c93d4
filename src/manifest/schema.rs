//! The JSON Schema of the manifest, for editors and for pipelines.
//!
//! It describes single files. Rules across files, such as unique emails, are checked on loading only.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::document::ManifestDocument;
use super::secrets::PREFIX;
use super::texts::LONGEST_TEXT;
use super::values::{STALE_USERS, UNLISTED_ACCOUNTS, UNLISTED_USERS, VERSION, acceptable};

/// The identifier of the schema of a manifest. It is a name, not a place to load the schema from.
const ID: &str = "https://trunkline.dev/schema/manifest.json";

/// The JSON Schema (draft 7) of a manifest file, as text that ends with a line break.
#[must_use]
pub fn schema() -> String {
    let mut schema = root::<ManifestDocument>();
    schema.insert("$id".to_owned(), ID.into());
    text_of(&schema)
}

/// The JSON Schema of a YAML file.
pub(crate) fn schema_of<T: JsonSchema>() -> String {
    text_of(&root::<T>())
}

fn root<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(one_line));
    settings.into_generator().into_root_schema_for::<T>()
}

fn text_of(schema: &Schema) -> String {
    // A map with string keys always serializes.
    let text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text + "\n"
}

/// Unwraps the paragraphs of a description.
fn one_line(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
        *text = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
}

/// An address, as the API accepts it.
const EMAIL: &str = "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$";

/// A UUID in any spelling.
const UUID: &str = "^([0-9A-Fa-f]{32}|(urn:uuid:)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|\\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\})$";

pub(crate) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "const": VERSION })
}

pub(crate) fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": LONGEST_TEXT })
}

pub(super) fn label(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$" })
}

pub(super) fn id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": UUID })
}

pub(super) fn email(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": EMAIL, "maxLength": 254 })
}

pub(super) fn emails(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": email(generator) })
}

pub(super) fn groups(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": text(generator) })
}

pub(super) fn day(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$" })
}

pub(super) fn count(generator: &mut SchemaGenerator) -> Schema {
    channel_limit(generator)
}

pub(super) fn channel_limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
}

pub(super) fn amount(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "minimum": 0, "examples": [25.5] })
}

pub(super) fn days(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[1-9][0-9]{0,3}d$", "examples": ["90d"] })
}

pub(super) fn budget(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^([0-9]|[1-9][0-9]|100)%$" },
        ],
        "examples": ["25%", 3],
    })
}

pub(super) fn code(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": acceptable().collect::<Vec<_>>() })
}

pub(super) fn unlisted_accounts(_: &mut SchemaGenerator) -> Schema {
    words("report", &UNLISTED_ACCOUNTS.map(|(word, _)| word))
}

pub(super) fn unlisted_users(_: &mut SchemaGenerator) -> Schema {
    words("report", &UNLISTED_USERS.map(|(word, _)| word))
}

pub(super) fn stale_users(_: &mut SchemaGenerator) -> Schema {
    words("report", &STALE_USERS.map(|(word, _)| word))
}

fn words(default: &str, words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words, "default": default })
}

pub(super) fn absent(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "boolean", "default": false })
}

pub(super) fn password_source(_: &mut SchemaGenerator) -> Schema {
    let variable = format!("^{PREFIX}[A-Za-z0-9_]+$");
    json_schema!({
        "type": "object",
        "properties": {
            "env": {
                "description": format!("The environment variable that holds the password at apply. Its name begins with {PREFIX}."),
                "type": "string",
                "pattern": variable,
            },
            "file": {
                "description": "The file that holds the password at apply.",
                "type": "string",
                "minLength": 1,
            },
        },
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    })
}
