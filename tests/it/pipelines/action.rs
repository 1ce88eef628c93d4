//! The action: a verified download of a release, or else a build of the source.

use std::fs;

use serde_json::{Value, json};

use super::machine::{Machine, executable};
use super::runner::{Context, Run, run_action};
use super::story::REV;

const REPOSITORY: &str = "https://forge.example/acme/trunkline";
const ASSET: &str = "trunkline-v0.1.0-x86_64-unknown-linux-musl";

/// Downloads the files of a release, and nothing else.
const CURL: &str = r#"#!/usr/bin/env bash
set -euo pipefail
while [ $# -gt 1 ]; do
  [ "$1" != --output ] || output=$2
  shift
done
printf '%s\n' "curl $1" >> "$FORGE/calls"
cp "$FORGE/release/${1##*/}" "$output" 2> /dev/null || exit 22
"#;

/// A change of a release after it was published.
type Damage = fn(&Machine);

/// A machine whose `curl` is the stub above.
fn machine() -> Machine {
    let machine = Machine::new();
    executable(&machine.path("tools/curl"), CURL);
    machine
}

fn context() -> Context {
    let pairs = [
        ("github.repository", "acme/telnyx"),
        ("github.server_url", "https://forge.example"),
        ("github.run_id", "1"),
        ("github.ref", "main"),
        ("github.ref_name", "main"),
        ("github.sha", REV),
        ("github.token", "token"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// A machine whose forge has this release.
fn released() -> Machine {
    let machine = machine();
    let folder = machine.path("forge/release");
    fs::create_dir_all(folder.join(ASSET)).unwrap();
    machine.types(
        &folder,
        &format!(
            "printf '#!/bin/sh\\nexec \"$BUILT\" \"$@\"\\n' > {ASSET}/trunkline && \
             chmod +x {ASSET}/trunkline && tar -czf {ASSET}.tar.gz {ASSET} && \
             sha256sum {ASSET}.tar.gz > SHA256SUMS"
        ),
    );
    machine
}

fn run(machine: &Machine, with: &Value) -> Run {
    run_action(machine, &context(), with, &[])
}

#[test]
fn a_release_is_verified_and_installed() {
    let machine = released();
    let with = json!({ "repository": REPOSITORY, "version": "v0.1.0", "rev": REV, "arguments": "version\n" });
    let done = run(&machine, &with);
    assert_eq!(done.failed, None, "{}", done.log);
    let output = |name: &str| done.context[&format!("steps.{name}")].clone();
    assert_eq!(output("source.outputs.source"), "release");
    let version = format!("trunkline {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(output("installed.outputs.version"), version);
    assert!(done.log.ends_with(&format!("{version}\n")), "{}", done.log);
    assert!(!done.log.contains("cache: "), "{}", done.log);
    let calls = machine.forge("calls");
    let expected = format!(
        "curl {REPOSITORY}/releases/download/v0.1.0/{ASSET}.tar.gz\n\
         curl {REPOSITORY}/releases/download/v0.1.0/SHA256SUMS\n\
         attestation verify {ASSET}.tar.gz --repo acme/trunkline --signer-workflow \
         acme/trunkline/.github/workflows/release.yml --source-ref refs/tags/v0.1.0 \
         --source-digest {REV} --deny-self-hosted-runners\n"
    );
    assert_eq!(calls, expected);
}

#[test]
fn a_release_that_does_not_verify_is_an_error_and_nothing_else_is_installed() {
    let with = json!({ "repository": REPOSITORY, "version": "v0.1.0", "rev": REV });
    let damages: [(&str, Damage); 3] = [
        ("has no attestation", |machine| machine.remember("unattested", "")),
        ("SHA256SUMS says nothing", |machine| machine.remember("release/SHA256SUMS", "")),
        ("the checksum of", |machine| {
            machine.remember(&format!("release/{ASSET}.tar.gz"), "something else");
        }),
    ];
    for (expected, damage) in damages {
        let machine = released();
        damage(&machine);
        let done = run(&machine, &with);
        assert!(done.failed.is_some() && done.log.contains(expected), "{expected}\n{}", done.log);
        assert!(!done.context.contains_key("steps.installed.outputs.version"));
        assert!(!machine.forge("calls").contains("cargo"), "{}", machine.forge("calls"));
    }
}

#[test]
fn without_a_release_the_source_is_built_and_cached() {
    let cargo = format!("cargo install --locked --git {REPOSITORY} --rev {REV} --root ");
    for with in [
        json!({ "repository": REPOSITORY, "rev": REV }),
        json!({ "repository": REPOSITORY, "rev": REV, "version": "v0.1.0" }),
    ] {
        let machine = machine();
        let done = run(&machine, &with);
        assert_eq!(done.failed, None, "{}", done.log);
        assert_eq!(done.context["steps.source.outputs.source"], "build");
        assert!(done.log.contains(&format!("cache: trunkline-Linux-X64-{REV}\n")), "{}", done.log);
        assert!(machine.forge("calls").contains(&cargo), "{}", machine.forge("calls"));
    }
    let machine = machine();
    for (with, expected) in [
        (json!({}), "set the default of `repository`"),
        (json!({ "repository": REPOSITORY }), "set the default of `rev`"),
        (json!({ "repository": REPOSITORY, "rev": "main" }), "set the default of `rev`"),
        (json!({ "repository": REPOSITORY, "version": "v0.1.0" }), "there is no `rev` to build"),
    ] {
        let done = run(&machine, &with);
        assert!(done.failed.is_some() && done.log.contains(expected), "{expected}\n{}", done.log);
    }
}

#[test]
fn the_action_of_a_repository_installs_its_own_version() {
    // Git finds the repository of the action in a folder.
    let machine = released();
    let source = machine.path("source");
    fs::create_dir(&source).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let script = format!(
        "git init -q -b main . && git commit -q --allow-empty -m x && git tag v{version} && \
         git config --global url.\"file://$PWD\".insteadOf {REPOSITORY} && git rev-parse HEAD"
    );
    let tagged = machine.types(&source, &script).trim().to_owned();
    let files = ["Cargo.toml", "Cargo.lock", "src/main.rs"];
    for (at, expected) in
        [(format!("v{version}"), "release"), (tagged, "release"), (REV.to_owned(), "build")]
    {
        let mut context = context();
        context.insert("github.action_repository".to_owned(), "acme/trunkline".to_owned());
        context.insert("github.action_ref".to_owned(), at.clone());
        machine.remember("calls", "");
        let done = run_action(&machine, &context, &json!({}), &files);
        assert_eq!(done.failed, None, "{at}\n{}", done.log);
        assert_eq!(done.context["steps.source.outputs.source"], expected, "{at}");
        let built = machine.forge("calls").contains("cargo install --locked --path ");
        assert_eq!(built, expected == "build", "{at}");
    }
}
