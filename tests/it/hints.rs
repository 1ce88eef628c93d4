//! Errors that a new user meets: each ends in a fix. And the log of retries.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::proxy::Fault;
use crate::support::site::Site;
use crate::support::tools;

/// Runs a command in a folder without the variables of the machine, and returns its error.
fn error(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(arguments).current_dir(folder).env_clear();
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    error
}

const KEY: (&str, &str) = ("TELNYX_API_KEY", "KEY_of_a_test");
const MANIFEST: &str = "version: 1\norganization: acme\naccounts: []\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trunkline.yaml"), MANIFEST).unwrap();
    folder
}

#[test]
fn an_invalid_base_url_is_named_with_a_valid_one() {
    let folder = folder();
    let hint = "hint: Set --base-url or TELNYX_BASE_URL to https://api.telnyx.com/v2, or for a sandbox to http://127.0.0.1:8484/v2.\n";
    for (url, why) in [
        (
            "api.telnyx.com",
            "the base URL \"api.telnyx.com\" cannot be used: it does not begin with https://",
        ),
        (
            "http://api.telnyx.com/v2",
            "the base URL \"http://api.telnyx.com/v2\" cannot be used: http:// would send the key unencrypted, and is for loopback addresses only",
        ),
        (
            "https://me:T0PS3CRET@api.telnyx.com/v2",
            "the base URL (not shown, as it may hold a secret) cannot be used: it has a user, a query or a fragment",
        ),
    ] {
        let error = error(folder.path(), &[KEY], &["get", "accounts", "--base-url", url]);
        assert_eq!(error, format!("error: {why}\n{hint}"));
    }
}

#[test]
fn a_key_with_more_than_the_key_names_what_to_leave_out() {
    let hint =
        "hint: Use the key alone, as the portal shows it: no quotation marks and no `Bearer`.\n";
    for (key, flaw) in [
        ("\"KEY_of_a_test\"", "is in quotation marks"),
        ("Bearer KEY_of_a_test", "starts with \"Bearer\""),
    ] {
        let error = error(folder().path(), &[("TELNYX_API_KEY", key)], &["get", "accounts"]);
        assert_eq!(error, format!("error: the API key {flaw}\n{hint}"));
    }
}

#[test]
fn a_key_in_place_of_its_file_is_not_shown() {
    let error = error(folder().path(), &[], &["get", "accounts", "--api-key-file", "KEYT0PS3CRET"]);
    let words = "error: reading the API key from --api-key-file (the value is not shown, as it may be a key): No such file or directory (os error 2)\nhint: Give --api-key-file the path of a file that contains the key, or set TELNYX_API_KEY to the key.\n";
    assert_eq!(error, words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_both_halves_refuse_is_invalid() {
    let site = Site::with(Duration::ZERO, |_: &str, _: &str, _: &str| Fault::Refused(401)).await;
    let manifest = site.manifest(&[]);
    let output = site.run(&["plan", manifest.to_str().unwrap()]).await;
    let error = String::from_utf8(output.stderr).unwrap();
    let hint = "hint: The key is unknown to this base URL. Check TELNYX_API_KEY";
    assert!(
        error.starts_with("error: GET /organizations/users") && error.contains(hint),
        "{error}"
    );
}

#[test]
fn a_schedule_with_a_wrong_number_of_fields_names_the_fields() {
    let folder = folder();
    for (schedule, count) in [("5", "1 field"), ("* * * * * * *", "7 fields")] {
        let error = error(
            folder.path(),
            &[KEY],
            &["daemon", "trunkline.yaml", "--schedule", schedule, "--once"],
        );
        let why = format!(
            "error: --schedule {schedule:?}: invalid cron expression: it has {count} instead of 5 or 6\nhint: The fields are minute, hour, day of the month, month and day of the week;"
        );
        assert!(error.starts_with(&why) && error.contains("--schedule '*/5 * * * *'"), "{error}");
    }
    let error =
        error(folder.path(), &[KEY], &["daemon", "trunkline.yaml", "--timezone", "Mars", "--once"]);
    let why = "error: --timezone \"Mars\": unknown time zone\nhint: Use a name of the time zone database, for example --timezone Europe/Berlin.\n";
    assert_eq!(error, why);
}

#[test]
fn a_path_that_does_not_exist_names_the_one_beside_it() {
    let folder = folder();
    for (path, hint) in [
        ("trunklin.yaml", "Did you mean trunkline.yaml?"),
        ("trunkline.yml", "Did you mean trunkline.yaml?"),
        ("elsewhere.yaml", "Check the path."),
    ] {
        let error = error(folder.path(), &[], &["validate", path]);
        let words = format!("error: no such file or folder\n--> {path}\n = help: {hint}\n");
        assert!(error.starts_with(&words), "{error}");
    }
    std::fs::write(folder.path().join("notes.md"), "a `note`: [\n").unwrap();
    let error = error(folder.path(), &[], &["validate", "notes.md"]);
    assert!(error.contains("= help: A manifest is a YAML file. Check the path.\n"), "{error}");
}

#[test]
fn a_daemon_without_a_path_takes_the_default_manifest() {
    let folder = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(["daemon", "--once"]).current_dir(folder.path()).env_clear();
    let output = command.envs([KEY]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "acme: in sync\n");
    let none = tempfile::tempdir().unwrap();
    let none = error(none.path(), &[KEY], &["daemon", "--once"]);
    assert!(none.starts_with("error: no manifest given"), "{none}");
}

#[test]
fn a_port_in_use_names_the_option_for_another() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port().to_string();
    let of_sandbox = error(folder.path(), &[], &["sandbox", "--port", &port]);
    let hint = "hint: A sandbox may be running there already. To use any free port, run `trunkline sandbox --port 0`.\n";
    assert!(of_sandbox.contains("already in use") && of_sandbox.ends_with(hint), "{of_sandbox}");
    let listen = address.to_string();
    let of_daemon =
        error(folder.path(), &[KEY], &["daemon", "trunkline.yaml", "--listen", &listen]);
    assert!(of_daemon.contains(&format!("listening on {listen}: ")), "{of_daemon}");
    assert!(of_daemon.contains("name a free port with --listen"), "{of_daemon}");
}

#[test]
fn a_file_that_is_no_manifest_at_all_is_one_problem() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("report.json", r#"{"a": 1, "b": [2], "c": {"d": 3}}"#);
    write("state.json", r#"{"format_version": 1, "serial": 3, "check": "00"}"#);
    write("saved.json", r#"{"format_version": 1, "seal": "00"}"#);
    for (file, message, help) in [
        (
            "report.json",
            "this is not a manifest: it has none of the fields of one",
            "run `trunkline init`",
        ),
        ("state.json", "this is a state file", "`trunkline plan MANIFEST --state state.json`"),
        ("saved.json", "this is a saved plan", "Run `trunkline apply --plan saved.json`."),
    ] {
        let error = error(folder.path(), &[KEY], &["apply", file]);
        assert!(error.starts_with(&format!("error: {message}")), "{error}");
        assert!(error.split_whitespace().collect::<Vec<_>>().join(" ").contains(help), "{error}");
        assert!(error.ends_with("1 problem in 1 file\n"), "{error}");
    }
    // A spelling mistake is not a foreign file, and neither is any part of a manifest.
    write("misspelled.yaml", "versoin: 1\nacounts: []\n");
    let misspelled = error(folder.path(), &[], &["validate", "misspelled.yaml"]);
    assert!(misspelled.contains("Did you mean `version`?"), "{misspelled}");
    write("unknown.yaml", "version: 1\norganization: acme\nzzz: 1\n");
    let unknown = error(folder.path(), &[], &["validate", "unknown.yaml"]);
    let unknown = unknown.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, fields) = unknown.split_once("The fields are ").unwrap();
    let (fields, _) = fields.split_once('.').unwrap();
    assert!(fields.split(", ").count() >= 8, "{fields}");
    for field in fields.split(", ") {
        write("part.yaml", &format!("{field}: {{}}\nzzz: 1\n"));
        let part = error(folder.path(), &[], &["validate", "part.yaml"]);
        assert!(!part.contains("not a manifest"), "{field}: {part}");
    }
}

/// A server that refuses every request with a status and a code of S3.
#[cfg(feature = "object-store")]
fn refusing(status: &'static str, code: &'static str) -> String {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
                    Ok(_) | Err(_) => break,
                }
            }
            let body = format!("<Error><Code>{code}</Code></Error>");
            let answer = format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            // The client may have gone.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[cfg(feature = "object-store")]
#[test]
fn an_error_of_a_bucket_has_its_status_and_its_code() {
    for (status, code, words) in [
        (
            "403 Forbidden",
            "AccessDenied",
            "access was denied (HTTP 403, AccessDenied)\nhint: Allow the key to get and put objects there, or name another state with --state.",
        ),
        (
            "404 Not Found",
            "NoSuchBucket",
            "the bucket does not exist (HTTP 404, NoSuchBucket)\nhint: Create the bucket first, or correct --state.",
        ),
        (
            "400 Bad Request",
            "InvalidToken",
            "it answered with an error (HTTP 400, InvalidToken)\nhint: Check the region,",
        ),
    ] {
        let url = refusing(status, code);
        let variables = [
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "us-east-1"),
        ];
        let state = ["state", "show", "--state", "s3://bucket/acme.json"];
        let error = error(folder().path(), &variables, &state);
        assert!(error.contains(words), "{error}");
    }
}

/// A TLS server whose certificate a private CA has signed; it ends when it is dropped.
struct PrivateServer(Child);

impl PrivateServer {
    fn start(openssl: &Path, folder: &Path, port: u16) -> Self {
        tools::certificate(openssl, folder);
        let mut command = Command::new(openssl);
        let accept = format!("127.0.0.1:{port}");
        command.args(["s_server", "-cert", "s.pem", "-key", "s.key", "-www", "-accept", &accept]);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_unknown_certificate_authority_names_ssl_cert_file_and_is_not_retried() {
    let Some(openssl) = tools::find("openssl", "openssl") else { return };
    let folder = folder();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _server = PrivateServer::start(&openssl, folder.path(), port);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let url = format!("https://127.0.0.1:{port}/v2");
    let arguments = ["get", "accounts", "--base-url", &url];
    let unknown = error(folder.path(), &[KEY], &arguments);
    let words = "error: GET /managed_accounts: the certificate is not trusted: its issuer is unknown\nhint: If a private CA or a proxy signs the certificate, set SSL_CERT_FILE to a PEM file of that CA, for example SSL_CERT_FILE=ca.pem.\n";
    assert_eq!(unknown, words, "without a number of attempts");
    let trusted = error(folder.path(), &[KEY, ("SSL_CERT_FILE", "ca.pem")], &arguments);
    assert!(!trusted.contains("certificate"), "{trusted}");
}

#[test]
fn a_bad_file_of_certificate_authorities_is_named() {
    let folder = folder();
    let hint = "hint: Set SSL_CERT_FILE to a PEM file of certificate authorities, or unset it.\n";
    for (file, flaw) in [
        ("missing.pem", "cannot be read: No such file or directory (os error 2)"),
        ("trunkline.yaml", "has no PEM certificate"),
    ] {
        let arguments = ["get", "accounts", "--base-url", "https://127.0.0.1:1/v2"];
        let error = error(folder.path(), &[KEY, ("SSL_CERT_FILE", file)], &arguments);
        assert_eq!(error, format!("error: SSL_CERT_FILE names {file}, which {flaw}\n{hint}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_logged_with_its_reason_and_its_wait() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let fault = move |_: &str, path: &str, _: &str| {
        let fails = path.contains("/organizations/users")
            && first.swap(false, std::sync::atomic::Ordering::Relaxed);
        if fails { Fault::Refused(503) } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, fault).await;
    let output = site.run(&["get", "users", "-v"]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let words =
        "retrying method=GET path=\"/organizations/users\" reason=503, a server error wait=";
    assert!(error.contains(words) && output.status.success(), "{error}");
    assert_eq!(error.matches("retrying").count(), 1, "{error}");
}
