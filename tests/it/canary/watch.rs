//! The log, notifications, web server and state of the daemon.

use std::time::Duration;

use super::*;
use crate::daemon::{Daemon, until};
use crate::support::proxy::{Fault, Proxy};
use crate::support::site::Site;

/// A webhook: a proxy without a server behind it, which records its requests.
async fn hook(status: u16) -> Proxy {
    Proxy::start("http://127.0.0.1:9", move |_, _, _| Fault::Refused(status)).await
}

/// Everything that a path of the daemon's web answers.
async fn shown(port: u16, path: &str) -> Vec<u8> {
    let client = trunkline::telnyx::client(Duration::from_secs(20), true).unwrap();
    let answer = client.get(format!("http://127.0.0.1:{port}{path}")).send().await;
    answer.unwrap().bytes().await.unwrap().to_vec()
}

/// A port that nothing listens on.
fn port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_no_secret_in_anything_the_daemon_shows() {
    let site = Site::keyed(API_KEY, seed(), Duration::ZERO, |_, path, _| {
        // About one run in five fails, with an answer that repeats the key.
        let broken =
            path.ends_with("/allocatable_global_outbound_channels") && fastrand::u8(..) < 50;
        if broken { Fault::Echoed(403) } else { Fault::None }
    })
    .await;
    let manifest = site.manifest(&[]);
    let file = |name: &str, text: &str| {
        let path = site.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        text_of(&path)
    };
    for (accepts, format) in [(true, "text"), (false, "json")] {
        let status = if accepts { 200 } else { 503 };
        let (generic, slack) = (hook(status).await, hook(status).await);
        let origin = |proxy: &Proxy| proxy.url.trim_end_matches("/v2").to_owned();
        let webhook = format!("{}/{HOOK_PATH}?token={HOOK_QUERY}", origin(&generic));
        let slack_url = file("slack.url", &format!("{}/services/{SLACK_PATH}\n", origin(&slack)));
        let signing = file("signing.key", HMAC_KEY);
        let (key, port) = (file("key", API_KEY), port());
        let listen = format!("127.0.0.1:{port}");
        let mut command = site.command(&["daemon", text(&manifest), "--schedule", "* * * * * *"]);
        command.args(["--webhook", &webhook, "--webhook-key-file", &signing]);
        command.args(["--slack-url-file", &slack_url, "--open-after", "1", "--api-key-file", &key]);
        command.args(["--listen", &listen, "-vvv", "--log-format", format]);
        command.args(["--state", &format!("{format}.json")]);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let daemon = Daemon::start(command);
        until("both notifications", || {
            let paths = |proxy: &Proxy, path: &str| proxy.heard(path);
            paths(&generic, "drift_opened") && paths(&slack, "found")
        })
        .await;
        daemon.signal("HUP");
        tokio::time::sleep(Duration::from_secs(2)).await;
        for path in ["/", "/metrics", "/api/v1/status", "/readyz", "/livez", "/style.css", "/none"]
        {
            let bytes = shown(port, path).await;
            assert!(path == "/none" || !bytes.is_empty(), "{path}");
            search(path, &bytes, &[]);
        }
        assert!(generic.passed().iter().any(|line| line.contains(HOOK_PATH)), "its address");
        assert!(slack.passed().iter().any(|line| line.contains(SLACK_PATH)), "its address");
        assert!(generic.heard("x-trunkline-signature"), "it was signed");
        search("the webhook request", generic.all().as_bytes(), &[]);
        search("the Slack request", slack.all().as_bytes(), &[]);
        let (_, _, log) = daemon.end("TERM").await;
        assert!(!log.is_empty());
        search("the log of the daemon", log.as_bytes(), &[]);
    }
    assert!(site.proxy.heard(API_KEY));
    search_files(site.folder.path(), &["key", "slack.url", "signing.key"]);
}

fn text_of(path: &Path) -> String {
    text(path).to_owned()
}
