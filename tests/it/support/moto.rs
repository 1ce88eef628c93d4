//! A bucket: `moto`, a real S3 protocol server that honours conditions, on loopback in a Python of its own.
//!
//! `TRUNKLINE_MOTO` names the Python that has it; otherwise `target/moto` is looked at, then `python3`. Without
//! one the tests of buckets say that they were skipped, and pass; with the variable set they must run.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use reqwest::Method;
use trunkline::state::{Location, Store};

/// The bucket that is there from the beginning.
pub(crate) const BUCKET: &str = "states";

/// A running server. It ends with this process, which it notices by its standard input.
pub(crate) struct Moto {
    /// The address it listens on.
    pub(crate) origin: String,
    log: Arc<Mutex<Vec<String>>>,
    _child: Child,
}

const SERVER: &str = r#"
import io, os, sys, threading
def until_the_input_ends():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=until_the_input_ends, daemon=True).start()
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
moto = DomainDispatcherApplication(create_backend_app)
# It looks at a condition first and writes then, and between the two another client may write. A real bucket
# does both at once, so here one request is answered after the other.
turn = threading.Lock()
def app(environ, start_response):
    query = environ["QUERY_STRING"].encode()
    if query.startswith(b"Action="):
        # AWS takes the parameters of a call in the address or in the body, and moto in the body.
        environ["wsgi.input"] = io.BytesIO(query)
        environ["CONTENT_LENGTH"] = str(len(query))
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    with turn:
        return moto(environ, start_response)
tls = tuple(sys.argv[1:]) or None
run_simple("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
"#;

/// The server, one for all tests. `None`: there is none on this machine, which is said.
pub(crate) fn moto() -> Option<&'static Moto> {
    static MOTO: OnceLock<Option<Moto>> = OnceLock::new();
    let moto = MOTO.get_or_init(|| python().map(|python| Moto::start(&python)));
    if moto.is_none() {
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        // Bypasses the capture of the test harness, so that it is visible.
        let line = format!(
            "SKIPPED: {name}: no bucket, as there is no Python with moto[server]; see TRUNKLINE_MOTO\n"
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    moto.as_ref()
}

/// The first Python that has it.
fn python() -> Option<PathBuf> {
    let has_moto = |python: &PathBuf| {
        let import = Command::new(python).args(["-c", "import moto.server, flask"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if let Some(named) = env::var_os("TRUNKLINE_MOTO").filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        assert!(has_moto(&named), "TRUNKLINE_MOTO={} has no moto[server]", named.display());
        return Some(named);
    }
    let ours = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/moto/bin/python");
    [ours, PathBuf::from("python3")].into_iter().find(has_moto)
}

impl Moto {
    fn start(python: &PathBuf) -> Self {
        let moto = Self::serve(python, &[]);
        moto.make_bucket();
        moto
    }

    /// Another server, for TLS: its certificate and key are `s.pem` and `s.key` in a folder. Only where [`moto`] is.
    pub(crate) fn with_tls(folder: &Path) -> Self {
        let python = python().expect("moto was found before");
        Self::serve(&python, &["s.pem", "s.key"].map(|name| folder.join(name)))
    }

    /// Returns true if the log has a line with this text.
    pub(crate) fn has_logged(&self, text: &str) -> bool {
        self.log.lock().unwrap().iter().any(|line| line.contains(text))
    }

    fn serve(python: &PathBuf, tls: &[PathBuf]) -> Self {
        let mut child = Command::new(python)
            .args(["-c", SERVER])
            .args(tls)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let origin = lines
            .find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_owned()))
            .expect("moto says where it listens");
        let log = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || lines.for_each(|line| written.lock().unwrap().push(line)));
        Self { origin, log, _child: child }
    }

    fn make_bucket(&self) {
        // A thread of its own: a test may call this within its runtime.
        let url = format!("{}/{BUCKET}", self.origin);
        let made = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let client = trunkline::telnyx::client(Duration::from_secs(20), true).unwrap();
            let answer = runtime.block_on(async { client.put(url).send().await }).unwrap();
            assert!(answer.status().is_success(), "{answer:?}");
        });
        made.join().unwrap();
    }

    /// A name for a state file that no other test has: without the `s3://`.
    pub(crate) fn new_key() -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        format!("{BUCKET}/{}/{number}/acme.json", std::process::id())
    }

    /// An empty place for a state file.
    pub(crate) fn store(&self) -> Store {
        store(&self.origin, &Self::new_key())
    }

    /// The number of writes of state files, without locks.
    pub(crate) fn writes(&self, store: &Store) -> usize {
        let key = store.place().replace("s3:/", "");
        let line = format!("PUT {key} HTTP");
        self.log.lock().unwrap().iter().filter(|logged| logged.contains(&line)).count()
    }

    /// The object as it is, for a test that spoils it.
    pub(crate) async fn get(&self, store: &Store) -> Vec<u8> {
        self.send(Method::GET, &self.url(store), &[]).await
    }

    /// Puts an object there, whatever was there.
    pub(crate) async fn put(&self, url: &str, bytes: &[u8]) {
        self.send(Method::PUT, url, bytes).await;
    }

    /// Takes an object away.
    pub(crate) async fn delete(&self, url: &str) {
        self.send(Method::DELETE, url, &[]).await;
    }

    async fn send(&self, method: Method, url: &str, bytes: &[u8]) -> Vec<u8> {
        let client = trunkline::telnyx::client(Duration::from_secs(20), true).unwrap();
        // It looks at who signs, not at the signature.
        let signed = "AWS4-HMAC-SHA256 Credential=AKIAOFTHETESTS/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let request = client.request(method, url).header("authorization", signed);
        let answer = request.body(bytes.to_vec()).send().await.unwrap();
        answer.error_for_status().unwrap().bytes().await.unwrap().to_vec()
    }

    /// The address of the object of a state file.
    pub(crate) fn url(&self, store: &Store) -> String {
        store.place().replace("s3:/", &self.origin)
    }
}

/// A store that speaks to a server on this machine.
pub(crate) fn store(origin: &str, key: &str) -> Store {
    let location = Location::parse(&format!("s3://{key}")).unwrap();
    let settings = settings(origin).map(|(name, value)| (name.to_owned(), value.into()));
    Store::new(&location).with_settings(settings)
}

/// The environment variables of the program.
pub(crate) fn settings(origin: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", origin.to_owned()),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIAOFTHETESTS".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret_of_the_tests".to_owned()),
    ]
}
