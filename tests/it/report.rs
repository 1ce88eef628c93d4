//! A plan with every action, every finding and every safety limit, as text and JSON.

use std::collections::BTreeSet;

use serde_json::Value;
use trunkline::model::{Code, Email};
use trunkline::plan::{AccountTarget, Action, Finding, FindingKind, Plan};
use trunkline::report::{self, PlanReport, StateInfo, Style};

use crate::support::plans::{
    World, bound_to, email, everything, everything_since, id, limit, planned, state,
    without_origins,
};

fn shown(plan: &Plan, show: impl Fn(PlanReport<'_>) -> String) -> String {
    show(PlanReport { organization: "acme", bound_to: &bound_to(), plan, state: &state() })
}

#[test]
fn the_plan_has_every_action_finding_and_safety_limit() {
    let plan = everything();
    let kinds: BTreeSet<_> =
        plan.requested().map(std::mem::discriminant).map(|kind| format!("{kind:?}")).collect();
    assert_eq!(kinds.len(), 6);
    let found: BTreeSet<Code> = plan.findings.iter().map(Finding::code).collect();
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !found.contains(code)).collect();
    assert_eq!(missing, [&Code::PolicyLoosened], "needs a base");
    assert_eq!(plan.guards.iter().map(|guard| guard.name).collect::<BTreeSet<_>>().len(), 5);
    assert!(plan.requested().is_sorted_by_key(Action::phase), "in the order of execution");
}

#[test]
fn a_plan_of_everything_since_a_base_as_text() {
    let text = shown(&everything_since(), |report| report::plan_text(report, Style::default()));
    assert!(text.find("Policy loosened").unwrap() < text.find("Destructive changes").unwrap());
    insta::assert_snapshot!(text);
}

#[test]
fn the_origin_is_in_the_json_and_not_in_the_digest() {
    let (with, without) = (everything_since(), without_origins(everything_since()));
    let json =
        |plan: &Plan| -> Value { serde_json::from_str(&shown(plan, report::plan_json)).unwrap() };
    let (with, without) = (json(&with), json(&without));
    assert_eq!(with["digest"], without["digest"]);
    let origins = |plan: &Value| -> Vec<Value> {
        plan["actions"].as_array().unwrap().iter().map(|one| one["origin"].clone()).collect()
    };
    assert_eq!(origins(&with)[..3], ["this_change", "already_drifted", "conflict"]);
    assert!(origins(&without).iter().all(Value::is_null));
    let schema: Value = serde_json::from_str(&report::plan_schema()).unwrap();
    assert_eq!(misfits(&schema, &schema, &with, "plan"), Vec::<String>::new());
}

#[test]
fn a_plan_of_everything_as_text() {
    let style = Style { colour: false };
    insta::assert_snapshot!(shown(&everything(), |report| report::plan_text(report, style)));
}

#[test]
fn a_plan_of_everything_as_text_with_colour() {
    let style = Style { colour: true };
    let text = shown(&everything(), |report| report::plan_text(report, style));
    // Color codes are readable in the golden file, and there are no other control sequences.
    let text = text.replace("\u{1b}[", "<");
    assert!(!text.contains('\u{1b}'), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_plan_of_everything_as_json() {
    let json = shown(&everything(), report::plan_json);
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn without_color_codes_the_text_is_the_same() {
    let plain = shown(&everything(), |report| report::plan_text(report, Style { colour: false }));
    let coloured = shown(&everything(), |report| report::plan_text(report, Style { colour: true }));
    let mut stripped = String::new();
    for (place, part) in coloured.split('\u{1b}').enumerate() {
        let rest = if place == 0 { part } else { part.split_once('m').unwrap().1 };
        stripped.push_str(rest);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn destructive_changes_come_first_and_are_never_cut() {
    let many = (0..60)
        .map(|n| {
            let name = format!("closing{n:02}");
            planned(Action::DisableAccount {
                target: AccountTarget::Live(id(&name)),
                email: email(&name),
            })
        })
        .collect();
    let plan = Plan { actions: many, ..everything() };
    let text = shown(&plan, |report| report::plan_text(report, Style::default()));
    for n in 0..60 {
        assert!(text.contains(&format!("closing{n:02}@shop.example")), "{n}");
    }
    let place = |what: &str| text.find(what).unwrap();
    assert!(place("Destructive changes") < place("Findings"));
}

/// Returns the violations of a schema, for the parts of JSON Schema that ours use.
pub(crate) fn misfits(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/definitions/").unwrap();
        return misfits(root, &root["definitions"][name], value, path);
    }
    let mut found = Vec::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(misfits(root, part, value, path));
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|part| misfits(root, part, value, path).is_empty());
        found.extend((!fits).then(|| format!("{path} matches none of {any:?}")));
    }
    let one_of = schema["enum"].as_array();
    if one_of.is_some_and(|words| !words.contains(value))
        || schema.get("const").is_some_and(|it| it != value)
    {
        found.push(format!("{path}: {value} is not one of {schema}"));
    }
    let types = [&schema["type"]]
        .into_iter()
        .flat_map(|one| one.as_array().cloned().unwrap_or(vec![one.clone()]));
    let types: Vec<String> = types.filter_map(|one| one.as_str().map(str::to_owned)).collect();
    let is = |name: &str| match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(_) => name == "integer" || name == "number",
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    };
    if !types.is_empty() && !types.iter().any(|name| is(name)) {
        found.push(format!("{path}: {value} is not of type {types:?}"));
    }
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(misfits(root, &schema["items"], item, &format!("{path}[{place}]")));
    }
    if let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, field) in fields {
            match known.get(name) {
                Some(schema) => {
                    found.extend(misfits(root, schema, field, &format!("{path}.{name}")));
                }
                None => found.push(format!("{path}.{name} is not in the schema")),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            let there = fields.contains_key(name.as_str().unwrap());
            found.extend((!there).then(|| format!("{path}.{name} is missing")));
        }
    }
    found
}

#[test]
fn a_plan_of_everything_matches_the_schema_and_an_unknown_word_does_not() {
    let schema: Value = serde_json::from_str(&report::plan_schema()).unwrap();
    let mut plan: Value = serde_json::from_str(&shown(&everything(), report::plan_json)).unwrap();
    assert_eq!(misfits(&schema, &schema, &plan, "plan"), Vec::<String>::new());
    plan["actions"][0]["action"] = "delete_everything".into();
    plan["findings"][0]["colour"] = "red".into();
    plan["digest"] = Value::Null;
    assert_eq!(misfits(&schema, &schema, &plan, "plan").len(), 3);
}

#[test]
fn every_field_of_the_schemas_has_a_description() {
    for text in [report::plan_schema(), report::outcomes_schema(), report::review_schema()] {
        let schema: Value = serde_json::from_str(&text).unwrap();
        let objects = schema["definitions"].as_object().unwrap().values().chain([&schema]);
        for object in objects.filter(|object| object["type"] == "object") {
            for (name, field) in object["properties"].as_object().unwrap() {
                assert!(field["description"].as_str().is_some_and(|text| text.len() > 8), "{name}");
            }
        }
    }
}

#[test]
fn names_and_addresses_that_only_look_equal_are_escaped() {
    let said = |what| {
        report::finding_text(
            &Finding::user(Email::new("u\u{455}er@acme.example"), what),
            &StateInfo::default(),
        )
    };
    let missing = Email::new("user@acme.example");
    let text = said(FindingKind::PossibleRename { missing: missing.clone() });
    assert!(text.starts_with("is written u\\u{455}er@acme.example, and may be user@"), "{text}");
    let unlisted = Email::new("u\u{455}er@acme.example");
    let text = said(FindingKind::PossibleRenameOf { unlisted });
    assert!(text.contains("u\\u{455}er@acme.example"), "{text}");
    let names = |have: &str| {
        said(FindingKind::ImmutableName { have: have.to_owned(), want: "Acme".to_owned() })
    };
    assert!(names("\u{410}cme").contains("\\u{410}cme"), "{}", names("\u{410}cme"));
    assert!(names("Ökonom").contains("\"Ökonom\""), "{}", names("Ökonom"));
}

#[test]
fn the_rows_of_an_account_follow_each_other() {
    let mut world = World::of_everything();
    let update = |name: &str| {
        planned(Action::UpdateAccount {
            id: id(name),
            email: email(name),
            before: Some(false),
            after: true,
        })
    };
    world.plan = Plan {
        actions: vec![
            update("inn"),
            update("spa"),
            planned(limit("inn", Some(1), 2)),
            planned(limit("spa", Some(1), 2)),
        ],
        ..Plan::default()
    };
    let text = report::plan_text(world.context().report, Style::default());
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("  ~")).collect();
    let of: Vec<bool> = rows.iter().map(|row| row.contains("inn@")).collect();
    assert_eq!(of, [true, true, false, false], "{text}");
}
