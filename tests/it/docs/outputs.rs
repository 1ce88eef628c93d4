//! Outputs in the documents are real.
//!
//! Each `sh` block of a page in `docs` runs, unless `no-run` follows on its fence, and so does each comment that begins
//! with `run`. A `text` block directly after an `sh` block is what that block prints. All blocks of a page run in one
//! shell, in a folder with a copy of `manifests`; its function `sandbox` starts a sandbox, or another one. In the README
//! only `console` blocks run: the first line is the command, the others are its output.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use assert_cmd::cargo::CommandCargoExt as _;
use regex::Regex;

use super::{Page, changes, exclusive, file, pages};

/// A part of a page that runs.
struct Step {
    /// The line after which it begins.
    line: usize,
    code: String,
    /// The lines and the text of the output that the page shows.
    shown: Option<(usize, String)>,
}

fn steps(page: &Page) -> Vec<Step> {
    let mut steps = Vec::new();
    // Nothing runs in generated parts.
    let blocks = if page.path == "docs/findings.md" { Vec::new() } else { page.blocks() };
    let lines: Vec<&str> = page.text.lines().collect();
    for (at, block) in blocks.iter().enumerate() {
        if block.info == "console" {
            let (command, output) = block.code.split_once('\n').unwrap();
            let code = command.strip_prefix("$ ").unwrap().to_owned() + "\n";
            let shown = Some((block.start + 1, output.to_owned()));
            steps.push(Step { line: block.start, code, shown });
        }
        if !matches!(block.info.as_str(), "sh" | "sh wrong") || page.path == "README.md" {
            continue;
        }
        let end = block.start + block.code.lines().count();
        // The closing fence, a blank line, and the opening fence of the output.
        let shown = blocks.get(at + 1).filter(|next| next.info == "text" && next.start == end + 3);
        let shown = shown.map(|next| (next.start, next.code.clone()));
        steps.push(Step { line: block.start, code: block.code.clone(), shown });
    }
    let mut hidden: Option<Step> = None;
    for (at, line) in lines.iter().enumerate() {
        match (&mut hidden, *line) {
            (None, "<!-- run") => {
                hidden = Some(Step { line: at + 1, code: String::new(), shown: None });
            }
            (Some(_), "-->") => steps.extend(hidden.take()),
            (Some(step), line) => {
                step.code.push_str(line);
                step.code.push('\n');
            }
            (None, _) => {}
        }
    }
    steps.sort_by_key(|step| step.line);
    steps
}

static DIGEST: LazyLock<Regex> = LazyLock::new(|| Regex::new("sha256:[0-9a-f]{64}").unwrap());

const PRELUDE: &str = r#"
sandbox() {
  [ -z "$(jobs -p)" ] || { kill $(jobs -p); wait; } 2> /dev/null
  rm -f "$OUT/sandbox"
  trunkline sandbox --port PORT "$@" > "$OUT/sandbox" 2>&1 3>&- &
  for _ in $(seq 500); do ! grep -qs listening "$OUT/sandbox" || return 0; sleep 0.02; done
  cat "$OUT/sandbox" >&3
  exit 1
}
trap 'kill $(jobs -p) 2> /dev/null' EXIT
exec 3>&2
"#;

/// Runs the steps of a page. Returns the status and the output of each.
fn run(steps: &[Step]) -> Vec<(String, String)> {
    // Another test may take the port meanwhile.
    attempt(steps).or_else(|_| attempt(steps)).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Runs the steps of a page, unless the sandbox does not start.
fn attempt(steps: &[Step]) -> Result<Vec<(String, String)>, String> {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("work");
    fs::create_dir(&here).unwrap();
    copy(&file("manifests"), &here.join("manifests"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut script = PRELUDE.replace("PORT", &port);
    for (at, step) in steps.iter().enumerate() {
        let code = step.code.replace(":8484", &format!(":{port}"));
        let output = format!("> \"$OUT/{at}\" 2>&1 < /dev/null");
        writeln!(script, "{{\n{code}}} {output}\necho $? > \"$OUT/{at}.status\"").unwrap();
    }
    let program = Command::cargo_bin("trunkline").unwrap();
    let bin = Path::new(program.get_program()).parent().unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).current_dir(&here).env_clear();
    shell.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    shell.env("OUT", folder.path()).env("HOME", folder.path()).env("COLUMNS", "120");
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    child.wait().unwrap();
    if errors.contains("starting the sandbox") {
        return Err(errors);
    }
    let read = |name: &str| {
        let text = fs::read_to_string(folder.path().join(name));
        text.unwrap_or_else(|_| panic!("the shell ended early: {errors}"))
    };
    let result = |at: usize| {
        let output = read(&at.to_string()).replace(&format!(":{port}"), ":8484");
        // A digest covers the port, so it differs in each run.
        let output = DIGEST.replace_all(&output, "sha256:…").into_owned();
        (read(&format!("{at}.status")).trim().to_owned(), output)
    };
    Ok((0..steps.len()).map(result).collect())
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// Replaces what differs between runs: ids and times.
fn normalized(text: &str) -> String {
    let replaced = [
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
        (r"20[0-9]{2}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+Z?)?", "TIME"),
        // How many changes are recorded in one write depends on the speed of the answers.
        (r"\nwrites +[0-9]+", "\nWRITES"),
        (r" +\n", "\n"),
    ];
    replaced.iter().fold(text.to_owned(), |text, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
    })
}

#[test]
fn every_output_of_the_documents_is_real() {
    let _lock = exclusive();
    let mut shown = 0;
    for page in
        pages().iter().filter(|page| page.path == "README.md" || page.path.starts_with("docs/"))
    {
        let steps = steps(page);
        if steps.is_empty() {
            continue;
        }
        let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
        for (step, (status, output)) in steps.iter().zip(run(&steps)).rev() {
            let place = format!("{}:{}", page.path, step.line);
            let Some((start, text)) = &step.shown else {
                assert_eq!(status, "0", "{place}: {output}");
                continue;
            };
            shown += 1;
            if normalized(text) != normalized(&output) {
                let old = text.lines().count();
                lines.splice(start..&(start + old), output.lines().map(str::to_owned));
            }
        }
        page.expect(&(lines.join("\n") + "\n"));
    }
    assert!(shown > 40, "{shown}");
}

#[test]
fn an_output_that_is_not_real_is_found() {
    let text = "```sh\ntrunkline version\n```\n\n```text\ntrunkline 9.9.9\n```\n\n```sh no-run\nfalse\n```\n";
    let page = Page { path: String::new(), text: text.to_owned() };
    let steps = steps(&page);
    assert_eq!(steps.len(), 1);
    let (status, output) = run(&steps).remove(0);
    let (start, shown) = steps[0].shown.clone().unwrap();
    assert_eq!((status.as_str(), start, shown.as_str()), ("0", 5, "trunkline 9.9.9\n"));
    assert!(!changes(&shown, &output).is_empty());
}
