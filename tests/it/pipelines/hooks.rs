//! The hooks for pre-commit, run by pre-commit in the repository of a story.

use std::path::Path;

use super::story::{Story, set};
use super::{tools, yaml};

/// The file that pre-commit looks for at the top of the repository that it takes hooks from.
const HOOKS: &str = include_str!("../../../.pre-commit-hooks.yaml");

/// Commits a change on main, with the hooks. Returns the output if they let it pass.
fn commit(story: &Story, pre_commit: &Path) -> Result<String, String> {
    // The hooks see the program of a person, and nothing of this machine's home.
    let path = format!("{}:{}", pre_commit.parent().unwrap().display(), "$PATH");
    let script = format!(
        "export PATH={path} && git add -A && if git commit -qm change > ../hooks.log 2>&1; then echo passed; \
         else echo refused; git reset -q; fi; cat ../hooks.log"
    );
    let out = story.types(&script);
    match out.split_once('\n').unwrap() {
        ("passed", log) => Ok(log.to_owned()),
        (_, log) => Err(log.to_owned()),
    }
}

#[test]
fn the_hooks_refuse_a_manifest_that_is_not_valid_and_format_it() {
    let Some(pre_commit) = tools("pre-commit") else { return };
    let story = Story::begin();
    // A repository with our hooks, as a release of ours would be.
    let ours = story.machine.path("trunkline");
    std::fs::create_dir(&ours).unwrap();
    std::fs::write(ours.join(".pre-commit-hooks.yaml"), HOOKS).unwrap();
    story.types(
        "cd ../trunkline && git init -q . && git add -A && git commit -qm hooks && git tag v0.1.0",
    );
    let config = format!(
        "repos:\n  - repo: {}\n    rev: v0.1.0\n    hooks:\n      - {{ id: trunkline-validate, language: system }}\n      - {{ id: trunkline-fmt, language: system }}\n",
        ours.display()
    );
    std::fs::write(story.repository().join(".pre-commit-config.yaml"), config).unwrap();
    story.types(&format!("'{}' install > /dev/null", pre_commit.display()));

    let manifest = story.repository().join("manifests/acme.yaml");
    let edit = |change: &dyn Fn(&str) -> String| {
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, change(&text)).unwrap();
    };
    edit(&|text| set(text, "desk10@shop10.example", "custom_pricing", "custom_prizing"));
    let refused = commit(&story, &pre_commit).unwrap_err();
    assert!(refused.contains("unknown field \"custom_prizing\""), "{refused}");

    // The layout is corrected, and the commit passes the second time.
    edit(&|text| text.replace("custom_prizing", "custom_pricing"));
    edit(&|text| {
        set(text, "desk10@shop10.example", "custom_pricing: false", "custom_pricing:   true")
    });
    let refused = commit(&story, &pre_commit).unwrap_err();
    assert!(refused.contains("files were modified by this hook"), "{refused}");
    let passed = commit(&story, &pre_commit).unwrap();
    assert!(
        passed.contains("validate the Telnyx manifest") && passed.contains("Passed"),
        "{passed}"
    );
}

#[test]
fn the_hooks_need_no_key_and_no_network() {
    let hooks = yaml(HOOKS);
    let entries: Vec<&str> =
        hooks.as_array().unwrap().iter().map(|hook| hook["entry"].as_str().unwrap()).collect();
    assert_eq!(entries, ["trunkline validate", "trunkline fmt"]);
}
