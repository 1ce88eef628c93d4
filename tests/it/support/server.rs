//! A server on loopback that sends the answers of a test, well-formed or not, and records requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// A running server; it ends with this value.
pub(crate) struct Server {
    pub origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: JoinHandle<()>,
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub target: String,
    pub body: String,
    /// The header `Idempotency-Key`, or an empty text.
    pub idempotency_key: String,
    pub at: Instant,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    head: String,
    body: Vec<u8>,
    /// The delay of the answer.
    delay: Duration,
    end: End,
}

/// The end of the connection after the answer.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It waits for the next request.
    Open,
    /// It is closed.
    Close,
    /// It is reset without an answer.
    Reset,
    /// Neither an answer nor an end while the client is connected.
    Never,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json", body.into())
    }

    /// The page of a gateway.
    pub(crate) fn html(status: u16) -> Self {
        Self::new(status, "text/html", b"<html><h1>Bad Gateway</h1></html>".to_vec())
    }

    /// A 429 with this `Retry-After`.
    pub(crate) fn too_many(retry_after: &str) -> Self {
        let body = r#"{"errors":[{"code":"10011","title":"Too many requests"}]}"#;
        Self::json(429, body).header("Retry-After", retry_after)
    }

    /// These bytes and nothing else.
    pub(crate) fn raw(bytes: &[u8]) -> Self {
        Self { body: bytes.to_vec(), ..Self::ending(End::Close) }
    }

    /// The request is read, then the connection is reset.
    pub(crate) fn reset() -> Self {
        Self::ending(End::Reset)
    }

    /// The request is read and never answered.
    pub(crate) fn silence() -> Self {
        Self::ending(End::Never)
    }

    /// Half of the body, though `Content-Length` promises all of it.
    pub(crate) fn cut(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self.closing()
    }

    /// Closes the connection after the answer, as an idle one may be.
    pub(crate) fn closing(self) -> Self {
        Self { end: End::Close, ..self }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
        );
        Self { head, body, ..Self::ending(End::Open) }
    }

    fn ending(end: End) -> Self {
        Self { head: String::new(), body: Vec::new(), delay: Duration::ZERO, end }
    }

    fn bytes(&self) -> Vec<u8> {
        let blank = if self.head.is_empty() { "" } else { "\r\n" };
        [self.head.as_bytes(), blank.as_bytes(), &self.body].concat()
    }
}

impl Server {
    /// Answers each request by `answer`, which gets the number of the request, from 1, and the request.
    pub(crate) async fn start(
        answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(listener, answer)
    }

    /// Answers the first request with the first of these, and so on; the last one answers all that follow.
    pub(crate) async fn script(replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        Self::start(move |number, _| replies[(number - 1).min(replies.len() - 1)].clone()).await
    }

    fn serve(
        listener: TcpListener,
        answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let log = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                tokio::spawn(async move { converse(stream, &log, &*answer).await });
            }
        });
        Self { origin, seen, accepting }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The number of requests so far.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A bound port without a listener: connections to it are refused.
pub(crate) struct Closed {
    pub origin: String,
    socket: TcpSocket,
}

impl Closed {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { origin: format!("http://{}", socket.local_addr().unwrap()), socket }
    }

    /// From now on it answers every request with `reply`.
    pub(crate) fn open(self, reply: Reply) -> Server {
        Server::serve(self.socket.listen(64).unwrap(), move |_, _| reply.clone())
    }
}

/// Serves one connection until the client disconnects.
async fn converse(
    mut stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    answer: &(dyn Fn(usize, &Seen) -> Reply + Send + Sync),
) {
    let mut unread = Vec::new();
    while let Some(seen) = request(&mut stream, &mut unread).await {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(seen.clone());
            log.len()
        };
        let reply = answer(number, &seen);
        tokio::time::sleep(reply.delay).await;
        if stream.write_all(&reply.bytes()).await.is_err() {
            return;
        }
        match reply.end {
            End::Open => {}
            End::Close => return,
            End::Reset => return stream.set_zero_linger().unwrap(),
            // Until the client disconnects, so that open connections do not accumulate.
            End::Never => while stream.read_buf(&mut unread).await.is_ok_and(|read| read > 0) {},
        }
    }
}

/// Reads one request; `None` at the end of the connection.
async fn request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Seen> {
    let head = loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = unread.drain(..end + 4).collect();
            break String::from_utf8(head).unwrap();
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    };
    let length = head.to_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length:").map(|length| length.trim().parse::<usize>().unwrap())
    });
    let length = length.unwrap_or_default();
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    let body = unread.drain(..length).collect();
    let idempotency_key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("idempotency-key").then(|| value.trim().to_owned())
    });
    Some(Seen {
        target: head.split(' ').nth(1)?.to_owned(),
        body: String::from_utf8(body).unwrap(),
        idempotency_key: idempotency_key.unwrap_or_default(),
        at: Instant::now(),
    })
}
