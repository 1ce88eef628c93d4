//! Reports name the state that they used, and every printed command carries it.

use std::fs;

use serde_json::Value;

use crate::report::misfits;
use crate::support::site::{Site, text};

/// The commands that a text prints.
fn commands(text: &str) -> Vec<String> {
    let command = |(at, _)| text[at..].split(['\n', '`', '"']).next().unwrap().to_owned();
    text.match_indices("trunkline plan ")
        .chain(text.match_indices("trunkline apply "))
        .chain(text.match_indices("trunkline state "))
        .map(command)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_report_names_its_state_and_every_command_carries_it() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = |options: &[&'static str], format| {
        let words = ["plan", text(&manifest), "--format", format, "--out", "saved.json"];
        let words = words.into_iter().chain(options.iter().copied()).map(str::to_owned);
        words.collect::<Vec<String>>()
    };
    for (options, location) in
        [(&[][..], "acme.json"), (&["--state", "states/other.json"], "states/other.json")]
    {
        for (format, named) in [
            ("text", "State: "),
            ("markdown", " · state `"),
            ("github", "(state: "),
            ("json", "\"location\": \""),
        ] {
            let words = plan(options, format);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let output = site.run(&words).await;
            let shown = String::from_utf8(output.stdout).unwrap();
            let line = shown.lines().find(|line| line.contains(named)).unwrap_or_else(|| {
                panic!("{format} does not name the state: {shown}");
            });
            assert!(line.contains(location), "{line}");
            assert!(format == "json" || line.contains("(new)"), "{line}");
            let printed = shown + &String::from_utf8(output.stderr).unwrap();
            let commands = commands(&printed);
            assert!(!commands.is_empty(), "{printed}");
            for command in commands {
                let carried = command.contains("--state states/other.json");
                assert_eq!(carried, !options.is_empty(), "{format}: {command}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_new_until_an_apply_has_written_it() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = ["plan", text(&manifest), "--state", "other.json", "--format", "json"];
    let state = |plan: &Value| plan["inventory"]["state"].clone();
    let before = site.json(&plan, 0).await;
    assert_eq!(state(&before), serde_json::json!({ "location": "other.json", "new": true }));
    let apply = ["apply", text(&manifest), "--state", "other.json", "-y", "--report=env=r.env"];
    site.ends(&apply, 0).await;
    let env = fs::read_to_string(site.folder.path().join("r.env")).unwrap();
    assert!(env.contains("TRUNKLINE_STATE_NEW=true\n"), "{env}");
    let after = site.json(&plan, 0).await;
    assert_eq!(state(&after), serde_json::json!({ "location": "other.json", "new": false }));
    let shown = site.ends(&plan[..4], 0).await;
    assert!(shown.contains("State: other.json\n"), "{shown}");
    let none = site.ends(&["plan", text(&manifest), "--state", "none"], 0).await;
    assert!(none.contains("State: none\n"), "nothing is remembered: {none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_json_output_matches_its_schema_with_its_keys_in_order() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let schema = async |kind: &str| site.json(&["schema", kind], 0).await;
    let (plans, outcomes) = (schema("plan").await, schema("outcome").await);
    let plan = ["plan", text(&manifest), "--format", "json", "--out", "saved.json"];
    let shown = site.ends(&plan, 0).await;
    let saved = fs::read_to_string(site.folder.path().join("saved.json")).unwrap();
    for text in [&shown, &saved] {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(misfits(&plans, &plans, &value, "plan"), Vec::<String>::new());
        let keys = [
            "\n  \"format_version\"",
            "\n  \"organization\"",
            "\n  \"digest\"",
            "\n  \"bound_to\"",
            "\n  \"summary\"",
            "\n  \"inventory\"",
            "\n    \"complete\"",
            "\n    \"accounts\"",
            "\n    \"users\"",
            "\n    \"status_known\"",
            "\n    \"channels\"",
            "\n    \"state\"",
            "\n      \"location\"",
            "\n      \"new\"",
            "\n  \"guards\"",
            "\n  \"actions\"",
            "\n  \"findings\"",
        ];
        let places: Vec<usize> = keys.iter().map(|key| text.find(key).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
    }
    let apply = ["apply", text(&manifest), "-y", "--format", "json"];
    let ended = site.json(&apply, 0).await;
    assert_eq!(misfits(&outcomes, &outcomes, &ended, "outcome"), Vec::<String>::new());
    let reasons = |value: &Value, rows: &str| -> Vec<Value> {
        value[rows].as_array().unwrap().iter().map(|row| row["reason"].clone()).collect()
    };
    let planned: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(reasons(&ended, "outcomes"), reasons(&planned, "actions"));
    assert!(reasons(&planned, "actions").contains(&"unlisted".into()), "{shown}");
}
