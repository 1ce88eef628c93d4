//! A server that repeats the answers of a sandbox from memory: nearly all of the time is spent in the client.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use trunkline::sandbox::{self, Running, SandboxConfig, Seed};

use super::organization;

/// A running server, with the sandbox that it asks once for each answer.
pub(crate) struct Server {
    address: SocketAddr,
    _sandbox: Running,
}

/// The answers by request line.
type Answers = Arc<Mutex<HashMap<String, Arc<Vec<u8>>>>>;

impl Server {
    /// Starts a server of an organization with this many accounts.
    pub(crate) async fn start(accounts: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), organization::seed(accounts))?;
        let seed = Seed::read(file.path())?;
        let sandbox = sandbox::start(SandboxConfig::new("KEY_bench".into(), seed)).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, behind) = (listener.local_addr()?, sandbox.port());
        let answers = Answers::default();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, behind, Arc::clone(&answers)));
            }
        });
        Ok(Self { address, _sandbox: sandbox })
    }

    /// The base URL for clients.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v2", self.address)
    }
}

/// Answers the requests of a connection.
async fn serve(client: TcpStream, behind: u16, answers: Answers) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = BufReader::new(client);
    while let Some(head) = head(&mut client).await? {
        let line = head.lines().next().unwrap_or_default().to_owned();
        let known = answers.lock().unwrap_or_else(PoisonError::into_inner).get(&line).cloned();
        let answer = match known {
            Some(answer) => answer,
            None => Arc::new(ask(&head, behind).await?),
        };
        client.write_all(&answer).await?;
        answers.lock().unwrap_or_else(PoisonError::into_inner).insert(line, answer);
    }
    Ok(())
}

/// Sends a request without a body to the sandbox, and returns the whole answer.
async fn ask(request: &str, behind: u16) -> io::Result<Vec<u8>> {
    let mut sandbox = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, behind)).await?);
    sandbox.write_all(request.as_bytes()).await?;
    let head = head(&mut sandbox).await?.unwrap_or_default();
    let mut body = vec![0; length(&head)];
    sandbox.read_exact(&mut body).await?;
    let mut answer = head.into_bytes();
    answer.append(&mut body);
    Ok(answer)
}

/// Reads the head of a message. `None` at the end of the connection.
async fn head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(head))
}

/// The length of the body after a head.
fn length(head: &str) -> usize {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}
