//! `daemon --check`, the health check of a container.

use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;

use assert_cmd::Command;
use jiff::SignedDuration;

use super::{Served, by_hand};
use crate::support::server::{Reply, Server};

/// Checks an address with no environment: a container may have none.
async fn check(address: String) -> Output {
    let run = move || {
        let mut command = Command::cargo_bin("trunkline").unwrap();
        command.env_clear().args(["daemon", "--check", &address]).output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

async fn fails(address: String, expected: &str) {
    let output = check(address).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(expected) && text.contains("hint: Start a daemon"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_fails_exactly_when_the_daemon_is_stuck() {
    let mut status = by_hand::usual();
    let served = Served::new(status.clone()).await;
    let output = check(served.address.to_string()).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    status.ticked = by_hand::now() - SignedDuration::from_secs(61);
    served.status.send(Arc::new(status)).unwrap();
    fails(served.address.to_string(), "not alive: the main loop has been stuck for 61 s").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_fails_where_no_daemon_answers() {
    let address: SocketAddr = {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        unused.local_addr().unwrap()
    };
    fails(address.to_string(), "Connection refused").await;
    for reply in [
        Reply::html(200).closing(),
        Reply::html(404).closing(),
        Reply::raw(b"HTTP/1.1 200 OK\r\n\r\nok"),
        Reply::raw(b"SSH-2.0-x\r\n"),
        Reply::raw("HTTP/1.1 é".as_bytes()),
        Reply::raw(b""),
    ] {
        let server = Server::script([reply]).await;
        fails(server.origin.replace("http://", ""), "not that of a daemon").await;
    }
    let server = Server::script([Reply::silence()]).await;
    fails(server.origin.replace("http://", ""), "no answer within 3 s").await;
    let server = Server::script([Reply::raw(b"HTTP/1.1 503 x\r\n\r\n\x1b[2Jbad\n")]).await;
    fails(server.origin.replace("http://", ""), "not alive: ").await;
}
