//! The view of users: kubectl, Argo CD and `trunkline schema crd`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::{Cluster, in_sync, manifest, of};
use crate::support::kube::server;
use crate::support::tools::find;

const DEFINITION: &str = include_str!("../../../../examples/kubernetes/operator/crd.json");
const ORGANIZATION: &str =
    include_str!("../../../../examples/kubernetes/operator/organization.yaml");

fn kubectl(cluster: &Cluster<'_>, arguments: &[&str], input: &str) -> Option<Output> {
    let mut child = Command::new(find("kubectl", "kubernetes-client")?)
        .arg("--kubeconfig")
        .arg(cluster.server.kubeconfig())
        .args(["--namespace", &cluster.namespace])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

#[test]
fn the_definition_of_the_example_is_current() {
    assert_eq!(DEFINITION, trunkline::operator::definition());
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_waits_shows_columns_describes_and_names_the_field_of_an_error() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", in_sync(), json!({})).await;
    cluster.create("other", of("other", manifest()), json!({})).await;
    let _operator = cluster.operator();
    let wait = ["wait", "--for=condition=Ready", "telnyxorganization/acme", "--timeout=40s"];
    let Some(waited) = kubectl(&cluster, &wait, "") else { return };
    assert!(waited.status.success(), "{}", text(&waited));
    cluster.digest("other").await;
    let get = text(&kubectl(&cluster, &["get", "telnyxorg"], "").unwrap());
    let rows: Vec<Vec<&str>> = get.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "STATE", "DESTRUCTIVE", "CHANGES", "LAST-RUN", "AGE"], "{get}");
    assert_eq!(rows[1][..4], ["acme", "in_sync", "0", "0"], "{get}");
    assert_eq!(rows[2][..4], ["other", "drifted", "1", "2"], "{get}");
    let describe = text(&kubectl(&cluster, &["describe", "telnyxorg", "other"], "").unwrap());
    for part in
        ["ApprovalRequired", "disable_account larry@catfood.example (destructive)", "Events:"]
    {
        assert!(describe.contains(part), "{part}: {describe}");
    }
    // An API server before 1.27 does not publish the fields of the manifest, as unknown ones are kept there.
    let field = "telnyxorganization.spec.approveDestructive";
    let explain = text(&kubectl(&cluster, &["explain", field], "").unwrap());
    assert!(explain.contains("exact number of destructive changes"), "{explain}");
    let apply = ["apply", "--server-side", "--dry-run=server", "-f", "-"];
    let good = ORGANIZATION.replace("  namespace: telnyx\n", "");
    let good = good.replace("  name: acme\n", "  name: example\n");
    let tried = kubectl(&cluster, &apply, &good).unwrap();
    assert!(tried.status.success(), "{}", text(&tried));
    for (from, to, field) in [
        (
            "unlisted_accounts: report",
            "unlisted_accounts: remove",
            "spec.manifest.policy.unlisted_accounts",
        ),
        ("max_disables: 10%", "max_disables: 10 percent", "spec.manifest.policy.max_disables"),
        ("enabled: true", "enabled: 1", "spec.manifest.accounts"),
        ("version: 1", "version: 2", "spec.manifest.version"),
        ("# approve: sha256:…", "approve: latest", "spec.approve"),
    ] {
        assert!(good.contains(from), "{from}");
        let tried = kubectl(&cluster, &apply, &good.replace(from, to)).unwrap();
        let said = text(&tried);
        assert!(!tried.status.success() && said.contains(field), "{field}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_of_argo_cd_agrees_with_the_conditions_of_real_objects() {
    let Some(server) = server() else { return };
    let Some(lua) = find("lua5.1", "lua5.1") else { return };
    let cluster = Cluster::new(server).await;
    let cases = [
        ("synced", in_sync(), json!({}), ["Ready", "True", "InSync"], "Healthy"),
        ("waits", manifest(), json!({}), ["Ready", "False", "ApprovalRequired"], "Suspended"),
        (
            "paused",
            manifest(),
            json!({ "suspend": true }),
            ["Ready", "Unknown", "Suspended"],
            "Suspended",
        ),
        (
            "no-key",
            in_sync(),
            json!({ "apiKeySecretRef": { "name": "x" } }),
            ["Stalled", "True", "SecretMissing"],
            "Degraded",
        ),
    ];
    assert_eq!(health(&lua, &json!({ "metadata": { "generation": 1 } })), "Progressing");
    for (name, manifest, more, _, _) in &cases {
        cluster.create(name, of(name, manifest.clone()), more.clone()).await;
    }
    let _operator = cluster.operator();
    for (name, _, _, [kind, status, reason], wanted) in &cases {
        cluster.wait(name, kind, status, reason).await;
        let resource = cluster.resources().get(name).await.unwrap();
        let resource = serde_json::to_value(&resource).unwrap();
        assert_eq!(health(&lua, &resource), *wanted, "{name}");
        let mut changed = resource.clone();
        changed["metadata"]["generation"] = json!(99);
        assert_eq!(health(&lua, &changed), "Progressing", "{name}");
    }
}

/// Runs the health check, as Argo CD does: with the resource as `obj`.
fn health(lua: &Path, resource: &Value) -> String {
    let check =
        concat!(env!("CARGO_MANIFEST_DIR"), "/examples/kubernetes/operator/argocd-health.lua");
    let script = format!(
        "obj = {}\nlocal health = dofile('{check}')\nprint(health.status)",
        table(resource)
    );
    let output = Command::new(lua).args(["-e", &script]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A value as a table of Lua.
fn table(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("[==[{text}]==]"),
        Value::Array(items) => {
            format!("{{{}}}", items.iter().map(table).collect::<Vec<_>>().join(","))
        }
        Value::Object(fields) => {
            let field =
                |(name, value): (&String, &Value)| format!("[ [==[{name}]==] ]={}", table(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
    }
}
