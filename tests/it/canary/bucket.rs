//! A state in a bucket: the keys that sign its requests are written nowhere.

use std::time::Duration;

use super::*;
use crate::support::moto::{Moto, moto, settings};
use crate::support::proxy::{Fault, Proxy};
use crate::support::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_the_keys_of_a_bucket_are_written_nowhere() {
    let Some(moto) = moto() else { return };
    let site = Site::keyed(API_KEY, seed(), Duration::ZERO, |_, _, _| Fault::None).await;
    let manifest = site.manifest(&[]);
    let echoing = |_: &str, path: &str, _: &str| {
        if path.contains("forbidden") { Fault::Echoed(403) } else { Fault::None }
    };
    let bucket = Proxy::start(&moto.origin, echoing).await;
    let origin = bucket.url.trim_end_matches("/v2");
    let state = format!("s3://{}", Moto::new_key());
    let forbidden = state.replace("acme.json", "forbidden.json");
    let commands: [&[&str]; 6] = [
        &["plan", text(&manifest), "--state", &forbidden],
        &["apply", text(&manifest), "--auto-approve", "--state", &state],
        &["plan", text(&manifest), "--state", &state],
        &["state", "show", "--state", &state],
        &["state", "unlock", "--state", &state],
        &["daemon", text(&manifest), "--once", "--state", &state],
    ];
    for arguments in commands {
        for format in ["text", "json"] {
            let mut command = site.command(arguments);
            command.args(["-vvv", "--log-format", format]).env("TELNYX_API_KEY", API_KEY);
            command.envs(settings(origin)).env("AWS_SECRET_ACCESS_KEY", BUCKET_KEY);
            command.env("AWS_SESSION_TOKEN", BUCKET_TOKEN).env("RUST_LOG", "trace");
            let output =
                tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            search(&format!("stdout of {arguments:?}"), &output.stdout, &[]);
            search(&format!("stderr of {arguments:?}"), &output.stderr, &[]);
            let refused = arguments.contains(&forbidden.as_str());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code() == Some(0), !refused, "{arguments:?}: {said}");
        }
    }
    search_files(site.folder.path(), &[]);
    assert!(
        bucket.heard(BUCKET_TOKEN) && bucket.heard("AWS4-HMAC-SHA256"),
        "the request was signed"
    );
}
