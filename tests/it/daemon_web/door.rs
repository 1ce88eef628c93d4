//! Routes, methods, host names and security headers.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Served, by_hand};

const ROUTES: [(&str, &str); 6] = [
    ("/", "text/html; charset=utf-8"),
    ("/style.css", "text/css; charset=utf-8"),
    ("/livez", "text/plain; charset=utf-8"),
    ("/readyz", "text/plain; charset=utf-8"),
    ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
    ("/api/v1/status", "application/json"),
];

#[tokio::test]
async fn every_route_answers_and_head_is_the_same_without_a_body() {
    let served = Served::new(by_hand::usual()).await;
    for (path, kind) in ROUTES {
        let got = served.get(path).await;
        assert_eq!((got.status, got.headers["content-type"].as_str()), (200, kind), "{path}");
        let head = served.ask("HEAD", path).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(head.headers["content-length"], got.body.len().to_string(), "{path}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let served = Served::new(by_hand::usual()).await;
    for path in ["/nothing", "/api", "/api/v1/status/", "//", "/../etc/passwd", "/metrics/x"] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    for (path, _) in ROUTES {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            let answer = served.ask(method, path).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.headers["allow"], "GET,HEAD", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_forbids_scripts_frames_other_sites_and_caches() {
    let served = Served::new(by_hand::usual()).await;
    let foreign = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let mut answers = vec![served.get("/nothing").await, served.send(foreign).await];
    for (path, _) in ROUTES {
        answers.push(served.get(path).await);
    }
    for answer in answers {
        let header = |name: &str| answer.headers.get(name).map(String::as_str);
        assert_eq!(
            header("content-security-policy"),
            Some(
                "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            )
        );
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert_eq!(header("referrer-policy"), Some("no-referrer"));
        assert_eq!(header("cache-control"), Some("no-store"));
        assert_eq!(header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let served = Served::new(by_hand::usual()).await;
    let status = async |lines: &str| {
        let request = format!("GET / HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        served.send(&request).await
    };
    for host in [
        "localhost",
        "LOCALHOST:9464",
        "127.0.0.1:9464",
        "10.1.2.3",
        "[::1]:9464",
        "trunkline.internal.example:80",
        "Trunkline.Internal.Example.",
    ] {
        assert_eq!(status(&format!("Host: {host}\r\n")).await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "x.trunkline.internal.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "[::1].evil.example",
        "0x7f000001",
        "",
    ] {
        let answer = status(&format!("Host: {host}\r\n")).await;
        assert_eq!(answer.status, 421, "{host}");
        assert!(!answer.body.contains("Harbour"), "{host}");
    }
    assert_eq!(status("").await.status, 421, "no host name");
    let two = "Host: localhost\r\nHost: evil.example\r\n";
    assert!(status(two).await.status >= 400, "two host names");
    let absolute =
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(served.send(absolute).await.status, 421);
}

#[tokio::test]
async fn the_server_stops_on_request() {
    let served = Served::new(by_hand::usual()).await;
    assert_eq!(served.get("/livez").await.status, 200);
    served.stop.send(()).unwrap();
    served.server.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_request_does_not_delay_shutdown() {
    let served = Served::new(by_hand::usual()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
    assert_eq!(served.get("/livez").await.status, 200); // the half request was accepted by now
    served.stop.send(()).unwrap();
    served.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn idle_connections_do_not_block_others() {
    let served = Served::new(by_hand::usual()).await;
    // More than the server accepts at once. The accepted ones time out.
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    assert_eq!(served.get("/livez").await.status, 200);
    let mut closed = Vec::new();
    assert_eq!(silent[0].read_to_end(&mut closed).await.unwrap_or_default(), closed.len());
}
