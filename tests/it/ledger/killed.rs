//! Processes that are killed, and processes that race. They are this test binary, started once more.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use trunkline::ledger::{Change, Holder, Journal};

use super::{binding, file, id, journal};

/// Names the ledger to the process that is started.
const LEDGER: &str = "LEDGER_OF_THE_TEST";

fn start(ledger: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "ledger::killed::the_process_that_is_started",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(LEDGER, ledger)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The next line that the process said itself, without its mark.
fn said(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<String> {
    lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("| ").map(|(_, said)| said.to_owned()))
}

/// Takes the lock, and then writes ever higher limits, saying each that is recorded.
#[test]
#[ignore = "a process for the other tests, which start it"]
fn the_process_that_is_started() {
    let Some(path) = env::var_os(LEDGER) else { return };
    let say = |text: &str| {
        let mut out = std::io::stdout().lock();
        // Nobody may be there any more to read it.
        let _ = writeln!(out, "| {text}").and_then(|()| out.flush());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = file(Path::new(&path));
        let holder = Holder::this("apply");
        match Journal::open(store, &binding(), &holder, Duration::ZERO).await {
            Err(error) => say(&error.to_string()),
            Ok(journal) => {
                say("held");
                let first = journal.ledger().limits.get(&id("1")).copied().unwrap_or(0);
                for number in first + 1.. {
                    journal.record(Change::Limit(id("1"), number)).await.unwrap();
                    say(&number.to_string());
                }
            }
        }
    });
}

#[tokio::test]
async fn a_killed_process_leaves_no_lock_and_a_whole_ledger_with_all_it_recorded() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    let mut before = 0;
    for round in 0..12 {
        let mut child = start(&path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(said(&mut lines).as_deref(), Some("held"));
        // Somewhere in the middle of its writes.
        said(&mut lines).unwrap();
        std::thread::sleep(Duration::from_micros(1700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut recorded = 0;
        while let Some(number) = said(&mut lines) {
            recorded = number.parse().unwrap();
        }
        // The lock is free at once, and the ledger whole.
        let next = journal(&file(&path)).await;
        let limit = next.ledger().limits[&id("1")];
        assert!(limit >= recorded && limit > before, "{limit}, {recorded}, {before}");
        before = limit;
        next.close().await.unwrap();
    }
}

#[tokio::test]
async fn who_reads_while_another_process_writes_sees_a_whole_ledger_that_only_grows() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    let mut child = start(&path);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(said(&mut lines).as_deref(), Some("held"));
    said(&mut lines).unwrap();
    // What it says has to be read, or it waits.
    let listening = std::thread::spawn(move || lines.map_while(Result::ok).count());
    let (store, mut before, mut different) = (file(&path), 0, 0);
    while different < 100 {
        let serial = store.load(&binding()).await.unwrap().serial;
        assert!(serial >= before, "{serial} after {before}");
        different += u32::from(serial > before);
        before = serial;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    listening.join().unwrap();
}

#[test]
fn of_two_processes_one_gets_the_lock_and_the_other_is_told_who_and_since_when() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    for _ in 0..5 {
        let mut children = [start(&path), start(&path)];
        // Kept open: the processes go on to write there.
        let mut outputs =
            children.each_mut().map(|child| BufReader::new(child.stdout.take().unwrap()).lines());
        let said = outputs.each_mut().map(|lines| said(lines).unwrap());
        let winner = said.iter().position(|said| said == "held").unwrap();
        let told = &said[1 - winner];
        let who = format!("is in use by process {} (apply) since 2", children[winner].id());
        assert!(told.contains(&who), "{told}");
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
