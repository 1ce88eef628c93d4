//! The page in a headless browser: no script runs, nothing overflows.
//!
//! Screenshots, of which `examples/status-page.png` is one:
//! `TRUNKLINE_SCREENSHOTS=DIR cargo test --test it pictures -- --ignored`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use axum::{Router, response::Html, routing::get};
use trunkline::daemon::status::DaemonStatus;

use super::{Served, by_hand};
use crate::support::tools;

/// A busy machine takes long to start a browser.
const PATIENCE: Duration = Duration::from_secs(120);
/// A phone, and a desk.
const WIDTHS: [u32; 2] = [390, 1280];

fn situations() -> [(&'static str, DaemonStatus); 7] {
    let mut rejected = by_hand::usual();
    rejected.rejected = Some(by_hand::REFUSED.to_owned());
    rejected.draining = true;
    [
        ("none", by_hand::many(0)),
        ("one", by_hand::many(1)),
        ("many", by_hand::many(200)),
        ("usual", by_hand::usual()),
        ("replica", by_hand::replica()),
        ("rejected", rejected),
        ("hostile", by_hand::hostile()),
    ]
}

/// Runs the browser and returns its output.
async fn browse(chromium: &Path, arguments: Vec<String>) -> String {
    let chromium = chromium.to_owned();
    tokio::task::spawn_blocking(move || browse_and_wait(&chromium, &arguments)).await.unwrap()
}

fn browse_and_wait(chromium: &Path, arguments: &[String]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let printed = profile.path().join("printed");
    let mut browser = Command::new(chromium)
        .args("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(' '))
        .args(
            "--disable-background-networking --disable-component-update --disable-sync".split(' '),
        )
        .args(["--disable-dev-shm-usage", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(File::create(&printed).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    loop {
        if let Some(ended) = browser.try_wait().unwrap() {
            assert!(ended.success(), "{ended}");
            return fs::read_to_string(&printed).unwrap();
        }
        if begun.elapsed() > PATIENCE {
            browser.kill().unwrap();
            browser.wait().unwrap();
            panic!("the browser did not end: {arguments:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn no_script_in_a_name_runs() {
    let Some(chromium) = tools::find("chromium", "chromium") else { return };
    let served = Served::new(by_hand::hostile()).await;
    let url = format!("http://{}/", served.address);
    let dom = browse(&chromium, vec!["--dump-dom".to_owned(), url]).await;
    assert!(dom.contains("<title>≠ ") || dom.contains("<title>? "), "{dom}");
    for element in ["<script", "<img", "<iframe", "<foreignObject", "<svg><script"] {
        assert!(!dom.contains(element), "{element}");
    }
}

/// Loads each copy in frames of each width, and returns overflows and executed scripts as JSON.
const MEASURE: &str = r"<!doctype html><title>measuring</title>FRAMES<pre id=found></pre><script>
addEventListener('load', () => {
  const found = [];
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, root = page.documentElement;
    const say = (what) => found.push(`${frame.src} at ${frame.width}: ${what}`);
    if (page.title === 'ran' || !page.querySelector('h1')) say('title ' + page.title);
    if (getComputedStyle(page.body).maxWidth === 'none') say('no style');
    if (root.scrollWidth > root.clientWidth) say(`page of ${root.scrollWidth}`);
    for (const element of page.body.querySelectorAll('*')) {
      if (element.closest('thead, .unseen')) continue;
      const { right, left } = element.getBoundingClientRect();
      const inner = element.clientWidth && element.scrollWidth > element.clientWidth + 1;
      if (right > root.clientWidth + 0.5 || left < -0.5 || inner) say(element.outerHTML.slice(0, 120));
    }
    found.push('measured');
  }
  document.getElementById('found').textContent = JSON.stringify(found.map(encodeURIComponent));
});
</script>";

/// The page forbids framing, so copies without its policy are framed: only escaping keeps scripts out of them.
#[tokio::test]
async fn nothing_overflows_on_a_phone_or_a_desk() {
    let Some(chromium) = tools::find("chromium", "chromium") else { return };
    let mut router = Router::new();
    let mut frames = String::new();
    for (name, status) in situations() {
        let page =
            Served::new(status).await.get("/").await.body.replace("<details>", "<details open>");
        router = router.route(&format!("/{name}"), get(async || Html(page)));
        let frame = |width| format!("<iframe src=/{name} width={width} height=900></iframe>");
        frames.extend(WIDTHS.map(frame));
    }
    let style = Served::new(by_hand::new()).await.get("/style.css").await.body;
    let style = ([("content-type", "text/css")], style);
    let measure = MEASURE.replace("FRAMES", &frames);
    let router = router
        .route("/style.css", get(async || style))
        .route("/measure", get(async || Html(measure)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/measure", listener.local_addr().unwrap());
    let server = tokio::spawn(async { axum::serve(listener, router).await });
    let dom = browse(&chromium, vec!["--dump-dom".to_owned(), url]).await;
    server.abort();
    let found = dom.split("<pre id=\"found\">").nth(1).unwrap().split("</pre>").next().unwrap();
    let found: Vec<String> = serde_json::from_str(found).unwrap();
    let (measured, wrong): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|line| line == "measured");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(measured.len(), situations().len() * WIDTHS.len());
}

#[tokio::test]
#[ignore = "takes screenshots"]
async fn pictures() {
    let folder = PathBuf::from(std::env::var_os("TRUNKLINE_SCREENSHOTS").unwrap());
    let chromium = tools::find("chromium", "chromium").unwrap();
    for (name, status) in situations() {
        let served = Served::new(status).await;
        for (width, height) in [(390, 1900), (1280, 1320)] {
            for (theme, number) in [("dark", 0), ("light", 1)] {
                let picture = folder.join(format!("{name}-{width}-{theme}.png"));
                let arguments = vec![
                    format!("--blink-settings=preferredColorScheme={number}"),
                    format!("--window-size={width},{height}"),
                    format!("--screenshot={}", picture.display()),
                    format!("http://{}/", served.address),
                ];
                browse(&chromium, arguments).await;
                assert!(picture.is_file(), "{}", picture.display());
            }
        }
    }
}
