//! Bodies of requests, read field by field: every invalid one is told.

use serde_json::{Map, Value};

use super::answer::Invalid;

/// A body that is a JSON object.
#[derive(Debug)]
pub(super) struct Fields {
    fields: Map<String, Value>,
    pub problems: Vec<Invalid>,
}

impl Fields {
    /// Reads a body. `needed`: an empty one is invalid, otherwise it is an empty object.
    pub(super) fn read(
        body: &[u8],
        content_type: &str,
        needed: bool,
    ) -> Result<Self, Vec<Invalid>> {
        let refuse = |detail: &str| Err(vec![Invalid::field("", detail)]);
        if body.trim_ascii().is_empty() && !needed {
            return Ok(Self { fields: Map::new(), problems: Vec::new() });
        }
        if !content_type.to_ascii_lowercase().starts_with("application/json") {
            return refuse("The body must be application/json.");
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self { fields, problems: Vec::new() }),
            Ok(_) => refuse("The body must be an object."),
            Err(_) => refuse("The request failed because it was not well-formed."),
        }
    }

    pub(super) fn refuse(&mut self, field: &'static str, detail: impl Into<String>) {
        self.problems.push(Invalid::field(field, detail));
    }

    pub(super) fn text(&mut self, field: &'static str) -> Option<String> {
        let Some(text) = self.fields.get(field)?.as_str() else {
            self.refuse(field, "Must be a string.");
            return None;
        };
        Some(text.to_owned())
    }

    pub(super) fn flag(&mut self, field: &'static str) -> Option<bool> {
        let Some(flag) = self.fields.get(field)?.as_bool() else {
            self.refuse(field, "Must be a boolean.");
            return None;
        };
        Some(flag)
    }

    pub(super) fn count(&mut self, field: &'static str) -> Option<u64> {
        let Some(count) = self.fields.get(field)?.as_u64() else {
            self.refuse(field, "Must be an integer of 0 or more.");
            return None;
        };
        Some(count)
    }
}
