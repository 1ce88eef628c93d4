//! The example policy, on plans that the program writes. It is evaluated by regopy, an implementation of Rego.

use serde_json::Value;

use super::story::{Story, set, various};
use super::tools;

const EVALUATE: &str = r#"
import sys
from regopy import Interpreter
rego = Interpreter()
rego.add_module("trunkline.rego", open(sys.argv[1]).read())
rego.set_input_term(sys.stdin.read())
print(rego.query("data.main." + sys.argv[2]))
"#;

/// The messages of a rule on the plan of the change.
fn messages(story: &Story, python: &std::path::Path, rule: &str) -> Vec<String> {
    story.types("git show main:manifests/acme.yaml > ../base.yaml");
    let policy = super::folder().join("policy/trunkline.rego");
    std::fs::write(story.machine.path("evaluate.py"), EVALUATE).unwrap();
    let out = story.types(&format!(
        "trunkline plan manifests --base ../base.yaml --format json --state ../state.json | \
         '{}' ../evaluate.py '{}' {rule}",
        python.display(),
        policy.display()
    ));
    let result: Value = serde_json::from_str(&out).unwrap();
    let texts = result["expressions"][0].as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_policy_denies_what_it_says() {
    let Some(python) = tools("python") else { return };
    let story = Story::begin();
    story.change(various);
    assert_eq!(messages(&story, &python, "deny"), Vec::<String>::new());
    assert_eq!(messages(&story, &python, "warn"), Vec::<String>::new());

    // A limit above the highest, and a looser policy.
    story.change(|text| {
        let text = set(
            text,
            "desk11@shop11.example",
            "custom_pricing",
            "channel_limit: 101\n    custom_pricing",
        );
        text.replacen("unlisted_accounts: report", "unlisted_accounts: ignore", 1)
    });
    let denied = "the channel limit of desk11@shop11.example is 101, above 100";
    assert_eq!(messages(&story, &python, "deny"), [denied]);
    let warned = messages(&story, &python, "warn");
    assert!(warned.len() == 1 && warned[0].contains("unlisted_accounts"), "{warned:?}");

    // An account was enabled in the portal: to disable it again is not a part of this change.
    story.change(various);
    story.types("git checkout -q main");
    story.meddle("enabled: false", "enabled: true");
    story.types("git checkout -q change");
    let denied = messages(&story, &python, "deny");
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert!(denied[0].ends_with("is destructive and not from this change"), "{denied:?}");
}
