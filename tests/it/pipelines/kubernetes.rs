//! The Kubernetes examples: minimal rights and a valid configuration.

use std::fs;

use serde_json::{Value, json};
use trunkline::daemon::config::load;

use super::{example, yaml};

/// Checks the rules for every pod, and returns the arguments of its only container.
fn confined(pod: &Value) -> Value {
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let containers = pod["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 1);
    let container = &containers[0];
    let security = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    });
    assert_eq!(container["securityContext"], security);
    assert!(container["image"].as_str().unwrap().contains("@sha256:"));
    // The key is a file.
    assert!(!container.to_string().contains("TELNYX_API_KEY"));
    container["args"].clone()
}

#[test]
fn the_cron_job_only_reads() {
    let job = yaml(&example("kubernetes/drift.yaml"));
    let arguments = confined(&job["spec"]["jobTemplate"]["spec"]["template"]["spec"]);
    assert_eq!(arguments[0], "plan");
    assert_eq!(job["spec"]["concurrencyPolicy"], "Forbid");
}

#[test]
fn the_daemon_only_reads_and_its_configuration_is_valid() {
    let text = example("kubernetes/daemon.yaml");
    let parts: Vec<Value> = text.split("\n---\n").map(yaml).collect();
    let arguments = confined(&parts[1]["spec"]["template"]["spec"]);
    assert_eq!(arguments[0], "daemon");

    let folder = tempfile::tempdir().unwrap();
    for (name, content) in
        [("manifest/acme.yaml", "x"), ("secrets/api-key", "x"), ("secrets/slack-url", "x")]
    {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let config = parts[0]["data"]["daemon.yaml"].as_str().unwrap();
    let here = config.replace("/etc/trunkline", folder.path().to_str().unwrap());
    let path = folder.path().join("daemon.yaml");
    fs::write(&path, here).unwrap();
    let config = load(&path).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(config.organizations.len(), 1);
    assert!(config.organizations[0].heal.is_empty());
}
