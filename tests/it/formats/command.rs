//! `--format` and `--report` on the command line, with valid and broken manifests.

use std::fs;

use super::readers::{commands, page, results, variables};
use crate::support::site::{Site, text};

/// The arguments for a report of every format.
const REPORTS: [&str; 8] = [
    "--report=text=r.txt",
    "--report=json=r.json",
    "--report=markdown=r.md",
    "--report=diff=r.diff",
    "--report=github-summary=summary.md",
    "--report=sarif=r.sarif",
    "--report=gitlab-terraform=widget.json",
    "--report=env=r.env",
];

#[tokio::test(flavor = "multi_thread")]
async fn one_run_writes_every_report_and_prints_the_same_text() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let file = |name: &str| fs::read_to_string(site.folder.path().join(name)).unwrap();
    for (form, name) in
        [("text", "r.txt"), ("json", "r.json"), ("markdown", "r.md"), ("diff", "r.diff")]
    {
        let arguments = [&["plan", text(&manifest), "--format", form][..], &REPORTS].concat();
        assert_eq!(site.ends(&arguments, 0).await, file(name), "{form}");
    }
    assert_eq!(page(&file("r.md")).strange, Vec::<String>::new());
    assert_eq!(results(&file("r.sarif")), Vec::<serde_json::Value>::new());
    let variables = variables(&file("r.env"));
    assert_eq!(variables["TRUNKLINE_DESTRUCTIVE"], "3");
    assert_eq!(variables["TRUNKLINE_DRIFT"], "true");
    assert!(file("r.diff").contains("\n+  - name: "), "{}", file("r.diff"));
    let annotations = site.ends(&["plan", text(&manifest), "--format", "github"], 0).await;
    let commands = commands(&annotations);
    assert!(commands.len() <= 10, "{annotations}");
    let lines = fs::read_to_string(&manifest).unwrap();
    let mut placed = 0;
    for command in &commands {
        let Some(number) = command.properties.get("line") else { continue };
        assert_eq!(command.properties["file"], "manifest.yaml");
        let line = lines.lines().nth(number.parse::<usize>().unwrap() - 1).unwrap();
        let email = command.data.split([' ', ':']).next().unwrap();
        assert!(line.contains(email), "{email} is not in line {number}: {line}");
        placed += 1;
    }
    assert_eq!(placed, 2, "unlisted users have no line: {annotations}");
    let names = fs::read_dir(site.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let temporary = names.filter(|name| name.to_string_lossy().contains(".tmp"));
    assert_eq!(temporary.count(), 0, "no temporary file is left");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_reports_its_outcomes_and_a_refused_one_its_plan() {
    let site = Site::open().await;
    let strict = site.manifest(&[("max_removals: 25%", "max_removals: 0")]);
    let file = |name: &str| fs::read_to_string(site.folder.path().join(name)).unwrap();
    let arguments = |more: &[&'static str]| [more, &REPORTS[..]].concat();
    let apply = ["apply", text(&strict), "--auto-approve"];
    site.ends(&[&apply[..], &arguments(&[])].concat(), 3).await;
    assert!(
        file("r.md").contains("**An apply is refused** by 1 safety limit;"),
        "{}",
        file("r.md")
    );
    let manifest = site.manifest(&[]);
    let apply = ["apply", text(&manifest), "--auto-approve"];
    let shown = site.ends(&[&apply[..], &arguments(&["--format=markdown"])].concat(), 0).await;
    assert_eq!(shown, file("r.md"));
    assert!(shown.contains("**Applied.**"), "{shown}");
    assert_eq!(variables(&file("r.env"))["TRUNKLINE_DONE"], "17");
    let diff = site.ends(&["plan", text(&manifest), "--format=diff"], 0).await;
    assert_eq!(diff, "", "in sync, both sides are the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_manifest_is_in_every_report_that_can_show_it() {
    let site = Site::open().await;
    let manifest = site.manifest(&[("organization:", "organisation:")]);
    let output = site.run(&[&["validate", text(&manifest)][..], &REPORTS].concat()).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("the report diff needs a plan"), "{error}");
    let of_manifests: Vec<&str> = REPORTS
        .into_iter()
        .filter(|report| !report.contains("diff") && !report.contains("gitlab"))
        .collect();
    for (command, reports) in
        [("validate", &of_manifests[..]), ("plan", &REPORTS), ("apply", &REPORTS)]
    {
        let arguments = [&[command, text(&manifest)][..], reports].concat();
        let output = site.run(&arguments).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let file = |name: &str| fs::read_to_string(site.folder.path().join(name)).unwrap();
        let results = results(&file("r.sarif"));
        assert!(!results.is_empty());
        let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(uri, "manifest.yaml", "from the folder of the repository");
        assert!(file("r.md").contains("**The manifest is not valid.**"));
        assert!(file("r.json").contains("\"valid\": false"));
        assert!(file("r.txt").contains("problem"));
        assert_eq!(variables(&file("r.env"))["TRUNKLINE_PROBLEMS"], results.len().to_string());
        for name in ["r.diff", "widget.json"] {
            assert!(!site.folder.path().join(name).exists(), "{name} cannot show problems");
        }
    }
    let output = site.run(&["validate", text(&manifest), "--format", "github"]).await;
    let commands = commands(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(commands[0].name, "error");
    assert_eq!(commands[0].properties["file"], "manifest.yaml");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_written_is_an_error_before_anything_is_sent() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let cases: [(&[&str], &str); 5] = [
        (&["--report=sarfi=x"], "did you mean sarif?"),
        (&["--report=markdown"], "the file is missing"),
        (&["--report=json=nowhere/r.json"], "nowhere/r.json"),
        (&["--report=json=x", "--report=text=x"], "two reports go to x"),
        (&["--format=sarif"], "[possible values: text, json, markdown, github]"),
    ];
    for (more, says) in cases {
        let arguments = [&["apply", text(&manifest), "--auto-approve"][..], more].concat();
        let output = site.run(&arguments).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(says), "{error}");
        assert!(site.proxy.passed().is_empty(), "{more:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_at_the_end_of_a_comment_applies_exactly_that_plan() {
    for more in [&[][..], &["--out", "plan.json"]] {
        let site = Site::open().await;
        let manifest = site.manifest(&[]);
        let plan = [&["plan", text(&manifest), "--format", "markdown"][..], more].concat();
        let comment = site.ends(&plan, 0).await;
        assert_eq!(comment.contains(" · expires `20"), !more.is_empty(), "{comment}");
        let command = comment.lines().find_map(|line| line.strip_prefix("trunkline ")).unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        assert!(words.contains(&"--expect"), "{command}");
        site.ends(&[&words[..], &["--auto-approve"]].concat(), 0).await;
        site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
    }
}
