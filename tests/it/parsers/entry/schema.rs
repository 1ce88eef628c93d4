//! Validating a YAML file against a JSON Schema, for the keywords that our schemas use.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;
use serde_yaml::options::MergeKeyPolicy;

/// The misfits of a file, which must be valid YAML.
pub(crate) fn misfits(schema: &Value, text: &str) -> Vec<String> {
    // Numbers and booleans, as in manifests.
    let options = serde_yaml::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        merge_keys: MergeKeyPolicy::AsOrdinary,
    };
    let file: Value = serde_yaml::from_str_with_options(text, options).unwrap();
    let mut found = Vec::new();
    check(schema, schema, &file, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (word, rule) in schema.as_object().unwrap() {
        let fits = match word.as_str() {
            // Checked below, or not about values.
            "properties"
            | "additionalProperties"
            | "definitions"
            | "$schema"
            | "$id"
            | "title"
            | "description"
            | "default"
            | "examples" => true,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/definitions/").unwrap();
                check(root, &root["definitions"][name], value, at, found);
                true
            }
            "allOf" => {
                rule.as_array().unwrap().iter().for_each(|one| check(root, one, value, at, found));
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|one| {
                let mut misfits = Vec::new();
                check(root, one, value, at, &mut misfits);
                misfits.is_empty()
            }),
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                other => panic!("unknown type {other}"),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}[{index}]"), found);
                }
                true
            }
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= number(rule)),
            "minLength" => value.as_str().is_none_or(|text| length(text) >= number(rule)),
            "maxLength" => value.as_str().is_none_or(|text| length(text) <= number(rule)),
            "minimum" => value.as_i64().is_none_or(|value| value >= rule.as_i64().unwrap()),
            "maximum" => value.as_u64().is_none_or(|value| value <= number(rule)),
            "minProperties" => value.as_object().is_none_or(|map| map.len() as u64 >= number(rule)),
            "maxProperties" => value.as_object().is_none_or(|map| map.len() as u64 <= number(rule)),
            "required" => value.as_object().is_none_or(|map| {
                rule.as_array().unwrap().iter().all(|name| map.contains_key(name.as_str().unwrap()))
            }),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            other => panic!("unknown word {other}"),
        };
        if !fits {
            found.push(format!("{at}: {word} {rule}, not {value}"));
        }
    }
    let Some(fields) = value.as_object() else { return };
    for (name, field) in fields {
        match schema.get("properties").and_then(|known| known.get(name)) {
            Some(rule) => check(root, rule, field, &format!("{at}.{name}"), found),
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                found.push(format!("{at}: unknown field {name}"));
            }
            None => {}
        }
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}

thread_local! {
    /// Compiling a pattern is the slowest step.
    static PATTERNS: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

fn matches(pattern: &str, text: &str) -> bool {
    PATTERNS.with_borrow_mut(|patterns| {
        let known = patterns.entry(pattern.to_owned());
        known.or_insert_with(|| Regex::new(pattern).unwrap()).is_match(text)
    })
}
