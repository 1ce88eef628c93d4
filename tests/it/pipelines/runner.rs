//! Runs a workflow's jobs step by step, with the features of GitHub's runner that our workflows use.
//!
//! An expression that the context does not define is an error here. A workflow that reads a missing secret, or
//! misspells one, therefore fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::machine::{Machine, said};
use super::yaml;

/// The values that a workflow can refer to, by name: `github.token`, `steps.plan.outcome`.
pub(super) type Context = BTreeMap<String, String>;

/// The result of a run.
pub(super) struct Run {
    /// The jobs that ran, in order.
    pub(super) ran: Vec<String>,
    /// The first step that failed.
    pub(super) failed: Option<String>,
    /// The output of the steps.
    pub(super) log: String,
    /// The summary of the run.
    pub(super) summary: String,
    /// The files that were uploaded.
    pub(super) uploaded: Vec<String>,
    /// The outputs of the steps and jobs.
    pub(super) context: Context,
}

/// One job while it runs.
struct Job<'a> {
    machine: &'a Machine,
    context: Context,
    folder: PathBuf,
    paths: Vec<String>,
    env: Vec<(String, String)>,
    run: &'a mut Run,
    failed: bool,
}

/// Runs a workflow. `between` happens before each job but the first, as if an approval took time.
pub(super) fn run(machine: &Machine, file: &str, context: &Context, between: impl Fn()) -> Run {
    let workflow = yaml(&super::example(&format!("github/{file}")));
    let mut run = Run::new(context);
    let jobs = workflow["jobs"].as_object().unwrap();
    let (first, rest): (Vec<_>, Vec<_>) =
        jobs.iter().partition(|(_, job)| job.get("needs").is_none());
    for (place, (name, job)) in first.into_iter().chain(rest).enumerate() {
        let wanted =
            job["if"].as_str().is_none_or(|condition| holds(condition, &run.context, false));
        if run.failed.is_some() || !wanted {
            continue;
        }
        if place > 0 {
            between();
        }
        let number = run.ran.len();
        run.ran.push(name.clone());
        let context = run.context.clone();
        let mut one = Job::new(machine, context, &mut run, number);
        one.env.extend(one.variables(&workflow["env"]));
        if job["permissions"]["id-token"] == "write" {
            let service = [("URL", "https://token.example/?api-version=2"), ("TOKEN", "request")];
            let named = service.map(|(name, value)| {
                (format!("ACTIONS_ID_TOKEN_REQUEST_{name}"), value.to_owned())
            });
            one.env.extend(named);
        }
        one.steps(&job["steps"], true);
        let outputs = job["outputs"].as_object().cloned().unwrap_or_default();
        let outputs = outputs.iter().map(|(key, value)| {
            (format!("needs.{name}.outputs.{key}"), filled(value, &one.context))
        });
        let outputs: Context = outputs.collect();
        let steps = one.context.into_iter().filter(|(key, _)| key.starts_with("steps."));
        let gained: Context = steps.chain(outputs).collect();
        run.context.extend(gained);
    }
    run
}

/// Runs one step of a workflow, as if the earlier steps had led to `context`.
pub(super) fn run_step(
    machine: &Machine,
    file: &str,
    place: (&str, &str),
    context: &Context,
) -> Run {
    let workflow = yaml(&super::example(&format!("github/{file}")));
    let mut run = Run::new(context);
    let steps = workflow["jobs"][place.0]["steps"].as_array().unwrap();
    let steps: Vec<&Value> = steps.iter().filter(|step| step["name"] == place.1).collect();
    assert_eq!(steps.len(), 1, "{place:?}");
    let mut job = Job::new(machine, context.clone(), &mut run, 0);
    job.steps(&serde_json::json!(steps), true);
    run
}

/// Runs the action alone, with these inputs, in a checkout that has these files besides.
pub(super) fn run_action(
    machine: &Machine,
    context: &Context,
    with: &Value,
    files: &[&str],
) -> Run {
    let mut run = Run::new(context);
    let mut job = Job::new(machine, context.clone(), &mut run, 0);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in files.iter().copied().chain([super::ACTION]) {
        let copy = job.folder.join("work").join(name);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(root.join(name), copy).unwrap();
    }
    let uses = format!("./{}", Path::new(super::ACTION).parent().unwrap().display());
    job.steps(&serde_json::json!([{ "uses": uses, "with": with }]), true);
    let gained = job.context;
    run.context = gained;
    run
}

impl Run {
    fn new(context: &Context) -> Self {
        Self {
            ran: Vec::new(),
            failed: None,
            log: String::new(),
            summary: String::new(),
            uploaded: Vec::new(),
            context: context.clone(),
        }
    }
}

impl<'a> Job<'a> {
    fn new(machine: &'a Machine, mut context: Context, run: &'a mut Run, number: usize) -> Self {
        let folder = machine.path(&format!("runs/{}-{number}", context["github.run_id"]));
        for name in ["work", "temp"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        context.insert("runner.temp".to_owned(), text(&folder.join("temp")));
        Self { machine, context, folder, paths: Vec::new(), env: Vec::new(), run, failed: false }
    }

    fn steps(&mut self, steps: &Value, ours: bool) {
        for step in steps.as_array().unwrap() {
            let name = step["name"].as_str().or(step["uses"].as_str()).unwrap().to_owned();
            let id = step["id"].as_str();
            let condition = step["if"].as_str();
            let runs = condition.map_or(!self.failed, |one| holds(one, &self.context, self.failed));
            let outcome = match (runs, ours) {
                (false, _) => "skipped",
                (true, _) if self.step(step) => "success",
                (true, _) => {
                    self.failed = true;
                    self.run.failed.get_or_insert(name);
                    "failure"
                }
            };
            if let Some(id) = id {
                self.context.insert(format!("steps.{id}.outcome"), outcome.to_owned());
            }
        }
    }

    /// True if the step succeeded.
    fn step(&mut self, step: &Value) -> bool {
        match step["uses"].as_str() {
            Some(uses) if uses.starts_with("actions/checkout@") => self.checkout(&step["with"]),
            Some(uses) if uses.starts_with("actions/upload-artifact@") => {
                self.upload(&step["with"]);
            }
            // Always empty: the log shows the key.
            Some(uses) if uses.starts_with("actions/cache@") => {
                let key = filled(&step["with"]["key"], &self.context);
                self.run.log += &["cache: ", &key, "\n"].concat();
            }
            Some(uses) => return self.action(uses, &step["with"]),
            None => return self.script(step),
        }
        true
    }

    fn checkout(&self, with: &Value) {
        let depth = with["fetch-depth"].as_u64().unwrap_or(1);
        let origin = text(&self.machine.path("origin.git"));
        let of = &self.context["github.ref"];
        let script = format!(
            "git init -q . && git remote add origin file://{origin} && \
             git fetch -q --depth={depth} origin {of} && git checkout -q FETCH_HEAD"
        );
        let output = self.machine.bash(&self.folder.join("work"), &script).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }

    fn upload(&mut self, with: &Value) {
        let folder = filled(&with["path"], &self.context);
        let files = fs::read_dir(folder).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        self.run.uploaded.extend(names);
    }

    /// A composite action of the checkout.
    fn action(&mut self, uses: &str, with: &Value) -> bool {
        let path = self.folder.join("work").join(uses).join("action.yml");
        let action = yaml(&fs::read_to_string(&path).unwrap());
        self.context.insert("github.action_path".to_owned(), text(path.parent().unwrap()));
        for (name, value) in [
            ("github.action_repository", ""),
            ("github.action_ref", ""),
            ("github.token", ""),
            ("runner.os", "Linux"),
            ("runner.arch", "X64"),
        ] {
            self.context.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        for (name, input) in action["inputs"].as_object().unwrap() {
            let given = with.get(name).unwrap_or(&input["default"]);
            let value = filled(given, &self.context);
            self.context.insert(format!("inputs.{name}"), value);
        }
        self.steps(&action["runs"]["steps"], false);
        !self.failed
    }

    fn script(&mut self, step: &Value) -> bool {
        let work = self.folder.join("work");
        let file = |name: &str| self.folder.join(name);
        let mut command = self.machine.bash(&work, step["run"].as_str().unwrap());
        for name in ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"] {
            fs::write(file(name), "").unwrap();
            command.env(name, file(name));
        }
        let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap();
        let path = format!("{}{}", self.paths.concat(), path.to_str().unwrap());
        command.env("PATH", path).env("GITHUB_WORKSPACE", &work).env("RUNNER_TEMP", file("temp"));
        let told = [
            ("GITHUB_REPOSITORY", "github.repository"),
            ("GITHUB_SERVER_URL", "github.server_url"),
            ("GITHUB_SHA", "github.sha"),
            ("GITHUB_REF_NAME", "github.ref_name"),
            ("GITHUB_RUN_ID", "github.run_id"),
        ];
        command.envs(told.map(|(name, from)| (name, &self.context[from])));
        command.env("GITHUB_RUN_ATTEMPT", "1").envs(self.env.clone());
        command.envs(self.variables(&step["env"]));
        let output = command.output().unwrap();
        self.run.log += &said(&output);
        let read = |name: &str| fs::read_to_string(file(name)).unwrap();
        self.run.summary += &read("GITHUB_STEP_SUMMARY");
        let (env, output_lines, paths) =
            (read("GITHUB_ENV"), read("GITHUB_OUTPUT"), read("GITHUB_PATH"));
        self.env.extend(pairs(&env));
        self.paths.extend(paths.lines().map(|path| format!("{path}:")));
        if let Some(id) = step["id"].as_str() {
            let outputs = pairs(&output_lines);
            let named = outputs.map(|(name, value)| (format!("steps.{id}.outputs.{name}"), value));
            self.context.extend(named);
        }
        output.status.success()
    }

    fn variables(&self, env: &Value) -> Vec<(String, String)> {
        let env = env.as_object().cloned().unwrap_or_default();
        env.iter().map(|(name, value)| (name.clone(), filled(value, &self.context))).collect()
    }
}

fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.lines().map(|line| {
        let (name, value) = line.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    })
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The value of an expression. Outputs that were not set are empty, as on GitHub.
fn known(name: &str, context: &Context) -> String {
    let unset = name.starts_with("steps.") && name.contains(".outputs.");
    match context.get(name) {
        Some(value) => value.clone(),
        None if unset => String::new(),
        None => panic!("{name} is not defined"),
    }
}

/// A value with its expressions replaced.
fn filled(value: &Value, context: &Context) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut parts = text.split("${{");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap();
        out += &known(name.trim(), context);
        out += rest;
    }
    out
}

/// Evaluates a condition: comparisons and `always()`, joined by `&&`.
fn holds(condition: &str, context: &Context, failed: bool) -> bool {
    let value = |text: &str| match text.strip_prefix('\'') {
        Some(literal) => literal.trim_end_matches('\'').to_owned(),
        None => known(text, context),
    };
    let always = condition.contains("always()");
    let mut terms = condition.split(" && ").filter(|term| *term != "always()");
    (always || !failed)
        && terms.all(|term| match (term.split_once(" == "), term.split_once(" != ")) {
            (Some((left, right)), _) => value(left) == value(right),
            (None, Some((left, right))) => value(left) != value(right),
            (None, None) => panic!("{term} is not a comparison"),
        })
}
