//! The JSON Schema agrees with the program.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use trunkline::manifest::schema;

use super::{EVERYTHING, read, repository, shown};
use crate::parsers::entry::schema::misfits;

fn value() -> Value {
    serde_json::from_str(&schema()).unwrap()
}

#[test]
fn the_schema_of_the_repository_is_current() {
    let written = fs::read_to_string(repository("manifests/schema.json")).unwrap();
    assert_eq!(
        written,
        schema(),
        "write it anew: trunkline schema manifest > manifests/schema.json"
    );
}

#[test]
fn the_schema_is_identified_by_an_address_of_the_project() {
    assert_eq!(value()["$id"], "https://trunkline.dev/schema/manifest.json");
}

#[test]
fn every_field_has_a_description_and_no_object_allows_others() {
    let schema = value();
    let objects = schema["definitions"].as_object().unwrap().values().chain([&schema]);
    let mut fields = 0;
    for object in objects {
        assert_eq!(object["additionalProperties"], false, "{object}");
        for (name, field) in object["properties"].as_object().unwrap() {
            let text = field["description"].as_str().unwrap_or_default();
            assert!(text.ends_with(['.', ')']) || text.ends_with('1'), "{name}: {text:?}");
            fields += 1;
        }
    }
    assert!(fields > 35, "{fields}");
}

/// The files of a folder below `manifests`, or one of them.
fn manifests(path: PathBuf) -> Vec<PathBuf> {
    match fs::read_dir(&path) {
        Ok(entries) => entries.flat_map(|entry| manifests(entry.unwrap().path())).collect(),
        Err(_) => vec![path],
    }
}

#[test]
fn every_manifest_of_the_repository_fits_the_schema_and_names_it() {
    let schema = value();
    let mut files = manifests(repository("manifests"));
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml"));
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let named = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=");
        let named = file.parent().unwrap().join(named.unwrap_or_else(|| panic!("{file:?}")));
        assert_eq!(
            named.canonicalize().unwrap(),
            repository("manifests/schema.json").canonicalize().unwrap()
        );
        assert_eq!(misfits(&schema, &text), Vec::<String>::new(), "{file:?}");
    }
}

#[test]
fn the_schema_and_the_program_accept_every_field() {
    assert_eq!(misfits(&value(), EVERYTHING), Vec::<String>::new());
    assert!(read(EVERYTHING).is_ok());
    // That manifest contains every name in the schema.
    let schema = value();
    let objects = schema["definitions"].as_object().unwrap().values().chain([&schema]);
    for object in objects {
        for name in object["properties"].as_object().unwrap().keys() {
            assert!(EVERYTHING.contains(&format!("{name}:")), "{name}");
        }
    }
}

#[test]
fn the_program_refuses_what_the_schema_refuses() {
    let schema = value();
    let mut refused = 0;
    for (from, to) in [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("organization: acme", "organization: acme corp"),
        ("6ee4a469-", "6ee4a469 "),
        ("unlisted_accounts: disable", "unlisted_accounts: remove"),
        ("unlisted_users: remove", "unlisted_users: true"),
        ("max_removals: 10%", "max_removals: 101%"),
        ("max_enables: 3", "max_enables: -3"),
        ("[root@acme.example,", "[root,"),
        ("code: user_missing", "code: protected"),
        (", until: 2027-02-01", ""),
        ("until: 2027-02-01", "until: 2027-13-01"),
        ("channel_limit: 10", "channel_limit: -1"),
        ("channel_limit: 4294967295", "channel_limit: 4294967296"),
        ("enabled: false", "enabled: no"),
        ("email: orders@bluedoor.example", "email: orders@bluedoor"),
        ("name: Blue Door Bakery", "name: 7"),
        ("name: Blue Door Bakery", "name: ''"),
        ("env: TRUNKLINE_SECRET_LARRY", "env: LARRY"),
        ("env: TRUNKLINE_SECRET_LARRY", "env: TRUNKLINE_SECRET_A, file: b"),
        ("env: TRUNKLINE_SECRET_LARRY", ""),
        ("groups: []", "groups: Engineering"),
        ("absent: true", "absent: 1"),
        ("custom_pricing: true", "custom_price: true"),
    ] {
        assert!(EVERYTHING.contains(from), "{from}");
        let text = EVERYTHING.replacen(from, to, 1);
        assert!(!misfits(&schema, &text).is_empty(), "{to} fits the schema");
        assert!(read(&text).is_err(), "{to} is read");
        refused += 1;
    }
    assert_eq!(refused, 24);
}

#[test]
fn the_hint_for_a_password_is_valid() {
    // The example in the hint.
    let text = EVERYTHING.replace("enabled: false", "password: x");
    let said = shown(&read(&text).unwrap_err());
    assert!(said.contains("password_from: { env: TRUNKLINE_SECRET_"), "{said}");
}
