//! The GitLab component: its inputs, which jobs get the key, and the scripts in order.

use std::fs;

use serde_json::{Map, Value, json};

use super::machine::{KEY, said};
use super::story::{REV, Story, set, various};
use super::{example, yaml};

/// The inputs that a project gives.
fn inputs() -> Map<String, Value> {
    let pairs = json!({
        "repository": "https://git.example/trunkline",
        "rev": REV,
        "state": "STATE",
        "role": "arn:aws:iam::123456789012:role/trunkline",
    });
    pairs.as_object().unwrap().clone()
}

/// The component with its inputs, as GitLab creates a pipeline from it. The error names an input.
fn with_inputs(given: &Map<String, Value>) -> Result<Value, String> {
    let text = example("gitlab/templates/trunkline.yml");
    let (header, body) = text.split_once("\n---\n").unwrap();
    let spec = yaml(header);
    let declared = spec["spec"]["inputs"].as_object().unwrap();
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(unknown.clone());
    }
    let mut body = body.to_owned();
    for (name, rules) in declared {
        let value = given.get(name).or(rules.get("default")).ok_or_else(|| name.clone())?;
        let value = value.as_str().unwrap();
        let pattern = rules["regex"].as_str().unwrap_or("");
        if !regex::Regex::new(pattern).unwrap().is_match(value) {
            return Err(name.clone());
        }
        let used = format!("$[[ inputs.{name} ]]");
        assert!(body.contains(&used), "{name} is used");
        // A value in a script could be code; a variable is data.
        let bare = |line: &str| line.trim_start().ends_with(&format!(": {used}"));
        assert!(body.lines().filter(|line| line.contains(&used)).all(bare), "{name}");
        body = body.replace(&used, &format!("{value:?}"));
    }
    assert!(!body.contains("$[["), "every input is declared");
    Ok(yaml(&body))
}

fn pipeline() -> Value {
    with_inputs(&inputs()).unwrap()
}

/// A job with the parts that it extends.
fn job(name: &str) -> Value {
    let pipeline = pipeline();
    let mut job = pipeline[name].clone();
    while let Some(base) = job["extends"].as_str() {
        let mut merged = pipeline[base].clone();
        job.as_object_mut().unwrap().remove("extends");
        merge(&mut merged, job);
        job = merged;
    }
    job
}

fn merge(base: &mut Value, more: Value) {
    match (base, more) {
        (Value::Object(base), Value::Object(more)) => {
            for (name, value) in more {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, more) => *base = more,
    }
}

/// Runs a job in the repository. `dotenv` is the output of earlier jobs.
fn run(
    story: &Story,
    name: &str,
    variables: &[(&str, &str)],
    dotenv: &str,
) -> (Option<i32>, String) {
    let job = job(name);
    let key = story.machine.path("key");
    fs::write(&key, KEY).unwrap();
    let repository = story.repository();
    story.types("git clean -qfdx -e '*.env'");
    // GitLab runs both parts in one shell.
    let parts = [&job["before_script"], &job["script"]];
    let lines = parts.into_iter().flat_map(|part| part.as_array().unwrap());
    let script = lines.map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n");
    let mut command = story.machine.bash(&repository, &script);
    command.env("CI_PROJECT_DIR", &repository);
    for (name, value) in job["variables"].as_object().unwrap() {
        let state = story.state();
        command.env(name, value.as_str().unwrap().replace("STATE", &state));
    }
    for name in job["id_tokens"].as_object().into_iter().flatten().map(|(name, _)| name) {
        command.env(name, "identity-of-the-job");
    }
    if name != "trunkline-check" {
        command.env("TELNYX_API_KEY_FILE", key);
    }
    command.envs(variables.iter().copied());
    command.envs(dotenv.lines().map(|line| line.split_once('=').unwrap()));
    let output = command.output().unwrap();
    (output.status.code(), said(&output))
}

#[test]
fn a_change_goes_through_the_pipeline() {
    let story = Story::begin();
    story.change(various);
    let base = story.types("git rev-parse main");
    let of_request = [("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.trim())];
    let read = |name: &str| fs::read_to_string(story.repository().join(name)).unwrap();

    let (status, log) = run(&story, "trunkline-check", &of_request, "");
    assert_eq!(status, Some(0), "{log}");
    assert!(read("manifest.diff").contains("+    email: desk40@shop40.example"));
    let (status, log) = run(&story, "trunkline-plan", &of_request, "");
    assert_eq!(status, Some(0), "{log}");
    assert_eq!(read("plan.json"), "{\"create\":1,\"update\":2,\"delete\":1}\n");
    assert!(read("plan.md").contains("This change: 4, already drifted: 0."));

    story.merge();
    let (status, log) = run(&story, "trunkline-plan", &[], "");
    assert_eq!(status, Some(0), "{log}");
    let dotenv = read("plan.env");
    let (status, log) = run(&story, "trunkline-apply", &[], &dotenv);
    assert_eq!(status, Some(0), "{log}");
    assert!(read("audit.jsonl").contains("desk40@shop40.example"));
    assert_eq!(run(&story, "trunkline-drift", &[], "").0, Some(0));
    // The same plan no longer matches the live side.
    assert_eq!(run(&story, "trunkline-apply", &[], &dotenv).0, Some(4));

    story.meddle("custom_pricing: false", "custom_pricing: true");
    assert_eq!(run(&story, "trunkline-drift", &[], "").0, Some(2));
    story.change(|text| set(text, "desk13@shop13.example", "custom_pricing", "custom_prizing"));
    assert_eq!(run(&story, "trunkline-check", &of_request, "").0, Some(1));
}

#[test]
fn a_refused_plan_needs_the_number_and_a_lost_bucket_fails_every_job() {
    let story = Story::begin();
    story.change(|text| text.replacen("enabled: true", "enabled: false", 12));
    story.merge();
    let (status, log) = run(&story, "trunkline-plan", &[], "");
    assert_eq!(status, Some(0), "{log}");
    let dotenv = fs::read_to_string(story.repository().join("plan.env")).unwrap();
    assert_eq!(run(&story, "trunkline-apply", &[], &dotenv).0, Some(3));
    let approve = |number| [("APPROVE_DESTRUCTIVE", number)];
    assert_eq!(run(&story, "trunkline-apply", &approve("11"), &dotenv).0, Some(3));
    let (status, log) = run(&story, "trunkline-apply", &approve("12"), &dotenv);
    assert_eq!(status, Some(0), "{log}");

    story.keep_state_at("s3://lost/trunkline");
    story.machine.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    story.machine.set("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1");
    story.machine.set("AWS_ALLOW_HTTP", "true");
    for name in ["trunkline-plan", "trunkline-apply", "trunkline-drift"] {
        let (status, log) = run(&story, name, &[], &dotenv);
        assert_eq!(status, Some(1), "{log}");
        assert!(log.contains("s3://lost/trunkline"), "{log}");
    }
}

#[test]
fn an_input_that_is_missing_or_wrong_makes_no_pipeline() {
    let refused = |name: &str, value: Option<&str>| {
        let mut given = inputs();
        given.remove(name);
        given.extend(value.map(|value| (name.to_owned(), json!(value))));
        with_inputs(&given).unwrap_err()
    };
    for name in ["repository", "rev", "state"] {
        assert_eq!(refused(name, None), name);
    }
    for rev in ["main", "v1.2.3", ""] {
        assert_eq!(refused("rev", Some(rev)), "rev");
    }
    assert_eq!(refused("sate", Some("s3://bucket")), "sate");
    // The example includes the component with the inputs that it declares, to be filled in.
    let example = yaml(&example("gitlab/.gitlab-ci.yml"));
    let given = example["include"][0]["inputs"].as_object().unwrap();
    assert_eq!(given.keys().collect::<Vec<_>>(), inputs().keys().collect::<Vec<_>>());
    assert_eq!(with_inputs(given).unwrap_err(), "rev");
    let stages: Vec<&str> =
        example["stages"].as_array().unwrap().iter().map(|stage| stage.as_str().unwrap()).collect();
    for (name, job) in pipeline().as_object().unwrap() {
        let stage = job["stage"].as_str();
        assert!(name.starts_with('.') || stages.contains(&stage.unwrap()), "{name}");
    }
}

#[test]
fn the_pipeline_keeps_our_rules() {
    let check = job("trunkline-check");
    assert!(!check.to_string().contains("TELNYX_API_KEY"));
    assert!(check.get("id_tokens").is_none());
    let plan = job("trunkline-plan");
    // GitLab gives the key to protected branches only.
    for rule in plan["rules"].as_array().unwrap() {
        let condition = rule["if"].as_str().unwrap();
        assert!(
            condition.contains("$TELNYX_API_KEY_FILE") || condition.contains("$CI_DEFAULT_BRANCH"),
            "{rule}"
        );
    }
    let apply = job("trunkline-apply");
    assert_eq!(apply["resource_group"], "trunkline-apply");
    assert_eq!(apply["interruptible"], false);
    let rules = apply["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["when"] == "manual"), "{rules:?}");
    let drift = job("trunkline-drift");
    assert_eq!(drift["allow_failure"], json!({ "exit_codes": [2] }));
    for job in [&plan, &apply] {
        assert_eq!(job["artifacts"]["access"], "developer");
    }
    for job in [&plan, &apply, &drift] {
        assert_eq!(job["id_tokens"]["TRUNKLINE_IDENTITY"]["aud"], "sts.amazonaws.com");
        assert!(!job.to_string().contains("AWS_SECRET"), "no key of the bucket is stored");
    }
}
