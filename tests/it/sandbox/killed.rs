//! The sandbox as a process that is killed in the midst of writing.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt as _;
use futures_util::future::join_all;
use trunkline::sandbox::Seed;

use super::support::KEY;

/// Starts the program on a data file: the process, and the base URL that it printed.
fn start(data: &Path) -> (Child, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.args(["sandbox", "--port", "0", "--empty", "--data"]).arg(data);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    (child, url)
}

/// Creates accounts until the server is gone: the emails that were answered with 200.
async fn create_until_gone(url: &str, writer: usize) -> Vec<String> {
    let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
    let mut answered = Vec::new();
    for number in 0.. {
        let email = format!("w{writer}n{number}@data.example");
        let body = format!(r#"{{"business_name":"N","email":"{email}"}}"#);
        let request = client.post(format!("{url}/managed_accounts")).bearer_auth(KEY);
        let sent = request.header("content-type", "application/json").body(body).send().await;
        let Ok(answer) = sent else { break };
        if answer.status() != 200 || answer.bytes().await.is_err() {
            break;
        }
        answered.push(email);
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_change_survives_kill_9() {
    for round in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data.json");
        let (mut child, url) = start(&data);
        let writers = (0..4).map(|writer| create_until_gone(&url, writer));
        let killer = async {
            tokio::time::sleep(Duration::from_millis(100 + 37 * round)).await;
            child.kill().unwrap();
        };
        let (answered, ()) = futures_util::future::join(join_all(writers), killer).await;
        child.wait().unwrap();
        let answered: Vec<String> = answered.into_iter().flatten().collect();
        assert!(!answered.is_empty(), "nothing was written before the end");
        let kept = Seed::read(&data).unwrap().to_json().unwrap();
        for email in &answered {
            assert!(kept.contains(&format!("\"{email}\"")), "{email} was answered and is lost");
        }
        let (mut again, url) = start(&data);
        let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
        let list = client.get(format!("{url}/managed_accounts")).bearer_auth(KEY).send().await;
        assert_eq!(list.unwrap().status(), 200, "it goes on from the file");
        again.kill().unwrap();
        again.wait().unwrap();
    }
}
