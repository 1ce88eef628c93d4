//! The operator as its users run it: the binary, a real API server, and a sandbox.

mod approve;
mod delete;
mod fleet;
mod owner;
mod permissions;
mod replicas;
mod status;
mod tools;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt as _;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
};
use kube::{Api, Client};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline::operator::{GROUP, KIND, PLURAL, VERSION, definition};
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};
use trunkline::state::{LockHolder, StateLock};

use crate::support::kube::ApiServer;
use crate::support::site::KEY;

/// An account of the sandbox that is enabled.
pub(super) const LARRY: &str = "larry@catfood.example";
/// The time for a check, an apply or a takeover on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A namespace with a Secret, a sandbox, and the definition.
pub(super) struct Cluster<'a> {
    pub server: &'a ApiServer,
    pub client: Client,
    pub namespace: String,
    pub sandbox: Running,
}

/// A running operator. It ends with this value.
pub(super) struct Operator {
    pub child: Child,
    folder: TempDir,
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Operator {
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub(super) async fn logs(&self, words: &str) {
        let begun = Instant::now();
        while !self.log().contains(words) {
            assert!(begun.elapsed() < PATIENCE, "it does not log {words}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.unwrap().success());
    }
}

/// A manifest that disables Larry and enables the taxi.
pub(super) fn manifest() -> Value {
    json!({
        "version": 1,
        "organization": "acme",
        "policy": { "unlisted_accounts": "ignore", "max_enables": "100%" },
        "accounts": [
            { "name": "Larry's Cat Food", "email": LARRY, "enabled": false },
            { "name": "Harbour Taxi", "email": "dispatch@harbourtaxi.example", "enabled": true },
        ],
    })
}

/// A manifest of another organization than `acme`.
pub(super) fn of(organization: &str, mut manifest: Value) -> Value {
    manifest["organization"] = json!(organization);
    manifest
}

/// The manifest of an organization that is in sync.
pub(super) fn in_sync() -> Value {
    json!({
        "version": 1,
        "organization": "acme",
        "policy": { "unlisted_accounts": "ignore" },
        "accounts": [{ "name": "Larry's Cat Food", "email": LARRY, "enabled": true }],
    })
}

impl<'a> Cluster<'a> {
    pub(super) async fn new(server: &'a ApiServer) -> Self {
        Self::with(server, Seed::small(), Duration::ZERO).await
    }

    pub(super) async fn with(server: &'a ApiServer, seed: Seed, latency: Duration) -> Self {
        let config = SandboxConfig { latency, ..SandboxConfig::new(SecretString::from(KEY), seed) };
        let sandbox = start(config).await.unwrap();
        let (client, namespace) = (server.client().await, server.new_namespace());
        let cluster = Self { server, client, namespace, sandbox };
        cluster.install().await;
        cluster.put_key(KEY).await;
        cluster
    }

    /// Installs the definition, and waits until it is served.
    pub(super) async fn install(&self) {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        let definition: CustomResourceDefinition = serde_json::from_str(&definition()).unwrap();
        match definitions.create(&PostParams::default(), &definition).await {
            Ok(_) => {}
            // Another test was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => panic!("{error}"),
        }
        let resources = self.resources();
        until("the definition is served", async || {
            resources.list(&ListParams::default()).await.is_ok()
        })
        .await;
    }

    /// Holds the lock of the state, so that an apply waits before it reads.
    pub(super) async fn lock(&self) -> StateLock {
        let store = self.server.store_in(&self.namespace);
        store.lock(&LockHolder::this("apply"), PATIENCE).await.unwrap()
    }

    pub(super) async fn put_key(&self, key: &str) {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": "telnyx" },
            "stringData": { "api-key": key },
        });
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = PatchParams::apply("tests").force();
        secrets.patch("telnyx", &params, &Patch::Apply(&secret)).await.unwrap();
    }

    pub(super) fn resources(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &api_resource())
    }

    /// Creates a resource.
    pub(super) async fn create(&self, name: &str, manifest: Value, more: Value) {
        let resource = resource(name, &manifest, more);
        self.resources().create(&PostParams::default(), &resource).await.unwrap();
    }

    pub(super) async fn change(&self, name: &str, spec: Value) {
        let change = json!({ "spec": spec });
        let change = Patch::Merge(&change);
        self.resources().patch(name, &PatchParams::default(), &change).await.unwrap();
    }

    pub(super) async fn delete(&self, name: &str) {
        self.resources().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// The status of a resource, and null before the first one.
    pub(super) async fn status(&self, name: &str) -> Value {
        self.resources().get(name).await.unwrap().data["status"].clone()
    }

    /// Waits until a condition has this status and reason, for the current generation.
    pub(super) async fn wait(&self, name: &str, kind: &str, status: &str, reason: &str) -> Value {
        let begun = Instant::now();
        loop {
            let resource = self.resources().get(name).await.unwrap();
            let now = resource.data["status"].clone();
            let found = condition(&now, kind);
            let current = now["observedGeneration"] == json!(resource.metadata.generation);
            if current && found["status"] == status && found["reason"] == reason {
                return now;
            }
            assert!(begun.elapsed() < PATIENCE, "{kind} is not {status} for {reason}: {now:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The digest of the plan that waits for approval.
    pub(super) async fn digest(&self, name: &str) -> String {
        let status = self.wait(name, "Ready", "False", "ApprovalRequired").await;
        status["plan"]["digest"].as_str().unwrap().to_owned()
    }

    /// Starts an operator for the namespace.
    pub(super) fn operator(&self) -> Operator {
        self.operator_as(&self.server.kubeconfig())
    }

    /// Starts an operator with more options.
    pub(super) fn operator_with(&self, more: &[&str]) -> Operator {
        self.start(&self.server.kubeconfig(), more)
    }

    pub(super) fn operator_as(&self, kubeconfig: &Path) -> Operator {
        self.start(kubeconfig, &[])
    }

    pub(super) fn start(&self, kubeconfig: &Path, more: &[&str]) -> Operator {
        self.start_at(&self.sandbox.url(), kubeconfig, more)
    }

    /// Starts an operator that reaches the sandbox at `base_url`.
    pub(super) fn start_at(&self, base_url: &str, kubeconfig: &Path, more: &[&str]) -> Operator {
        let folder = TempDir::new().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::cargo_bin("trunkline").unwrap();
        command
            .args(["operator", "--namespace", &self.namespace, "--base-url", base_url])
            .args(more)
            .env("KUBECONFIG", kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Operator { child: command.spawn().unwrap(), folder }
    }
}

/// A resource with a check every 3 seconds, and more in its spec.
pub(super) fn resource(name: &str, manifest: &Value, more: Value) -> DynamicObject {
    let mut spec = json!({
        "manifest": manifest,
        "apiKeySecretRef": { "name": "telnyx" },
        "schedule": "*/3 * * * * *",
    });
    merge(&mut spec, more);
    let resource = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": KIND,
        "metadata": { "name": name },
        "spec": spec,
    });
    serde_json::from_value(resource).unwrap()
}

pub(super) fn condition<'a>(status: &'a Value, kind: &str) -> &'a Value {
    let all = status["conditions"].as_array();
    all.and_then(|all| all.iter().find(|one| one["type"] == kind)).unwrap_or(&Value::Null)
}

pub(super) fn api_resource() -> ApiResource {
    ApiResource {
        group: GROUP.to_owned(),
        version: VERSION.to_owned(),
        api_version: format!("{GROUP}/{VERSION}"),
        kind: KIND.to_owned(),
        plural: PLURAL.to_owned(),
    }
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    for (key, value) in more {
        into[key] = value;
    }
}

pub(super) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
