//! Help texts, variables of options, and errors in the arguments.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt as _;

use crate::support::site::{Site, text};

/// Runs the program with these arguments, and returns its status, stdout and stderr.
fn run(arguments: &str, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.args(arguments.split_whitespace()).envs(variables.iter().copied());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// The commands of the program, as listed by help; the program itself is the first.
fn commands() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut at = 0;
    while let Some(command) = all.get(at).cloned() {
        let (_, help, _) = run(&format!("{command} -h"), &[]);
        let listed = help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next();
        // Descriptions that continue on another line are indented further.
        let names = listed.unwrap().lines().filter_map(|line| {
            line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split_whitespace().next()
        });
        all.extend(names.map(|name| format!("{command} {name}").trim().to_owned()));
        at += 1;
    }
    all
}

#[test]
fn every_help_text_has_one_layout_and_fits_into_80_columns() {
    const SECTIONS: [&str; 8] = [
        "Usage:",
        "Commands:",
        "Arguments:",
        "Options:",
        "Global options:",
        "Exit status:",
        "Example:",
        "Examples:",
    ];
    for command in commands() {
        for flag in ["-h", "--help"] {
            let (status, help, _) = run(&format!("{command} {flag}"), &[("COLUMNS", "200")]);
            assert_eq!(status, Some(0), "{command}");
            let place = |line: &str| SECTIONS.iter().position(|title| line.starts_with(title));
            let places: Vec<usize> = help.lines().filter_map(place).collect();
            assert!(places.is_sorted(), "{command} {flag}: {help}");
            assert!(places.contains(&0) && places.contains(&3), "{command} {flag}: {help}");
            assert!(*places.last().unwrap() >= 6, "{command} {flag}: {help}");
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{command} {flag}: {line}");
            }
        }
    }
}

#[test]
fn global_options_are_listed_only_by_commands_that_use_them() {
    for (command, used, unused) in [
        ("validate", "--color", "--api-key-file"),
        ("plan", "--api-key-file", "--lock-timeout"),
        ("apply", "--lock-timeout", "--port"),
        ("get accounts", "--base-url", "--state"),
        ("state show", "--state", "--base-url"),
        ("sandbox", "--api-key-file", "--base-url"),
        ("fmt", "--color", "--verbose"),
        ("schema", "--help", "--color"),
    ] {
        let (_, help, _) = run(&format!("{command} --help"), &[]);
        assert!(help.contains(used) && !help.contains(unused), "{command}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn global_options_and_the_manifest_can_be_set_by_variables() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let run = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = site.command(arguments);
        command.envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let plan = ["plan", "--detailed-exitcode"];
    let (status, error) = run(&plan, &[]).await;
    assert!(status == Some(1) && error.contains("TRUNKLINE_MANIFEST"), "{error}");
    let named = ("TRUNKLINE_MANIFEST", text(&manifest));
    assert_eq!(run(&plan, &[named]).await.0, Some(2));
    for (name, value, status) in [
        ("TRUNKLINE_BASE_URL", "http://api.telnyx.com/v2", 1),
        ("TRUNKLINE_API_KEY_FILE", "missing", 1),
        ("TRUNKLINE_PARALLELISM", "none", 1),
        ("TRUNKLINE_TIMEOUT", "30", 1),
        ("TRUNKLINE_STATE", "ftp://example", 1),
        ("TRUNKLINE_LOCK_TIMEOUT", "soon", 1),
        ("TRUNKLINE_LOG_FORMAT", "xml", 1),
        ("TRUNKLINE_COLOR", "red", 1),
        ("TRUNKLINE_VERBOSE", "2", 2),
        ("TRUNKLINE_QUIET", "1", 2),
        // Empty is unset.
        ("TRUNKLINE_PARALLELISM", "", 2),
        ("TRUNKLINE_STATE", "", 2),
    ] {
        let (ended, error) = run(&plan, &[named, (name, value)]).await;
        assert_eq!(ended, Some(status), "{name}={value}: {error}");
    }
    // A manifest in the working directory is found by its name.
    std::fs::rename(&manifest, manifest.with_file_name("trunkline.yaml")).unwrap();
    assert_eq!(run(&plan, &[]).await.0, Some(2));
    assert_eq!(run(&["apply", "-y"], &[]).await.0, Some(0));
}

#[test]
fn an_invalid_value_of_a_variable_is_an_error_that_names_the_variable() {
    for (variable, value) in [("TRUNKLINE_PARALLELISM", "none"), ("TRUNKLINE_COLOR", "red")] {
        let named = format!("\nhint: The value is from the variable {variable}.\n");
        let (status, _, error) = run("plan", &[(variable, value)]);
        assert!(status == Some(1) && error.ends_with(&named), "{error}");
    }
    let both = [("TRUNKLINE_COLOR", "red")];
    let (_, _, error) = run("plan --color=blue", &both);
    assert!(error.contains("'blue'") && !error.contains("hint:"), "{error}");
}

#[test]
fn usage_in_errors_and_help_does_not_depend_on_variables() {
    let variables = [
        ("TRUNKLINE_API_KEY_FILE", "key"),
        ("TRUNKLINE_BASE_URL", "http://127.0.0.1:1/v2"),
        ("TRUNKLINE_PARALLELISM", "2"),
        ("TRUNKLINE_TIMEOUT", "5s"),
        ("TRUNKLINE_STATE", "none"),
        ("TRUNKLINE_LOCK_TIMEOUT", "5s"),
        ("TRUNKLINE_LOG_FORMAT", "json"),
        ("TRUNKLINE_COLOR", "never"),
        ("TRUNKLINE_VERBOSE", "1"),
        ("TRUNKLINE_QUIET", "1"),
    ];
    for command in commands() {
        for mistake in ["--no-such-option", "--help", "-vv --color sometimes"] {
            let arguments = format!("{command} {mistake}");
            assert_eq!(run(&arguments, &variables), run(&arguments, &[]), "{arguments}");
        }
    }
    let (_, _, error) = run("diff", &variables);
    assert!(error.contains("\nUsage: trunkline diff [OPTIONS] <BASE> <HEAD>\n"), "{error}");
}

#[test]
fn version_and_help_are_commands_too() {
    assert_eq!(run("version", &[]), run("--version", &[]));
    assert!(run("version", &[]).1.starts_with("trunkline "));
    for command in commands() {
        let help = run(&format!("help {command}"), &[]);
        assert_eq!(help, run(&format!("{command} --help"), &[]), "{command}");
    }
    let (status, _, error) = run("help plna", &[]);
    assert!(status == Some(1) && error.contains("'plan'"), "{error}");
}

#[test]
fn a_command_of_another_tool_leads_to_ours() {
    for (word, says) in [
        ("drift", "`trunkline plan`"),
        ("refresh", "`trunkline plan`"),
        ("up", "`trunkline apply`"),
        ("lint", "`trunkline validate`"),
        ("check", "`trunkline validate`"),
        ("export", "`trunkline import`"),
        ("pull", "`trunkline import`"),
        ("list", "`trunkline get accounts`"),
        ("destroy", "the strongest action is to disable it"),
    ] {
        for arguments in [word.to_owned(), format!("help {word}"), format!("-v {word} --all")] {
            let (status, out, error) = run(&arguments, &[]);
            assert_eq!((status, out.as_str()), (Some(1), ""));
            let start = format!("error: \"{word}\" is not a command\nhint: ");
            assert!(error.starts_with(&start) && error.contains(says), "{error}");
        }
    }
    // Below `state` it would mean something else.
    let (_, _, error) = run("state list", &[]);
    assert!(error.starts_with("error: unrecognized subcommand 'list'"), "{error}");
    assert!(
        error.ends_with("\nhint: The commands are show, resolve, forget, unlock.\n"),
        "{error}"
    );
    let (_, _, error) = run("get account larry@catfood.example", &[]);
    assert!(
        error.contains("an email, not an id. To find the id, run `trunkline get accounts --email"),
        "{error}"
    );
}

#[test]
fn an_option_of_another_tool_leads_to_ours() {
    for (arguments, option, says) in [
        ("plan --dry-run", "--dry-run", "`trunkline plan`"),
        ("apply --api-key=T0PS3CRET", "--api-key", "--api-key-file FILE"),
        ("apply --yes", "--yes", "`--auto-approve`"),
        ("apply --force", "--force", "`--approve-destructive N`"),
        ("plan -f acme.yaml", "-f", "`trunkline plan acme.yaml`"),
        ("plan -out=change.plan.json", "-out", "begin with two hyphens: --out\n"),
        ("apply -auto-approve", "-auto-approve", "begin with two hyphens: --auto-approve\n"),
        ("plan -var-file=prod.tfvars", "-var-file", "A manifest has no variables."),
        ("apply -lock=false", "-lock", "--lock-timeout 5m"),
        ("apply acme.yaml a.plan.json", "a.plan.json", "`--plan FILE`"),
        ("import larry@catfood.example", "larry@catfood.example", "reads the whole organization"),
    ] {
        let (status, out, error) = run(arguments, &[]);
        assert_eq!((status, out.as_str()), (Some(1), ""));
        let start = format!("error: unexpected argument {option:?}\nhint: ");
        assert!(error.starts_with(&start) && error.contains(says), "{error}");
        assert!(!error.contains("T0PS3CRET"), "{error}");
    }
    let (_, _, error) = run("apply --approve-destructive two", &[]);
    assert!(error.contains("expected the exact number that the plan shows, such as 3"), "{error}");
    let (_, _, error) = run("plan --formt json", &[]);
    assert!(error.contains("'--format'"), "{error}");
    let (_, _, error) = run("plan --josn", &[]);
    assert!(!error.contains("tip:"), "{error}");
}

/// The status of an example. `None` for one that runs until it is stopped.
fn status(example: &str) -> Option<i32> {
    match example {
        // It asks for approval without a terminal; no create is unknown; the lock of a file has no id; no daemon runs.
        "trunkline apply acme.yaml"
        | "trunkline state resolve crew@tallship.example --retry"
        | "trunkline state unlock 3f0c4f5a"
        | "trunkline daemon --check 127.0.0.1:9464"
        // There is no cluster, or no support for one in this build.
        | "trunkline operator --namespace telnyx --listen 127.0.0.1:9464" => Some(1),
        "trunkline daemon acme.yaml --listen 127.0.0.1:9464"
        | "trunkline daemon --config all.yaml"
        | "trunkline sandbox --port 8080 --seed manifests/example.sandbox.json" => None,
        _ => Some(0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_help_runs() {
    let site = Site::open().await;
    let folder = site.folder.path();
    prepare(&site, folder);
    let account = site.sandbox.accounts()[0].id.clone();
    let user = site.sandbox.users()[0].id.clone();
    let stand_ins = [
        ("f65ceda4-3f0c-4f5a-9c1e-2d6a2f1b7c10", account.as_str()),
        ("369b2d72-762b-4207-871f-6c7feb5880c7", user.as_str()),
        ("8080", "0"),
        ("9464", "0"),
    ];
    for command in commands() {
        let (_, help, _) = run(&format!("{command} -h"), &[]);
        let examples = help.split("\nExample").nth(1).unwrap().lines().skip(1);
        for example in examples.map(str::trim).filter(|line| !line.is_empty()) {
            let mut line = example.replace("/etc/", "etc/");
            for (example, here) in &stand_ins {
                line = line.replace(example, here);
            }
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("exec {line}")]).current_dir(folder).env("HOME", folder);
            let program = Command::cargo_bin("trunkline").unwrap();
            let bin = Path::new(program.get_program()).parent().unwrap();
            shell.env("PATH", format!("{}:{}", text(bin), std::env::var("PATH").unwrap()));
            let given = site.command(&[]);
            shell.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
            shell.stdin(std::process::Stdio::null());
            shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            let ends = status(example);
            let ended = tokio::task::spawn_blocking(move || ended(&mut shell, ends)).await.unwrap();
            assert_eq!(ended.0, ends, "{example}\n{}", ended.1);
        }
    }
}

/// Runs a command to its end. Stops one that has to run on, and returns `None` as its status.
fn ended(shell: &mut Command, ends: Option<i32>) -> (Option<i32>, String) {
    let mut child = shell.spawn().unwrap();
    let start = Instant::now();
    while ends.is_none() && start.elapsed() < Duration::from_millis(700) {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // Without an end to wait for, the kill leaves no status.
    if ends.is_none() {
        child.kill().unwrap();
    }
    let Output { status, stdout: _, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Writes the files that examples name.
fn prepare(site: &Site, folder: &Path) {
    let manifest = std::fs::read_to_string(site.manifest(&[])).unwrap();
    std::fs::remove_file(folder.join("manifest.yaml")).unwrap();
    for name in ["acme.yaml", "main.yaml", "trunkline.yaml"] {
        std::fs::write(folder.join(name), &manifest).unwrap();
    }
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/example.sandbox.json");
    std::fs::create_dir(folder.join("manifests")).unwrap();
    std::fs::copy(seed, folder.join("manifests/example.sandbox.json")).unwrap();
    std::fs::create_dir(folder.join("shops")).unwrap();
    std::fs::copy(folder.join("acme.yaml"), folder.join("shops/acme.yaml")).unwrap();
    let accounts = "name,email,channel limit\nGreen Grocer,shop@greengrocer.example,10\n";
    std::fs::write(folder.join("accounts.csv"), accounts).unwrap();
    std::fs::write(folder.join("key"), crate::support::site::KEY).unwrap();
    let config = "version: 1\norganizations:\n  - manifest: acme.yaml\n    api_key_file: key\n    schedule: \"@hourly\"\n";
    std::fs::write(folder.join("all.yaml"), config).unwrap();
    let review = site.command(&["review", "acme.yaml", "--format", "json"]).output().unwrap();
    std::fs::write(folder.join("last.json"), review.stdout).unwrap();
    for path in ["etc/bash_completion.d", ".zfunc", ".config/fish/completions"] {
        std::fs::create_dir_all(folder.join(path)).unwrap();
    }
}
