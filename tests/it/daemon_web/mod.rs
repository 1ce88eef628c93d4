//! The web server of the daemon over real HTTP, with sample statuses.

mod alerts;
mod browser;
mod by_hand;
mod check;
mod colours;
mod door;
mod golden;
mod health;
mod names;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    task::JoinHandle,
};
use trunkline::daemon::{
    status::DaemonStatus,
    web::{Hosts, Site, serve},
};

/// A running web server. Dropping it stops it.
struct Served {
    address: SocketAddr,
    status: watch::Sender<Arc<DaemonStatus>>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// The answer to a request.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Served {
    async fn new(status: DaemonStatus) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (status, shown) = watch::channel(Arc::new(status));
        let site = Site {
            status: shown,
            hosts: Hosts::new(["trunkline.internal.example"]),
            now: Arc::new(by_hand::now),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, site, async {
            let _ = stopped.await;
        }));
        Self { address, status, stop, server }
    }

    /// Sends exactly these bytes.
    async fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        });
        Answer { status, headers: headers.collect(), body: body.to_owned() }
    }

    async fn ask(&self, method: &str, path: &str) -> Answer {
        let host = self.address;
        self.send(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
            .await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).await
    }
}
