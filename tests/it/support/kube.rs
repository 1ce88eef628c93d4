//! A real Kubernetes API server on loopback: kube-apiserver and etcd.
//!
//! `TRUNKLINE_KUBE` names the folder that has both; otherwise `target/kube-apiserver` is looked at, where
//! `.ci/kube-apiserver` builds them. Without them these tests say that they were skipped, and pass; with the variable set
//! they must run.

use std::env;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;
use tempfile::TempDir;
use trunkline::state::{Location, Store};

/// The token of the administrator.
const ADMIN: &str = "token-of-the-tests";

/// A running API server. It ends with this process.
pub(crate) struct ApiServer {
    folder: TempDir,
    binaries: PathBuf,
    port: u16,
    etcd_port: u16,
    _etcd: Child,
    server: Mutex<Child>,
}

/// The server, one for all tests. `None`: there is none on this machine, which is said.
pub(crate) fn server() -> Option<&'static ApiServer> {
    static SERVER: OnceLock<Option<ApiServer>> = OnceLock::new();
    let server = SERVER.get_or_init(own_server);
    if server.is_none() {
        skipped();
    }
    server.as_ref()
}

/// A server for one test that stops it.
pub(crate) fn own_server() -> Option<ApiServer> {
    Some(ApiServer::start(binaries()?))
}

fn skipped() {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // Bypasses the capture of the test harness, so that it is visible.
    let line = format!("SKIPPED: {name}: no kube-apiserver; see TRUNKLINE_KUBE\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The folder with both programs.
fn binaries() -> Option<PathBuf> {
    let has_both = |folder: &PathBuf| {
        ["kube-apiserver", "etcd"].iter().all(|name| folder.join(name).is_file())
    };
    if let Some(named) = env::var_os("TRUNKLINE_KUBE").filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        assert!(
            has_both(&named),
            "TRUNKLINE_KUBE={} lacks kube-apiserver or etcd",
            named.display()
        );
        return Some(named);
    }
    let ours = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/kube-apiserver");
    Some(ours).filter(has_both)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts a program that is killed when this process ends, which its wrapper notices by its standard input. Its id is
/// written beside its log.
fn spawn(program: &Path, arguments: &[String], log: &Path) -> Child {
    let id = log.with_extension("pid");
    let log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    Command::new("sh")
        .args([
            "-c",
            "\"$@\" <&- & p=$!; echo $p >\"$PID\"; cat >/dev/null; kill -9 $p; wait $p",
            "sh",
        ])
        .env("PID", id)
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

impl ApiServer {
    fn start(binaries: PathBuf) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("tokens"), format!("{ADMIN},admin,admin,\"system:masters\"\n")).unwrap();
        let (port, etcd_port, peer) = (free_port(), free_port(), free_port());
        let etcd = [
            format!("--data-dir={}", at("data")),
            format!("--listen-client-urls=http://127.0.0.1:{etcd_port}"),
            format!("--advertise-client-urls=http://127.0.0.1:{etcd_port}"),
            format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
            "--unsafe-no-fsync".to_owned(),
        ];
        let etcd = spawn(&binaries.join("etcd"), &etcd, &folder.path().join("etcd.log"));
        let server = Mutex::new(Self::spawn_server(&binaries, folder.path(), port, etcd_port));
        let started = Self { folder, binaries, port, etcd_port, _etcd: etcd, server };
        started.write_kubeconfig("kubeconfig", ADMIN);
        started.wait_until_ready();
        started
    }

    fn spawn_server(binaries: &Path, folder: &Path, port: u16, etcd_port: u16) -> Child {
        let at = |name: &str| folder.join(name).display().to_string();
        let arguments = [
            format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            format!("--secure-port={port}"),
            format!("--cert-dir={}", at("certificates")),
            // The key that the server generates for itself, before it reads these.
            format!("--service-account-key-file={}", at("certificates/apiserver.key")),
            format!("--service-account-signing-key-file={}", at("certificates/apiserver.key")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--token-auth-file={}", at("tokens")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ];
        spawn(&binaries.join("kube-apiserver"), &arguments, &folder.join("server.log"))
    }

    /// Stops the server. Its data stays.
    pub(crate) fn stop(&self) {
        let mut server = self.server.lock().unwrap();
        drop(server.stdin.take());
        server.wait().unwrap();
    }

    /// Starts the server again.
    pub(crate) fn start_again(&self) {
        let again =
            Self::spawn_server(&self.binaries, self.folder.path(), self.port, self.etcd_port);
        *self.server.lock().unwrap() = again;
        self.wait_until_ready();
    }

    /// Sends a signal to the server: STOP suspends it, and CONT resumes it.
    pub(crate) fn signal(&self, name: &str) {
        let id = fs::read_to_string(self.folder.path().join("server.pid")).unwrap();
        let sent = Command::new("kill").args([&format!("-{name}"), id.trim()]).status();
        assert!(sent.unwrap().success());
    }

    /// Compacts etcd, so that no watch can begin from a version before now.
    pub(crate) async fn compact(&self) {
        let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
        let ask = async |path: &str, body: serde_json::Value| {
            let url = format!("http://127.0.0.1:{}/v3/kv/{path}", self.etcd_port);
            let answer = client.post(url).body(body.to_string()).send().await.unwrap();
            let (status, text) = (answer.status(), answer.bytes().await.unwrap());
            assert!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&text));
            serde_json::from_slice::<serde_json::Value>(&text).unwrap()
        };
        let now = ask("range", json!({ "key": "AA==" })).await["header"]["revision"].clone();
        ask("compaction", json!({ "revision": now, "physical": true })).await;
    }

    fn wait_until_ready(&self) {
        let end = Instant::now() + Duration::from_secs(120);
        let certificate = self.certificate();
        let ready = || {
            certificate.exists()
                && self.blocking(|client| async move {
                    let ready = axum::http::Request::get("/readyz").body(Vec::new()).unwrap();
                    client.request_text(ready).await.is_ok_and(|text| text == "ok")
                })
        };
        while !ready() {
            if Instant::now() >= end {
                let log = fs::read_to_string(self.folder.path().join("server.log"));
                panic!("kube-apiserver is not ready: {}", log.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs requests on a thread of their own: a test may call this within its runtime.
    fn blocking<T: Send + 'static, F: Future<Output = T>>(
        &self,
        work: impl FnOnce(Client) -> F + Send + 'static,
    ) -> T {
        let kubeconfig = self.kubeconfig();
        let run = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { work(client(&kubeconfig).await).await })
        };
        std::thread::spawn(run).join().unwrap()
    }

    fn write_kubeconfig(&self, name: &str, token: &str) -> PathBuf {
        self.write_kubeconfig_to(name, token, &self.origin())
    }

    /// Writes a kubeconfig for a server at this origin.
    fn write_kubeconfig_to(&self, name: &str, token: &str, origin: &str) -> PathBuf {
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [{ "name": "tests", "cluster": {
                "server": origin,
                "certificate-authority": self.certificate(),
            } }],
            "users": [{ "name": "tests", "user": { "token": token } }],
            "contexts": [{ "name": "tests", "context": { "cluster": "tests", "user": "tests" } }],
        });
        let path = self.folder.path().join(name);
        fs::write(&path, text.to_string()).unwrap();
        path
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The file with the certificate of the server.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificates/apiserver.crt")
    }

    /// The kubeconfig of the administrator for a proxy in front of the server.
    pub(crate) fn kubeconfig_by(&self, origin: &str) -> PathBuf {
        let name = format!("kubeconfig-{}", origin.rsplit(':').next().unwrap());
        self.write_kubeconfig_to(&name, ADMIN, origin)
    }

    /// The kubeconfig of the administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// A kubeconfig with another token.
    pub(crate) fn kubeconfig_of(&self, token: &str) -> PathBuf {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        self.write_kubeconfig(&format!("kubeconfig-{number}"), token)
    }

    /// A client of the administrator, for the runtime of the caller.
    pub(crate) async fn client(&self) -> Client {
        client(&self.kubeconfig()).await
    }

    /// A new namespace that no other test has.
    pub(crate) fn new_namespace(&self) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let namespace: Namespace =
            serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap();
        self.blocking(|client| async move {
            Api::all(client).create(&PostParams::default(), &namespace).await.unwrap();
        });
        name
    }

    /// An empty place for a state.
    pub(crate) fn store(&self) -> Store {
        self.store_in(&self.new_namespace())
    }

    /// The state of the organization `acme` in a namespace.
    pub(crate) fn store_in(&self, namespace: &str) -> Store {
        store(&self.kubeconfig(), namespace)
    }
}

/// The state of the organization `acme` in a namespace, as a kubeconfig allows.
pub(crate) fn store(kubeconfig: &Path, namespace: &str) -> Store {
    let location = Location::parse(&format!("kubernetes://{namespace}")).unwrap();
    let setting = ("KUBECONFIG".to_owned(), kubeconfig.display().to_string().into());
    Store::new(&location.for_organization("acme")).with_settings([setting])
}

/// A client as a kubeconfig describes.
pub(crate) async fn client(kubeconfig: &Path) -> Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    let file = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    Client::try_from(Config::from_custom_kubeconfig(file, &options).await.unwrap()).unwrap()
}
