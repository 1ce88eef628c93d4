//! The least that a client can do: the requests of a plan on kept connections, and no look at the answers.

use std::io;
use std::net::SocketAddr;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// The connections, as many as Trunkline opens by default.
pub(crate) const CONNECTIONS: usize = 16;

const ACCOUNTS: &str = "/v2/managed_accounts?page[size]=250&sort=created_at";

/// Sends the requests of a plan of this many accounts.
pub(crate) async fn plan(server: SocketAddr, accounts: usize) -> io::Result<()> {
    let pool = Pool { server, idle: Mutex::default() };
    let status = |status: &str| format!("{ACCOUNTS}&page[number]=1&filter[status][eq]={status}");
    let first = [
        format!("{ACCOUNTS}&page[number]=1"),
        status("disabled"),
        status("blocked"),
        "/v2/organizations/users?page[size]=250&include_groups=true".to_owned(),
        "/v2/organizations/users/users_groups_report".to_owned(),
    ];
    pool.get(first.to_vec()).await?;
    let pages = (2..=accounts.div_ceil(250)).map(|page| format!("{ACCOUNTS}&page[number]={page}"));
    let count = "/v2/managed_accounts?page[size]=1&filter[status][eq]=enabled".to_owned();
    let further = (2..=(accounts / 50).div_ceil(250))
        .map(|page| format!("{ACCOUNTS}&page[number]={page}&filter[status][eq]=disabled"));
    let mut rest = vec![count];
    rest.extend(further.chain(pages));
    pool.get(rest).await
}

/// Connections that are kept.
struct Pool {
    server: SocketAddr,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
}

impl Pool {
    /// Sends requests, as many at once as there are connections.
    async fn get(&self, paths: Vec<String>) -> io::Result<()> {
        let requests = stream::iter(paths).map(|path| self.one(path));
        requests.buffer_unordered(CONNECTIONS).try_collect::<Vec<()>>().await?;
        Ok(())
    }

    async fn one(&self, path: String) -> io::Result<()> {
        let idle = self.idle.lock().await.pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => BufReader::new(TcpStream::connect(self.server).await?),
        };
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer KEY_bench\r\n\r\n",
            self.server
        );
        connection.write_all(head.as_bytes()).await?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).await?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                break;
            }
        }
        connection.read_exact(&mut vec![0; length]).await?;
        self.idle.lock().await.push(connection);
        Ok(())
    }
}
