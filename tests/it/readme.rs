//! The README matches the program.

use assert_cmd::Command;

const README: &str = include_str!("../../README.md");

/// Replaces what differs between runs: ports, ids of created accounts, and digests, which cover the port.
fn normalized(text: &str) -> String {
    let normalize = |word: &str| -> String {
        let id = word.len() == 36 && word.matches('-').count() == 4 && !word.contains('@');
        match word {
            _ if word.starts_with("http://127.0.0.1:") => "URL".to_owned(),
            _ if word.starts_with("sha256:") => "DIGEST".to_owned(),
            _ if id => "ID".to_owned(),
            _ => word.to_owned(),
        }
    };
    let line = |line: &str| line.split(' ').map(normalize).collect::<Vec<_>>().join(" ");
    text.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_recorded_plan_is_a_part_of_the_demo() {
    let command = "$ cargo run --release -- demo\n";
    let recorded = README.split(command).nth(1).unwrap().split("```").next().unwrap();
    let run = Command::cargo_bin("trunkline").unwrap().arg("demo").assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let (recorded, printed) = (normalized(recorded), normalized(&printed));
    assert!(recorded.lines().count() > 20 && printed.contains(&recorded), "{recorded}\n{printed}");
}
