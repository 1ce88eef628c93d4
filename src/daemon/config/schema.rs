//! The JSON Schema of the configuration, for editors and pipelines.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::HealClass;
use super::document::ConfigDocument;
use crate::manifest;
pub(super) use crate::manifest::{text_schema as text, version_schema as version};

/// Returns the JSON Schema of the configuration, ending with a line break.
#[must_use]
pub fn schema() -> String {
    manifest::schema_of::<ConfigDocument>()
}

pub(super) fn listen(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "examples": ["127.0.0.1:9464"] })
}

pub(super) fn hosts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "string", "minLength": 1 },
        "examples": [["trunkline.internal.example"]]
    })
}

pub(super) fn cron(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "examples": ["*/5 * * * *"] })
}

pub(super) fn zone(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "default": "UTC", "examples": ["Europe/Berlin"] })
}

pub(super) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "default": "0s", "examples": ["30s"] })
}

pub(super) fn count(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": super::read::MAX_THRESHOLD, "default": 2 })
}

pub(super) fn heal(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "enum": HealClass::ALL.map(HealClass::name) } })
}

pub(super) fn form(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["slack", "webhook"] })
}
