//! The custom resource definition of `TelnyxOrganization`.
//!
//! The schema of the manifest becomes structural: without references, and with the few keywords that Kubernetes knows.
//! Unknown fields of a manifest are kept rather than pruned, so that the operator can report a misspelled one.

use serde_json::{Map, Value, json};

use crate::manifest;

/// The API group.
pub const GROUP: &str = "trunkline.dev";
/// The version of the API.
pub const VERSION: &str = "v1alpha1";
/// The kind.
pub const KIND: &str = "TelnyxOrganization";
/// The name in URLs.
pub const PLURAL: &str = "telnyxorganizations";

/// The schedule of a resource that names none.
pub const DEFAULT_SCHEDULE: &str = "*/5 * * * *";
/// The key in a Secret that a resource names without one.
pub const DEFAULT_SECRET_KEY: &str = "api-key";

/// Keywords that a structural schema does not have, or that would change what users have written.
const DROPPED: [&str; 7] =
    ["$id", "$schema", "title", "examples", "default", "definitions", "additionalProperties"];
/// Lets the API server keep the fields that the schema does not name.
const KEEP_UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";

/// The definition as JSON, ending with a line break.
#[must_use]
pub fn definition() -> String {
    let columns = [
        ("State", "string", ".status.state", "The result of the last check."),
        ("Destructive", "integer", ".status.plan.destructive", "Destructive changes that wait."),
        ("Changes", "integer", ".status.plan.changes", "Changes that wait."),
        ("Last-Run", "date", ".status.lastRun", "The time of the last check."),
        ("Age", "date", ".metadata.creationTimestamp", "The age of the resource."),
    ];
    let columns = columns.map(|(name, kind, path, description)| {
        json!({ "name": name, "type": kind, "jsonPath": path, "description": description })
    });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{PLURAL}.{GROUP}") },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": format!("{KIND}List"),
                "plural": PLURAL,
                "singular": "telnyxorganization",
                "shortNames": ["telnyxorg"],
            },
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "subresources": { "status": {} },
                "additionalPrinterColumns": columns,
                "schema": { "openAPIV3Schema": {
                    "description": "A Telnyx organization, checked against a manifest on a schedule. Nothing is changed before its plan is approved, and nothing when this resource is deleted.",
                    "type": "object",
                    "required": ["spec"],
                    "properties": { "spec": spec(), "status": status() },
                } },
            }],
        },
    });
    // A map with string keys always serializes.
    serde_json::to_string_pretty(&definition).unwrap_or_default() + "\n"
}

fn spec() -> Value {
    json!({
        "type": "object",
        "required": ["manifest", "apiKeySecretRef"],
        "properties": {
            "manifest": structural_manifest(),
            "apiKeySecretRef": {
                "description": "The Secret, in the namespace of this resource, with the API key of the organization.",
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": { "description": "The name of the Secret.", "type": "string", "minLength": 1 },
                    "key": {
                        "description": format!("The key in the Secret. Default: {DEFAULT_SECRET_KEY}."),
                        "type": "string",
                        "minLength": 1,
                    },
                },
            },
            "baseUrl": {
                "description": "The base URL of the API: https://api.telnyx.com/v2 (the default), or the one of the operator's --base-url.",
                "type": "string",
                "minLength": 1,
            },
            "schedule": {
                "description": format!("The schedule of checks, in UTC: a cron expression of five fields, or of six with seconds first. Default: {DEFAULT_SCHEDULE}."),
                "type": "string",
                "minLength": 1,
            },
            "suspend": {
                "description": "True to pause checks and changes.",
                "type": "boolean",
            },
            "approve": {
                "description": "The digest of the plan to apply, from status.plan.digest. Any other plan is not applied. A digest is used once: to apply the same plan again, remove it and set it again.",
                "type": "string",
                "pattern": "^sha256:[0-9a-f]{64}$",
            },
            "approveDestructive": count("The exact number of destructive changes of the approved plan. Lifts the safety limits of the manifest for it."),
            "approveCreates": count("The exact number of accounts that the approved plan creates. Lifts the limit on creates for it."),
        },
    })
}

fn count(description: &str) -> Value {
    json!({ "description": description, "type": "integer", "format": "int64", "minimum": 0 })
}

fn status() -> Value {
    let time = |description: &str| json!({ "description": description, "type": "string", "format": "date-time" });
    json!({
        "type": "object",
        "properties": {
            "observedGeneration": count("The generation of the spec that the status describes."),
            "state": {
                "description": "in_sync, drifted, unknown, suspended or invalid.",
                "type": "string",
            },
            "lastRun": time("The time of the last check."),
            "nextRun": time("The time of the next check."),
            "plan": {
                "description": "The plan of the last check that read everything.",
                "type": "object",
                "properties": {
                    "digest": { "description": "The digest to approve.", "type": "string" },
                    "changes": count("The number of actions."),
                    "create": count("Accounts to create."),
                    "update": count("Accounts to update, including their channel limits."),
                    "enable": count("Accounts to enable."),
                    "disable": count("Accounts to disable."),
                    "remove": count("Users to remove."),
                    "destructive": count("Destructive actions."),
                    "findings": count("Differences that only a person can fix, and notices."),
                    "items": {
                        "description": "The actions, destructive ones first; at most 50.",
                        "type": "array",
                        "items": { "type": "string" },
                    },
                },
            },
            "applied": {
                "description": "The approval that was used last.",
                "type": "object",
                "properties": {
                    "digest": { "description": "The digest of the plan.", "type": "string" },
                    "time": time("The time at which it was used."),
                },
            },
            "conditions": {
                "description": "Ready, Reconciling, Stalled, InSync, InventoryComplete and Approved.",
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": {
                    "type": "object",
                    "required": ["type", "status", "reason", "message", "lastTransitionTime"],
                    "properties": {
                        "type": { "type": "string" },
                        "status": { "type": "string", "enum": ["True", "False", "Unknown"] },
                        "reason": { "type": "string" },
                        "message": { "type": "string" },
                        "observedGeneration": { "type": "integer", "format": "int64" },
                        "lastTransitionTime": { "type": "string", "format": "date-time" },
                    },
                },
            },
        },
    })
}

/// The schema of the manifest, made structural.
fn structural_manifest() -> Value {
    // Our own schema is valid JSON.
    let schema: Value = serde_json::from_str(&manifest::schema()).unwrap_or_default();
    let definitions = schema["definitions"].clone();
    let mut manifest = structural(schema, &definitions);
    if let Some(required) = manifest.get_mut("required") {
        // A resource has one manifest, which is complete.
        *required = json!(["version", "organization"]);
    }
    manifest
}

fn structural(schema: Value, definitions: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema };
    let mut out = Map::new();
    for (key, value) in fields {
        match key.as_str() {
            "$ref" => {
                let name = value.as_str().and_then(|text| text.rsplit('/').next());
                let target = definitions[name.unwrap_or_default()].clone();
                merge(&mut out, structural(target, definitions));
            }
            "allOf" => {
                for part in value.as_array().cloned().unwrap_or_default() {
                    merge(&mut out, structural(part, definitions));
                }
            }
            // A number or a percentage. A keyword for one type does not concern the other.
            "anyOf" => {
                out.insert("x-kubernetes-int-or-string".to_owned(), true.into());
                for mut part in value.as_array().cloned().unwrap_or_default() {
                    part.as_object_mut().map(|part| part.remove("type"));
                    merge(&mut out, part);
                }
            }
            "const" => {
                out.insert("enum".to_owned(), json!([value]));
            }
            "properties" => {
                let properties = value.as_object().cloned().unwrap_or_default();
                let properties = properties
                    .into_iter()
                    .map(|(name, property)| (name, structural(property, definitions)));
                out.insert(key, Value::Object(properties.collect()));
                out.insert(KEEP_UNKNOWN.to_owned(), true.into());
            }
            "items" => {
                out.insert(key, structural(value, definitions));
            }
            dropped if DROPPED.contains(&dropped) => {}
            _ => {
                out.insert(key, value);
            }
        }
    }
    Value::Object(out)
}

/// Adds the keywords of a part. The description beside a reference wins.
fn merge(out: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (key, value) in part {
        if key != "description" || !out.contains_key("description") {
            out.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `check` with every schema and its path.
    fn walk(schema: &Value, path: &str, check: &mut impl FnMut(&Value, &str)) {
        check(schema, path);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            walk(property, &format!("{path}.{name}"), check);
        }
        if schema["items"].is_object() {
            walk(&schema["items"], &format!("{path}[]"), check);
        }
    }

    fn root() -> Value {
        let definition: Value = serde_json::from_str(&definition()).unwrap();
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
    }

    #[test]
    fn the_schema_is_structural_and_every_field_of_users_has_a_description() {
        let mut seen = 0;
        walk(&root(), "", &mut |schema, path| {
            let fields = schema.as_object().unwrap();
            for keyword in ["$ref", "allOf", "anyOf", "oneOf", "const", "default", "examples"] {
                assert!(!fields.contains_key(keyword), "{path}: {keyword}");
            }
            let any = fields.contains_key("x-kubernetes-int-or-string");
            assert!(fields.contains_key("type") != any, "{path}");
            let named = path.starts_with(".spec.") && !path.ends_with("[]");
            assert!(!named || schema["description"].is_string(), "{path}");
            seen += 1;
        });
        assert!(seen > 60, "{seen}");
    }

    #[test]
    fn a_misspelled_field_of_a_manifest_is_kept_for_the_report() {
        walk(&root()["properties"]["spec"]["properties"]["manifest"], "", &mut |schema, path| {
            assert!(schema["type"] != "object" || schema[KEEP_UNKNOWN] == true, "{path}");
        });
    }
}
