//! The configuration: schema, example and problems.

use std::fs;
use std::path::Path;

use trunkline::daemon::config::{load, schema};
use trunkline::report::{Style, problems};

fn shown(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    for name in ["acme.yaml", "acme.key", "hook.url"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let path = folder.path().join("daemon.yaml");
    fs::write(&path, text).unwrap();
    let shown = problems(&load(&path).unwrap_err(), Style::default());
    shown.replace(folder.path().to_str().unwrap(), "FOLDER")
}

#[test]
fn every_problem_is_reported_at_once_without_addresses() {
    let text = "\
version: 1
listen: everywhere
hosts: [trunkline.internal.example, \"https://elsewhere.example\"]
organizations:
  - manifest: acme.yaml
    api_key_file: missing.key
    base_url: http://api.example/v2
    shedule: \"*/5 * * * *\"
    schedule: \"*/5 * * *\"
    timezone: Europe/Berln
    jitter: soon
    open_after: 0
    heal: [disable_account, enable_acount]
    notify:
      - { name: ops, type: slak, url_file: hook.url }
      - { name: pager, type: webhook, url: \"http://pager.example/T0PS3CRET\" }
      - { name: both, type: webhook, url: \"https://x.example/T0PS3CRET\", url_file: hook.url }
      - { name: signed, type: slack, url_file: hook.url, hmac_key_file: acme.key }
";
    let shown = shown(text);
    assert!(!shown.contains("T0PS3CRET"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn an_empty_configuration_is_a_problem() {
    let empty = shown("");
    assert!(empty.contains("expected a configuration with its fields, found nothing"), "{empty}");
    let nothing = shown("version: 1\norganizations: []\n");
    assert!(nothing.contains("the list of organizations is empty"), "{nothing}");
}

#[test]
fn the_example_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("examples/daemon.yaml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let line = line.replace("freeze_file: /", "");
        let named = line.split("manifest: ").skip(1).chain(line.split("_file: ").skip(1));
        for name in named.map(|rest| rest.split([',', ' ', '}']).next().unwrap()) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }
    let path = folder.path().join("daemon.yaml");
    fs::write(&path, text).unwrap();
    let config = load(&path).unwrap();
    assert_eq!(config.organizations.len(), 2);
}

#[test]
fn the_schema_has_the_fields_of_the_parser() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let names = |of: &serde_json::Value| {
        assert_eq!(of["additionalProperties"], false);
        of["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let definitions = &schema["definitions"];
    for (what, named, begin) in [
        ("a configuration", names(&schema), "nonsense: 1\n"),
        (
            "an organization",
            names(&definitions["Organization"]),
            "version: 1\norganizations:\n  - nonsense: 1\n",
        ),
        (
            "a target",
            names(&definitions["Target"]),
            "version: 1\norganizations:\n  - notify:\n    - nonsense: 1\n",
        ),
    ] {
        let shown = shown(begin).replace("\n  ", " ").replace("    ", "");
        let begin = format!("unknown field \"nonsense\" in {what}");
        assert!(shown.contains(&begin), "{shown}");
        let read = shown.split("The fields are ").nth(1).unwrap();
        for name in named {
            assert!(read.contains(name.as_str()), "{name}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_without_an_effect_are_warned_about() {
    let watch = super::Watch::open().await;
    let folder = watch.site.folder.path();
    let missing = folder.join("no/folder/freeze");
    let manifest = watch.manifest.to_str().unwrap();
    let warning = "never notifies: open_after is 2";
    for (state, open_after, warns) in
        [("none", "2", true), ("memory:", "2", true), ("none", "1", false), ("s.json", "2", false)]
    {
        let once = ["daemon", manifest, "--once", "--webhook", &watch.hook.url];
        let more = ["--state", state, "--open-after", open_after];
        let output = watch.site.run(&[&once[..], &more].concat()).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.contains(warning), warns, "{state} {open_after}: {error}");
    }
    let freeze = ["--heal", "enable_account", "--freeze-file", missing.to_str().unwrap()];
    let output = watch.site.run(&[&["daemon", manifest, "--once"][..], &freeze].concat()).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("the folder of the freeze file does not exist"), "{error}");
    assert!(error.contains("no/folder/freeze"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_is_read_up_to_64_kib() {
    let watch = super::Watch::open().await;
    let folder = watch.site.folder.path();
    let long = folder.join("long.key");
    fs::write(&long, "x".repeat(64 * 1024 + 1)).unwrap();
    for path in [long.to_str().unwrap(), "/dev/zero"] {
        let manifest = watch.manifest.to_str().unwrap();
        let hook = &watch.hook.url;
        let file = format!(
            "version: 1\norganizations:\n  - manifest: {manifest}\n    api_key_file: {path}\n    schedule: '0 * * * *'\n"
        );
        fs::write(folder.join("long.yaml"), file).unwrap();
        for arguments in [
            &["daemon", "--once", "--config", "long.yaml"][..],
            &["daemon", manifest, "--once", "--webhook", hook, "--webhook-key-file", path],
            &["--api-key-file", path, "plan", manifest],
        ] {
            let output = watch.site.run(arguments).await;
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
            let named = error.contains(path) && error.contains("longer than 64 KiB");
            assert!(named, "{arguments:?}: {error}");
        }
    }
}
