//! The metrics and alerts, checked by promtool.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Served, by_hand};
use crate::support::tools;

#[tokio::test]
async fn promtool_accepts_the_metrics() {
    let Some(promtool) = tools::find("promtool", "prometheus") else { return };
    let (usual, replica) = (by_hand::usual(), by_hand::replica());
    for status in [usual, replica, by_hand::new(), by_hand::many(200), by_hand::hostile()] {
        let text = Served::new(status).await.get("/metrics").await.body;
        let mut check = Command::new(&promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = check.wait_with_output().unwrap();
        let output_text = [output.stdout, output.stderr].concat();
        assert!(
            output.status.success() && output_text.is_empty(),
            "{}",
            String::from_utf8_lossy(&output_text)
        );
    }
}

#[test]
fn the_alerts_fire_when_they_should_and_not_before() {
    let Some(promtool) = tools::find("promtool", "prometheus") else { return };
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        let output =
            Command::new(&promtool).args(arguments).current_dir(&examples).output().unwrap();
        let output_text =
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{output_text}");
    }
}

#[tokio::test]
async fn every_metric_of_an_alert_exists() {
    let text = Served::new(by_hand::usual()).await.get("/metrics").await.body;
    let alerts = include_str!("../../../examples/alerts.yml");
    let names = alerts.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let names: Vec<_> = names.filter(|word| word.starts_with("trunkline_")).collect();
    assert!(names.len() > 5);
    for name in names {
        assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
    }
}
