//! `trunkline daemon --check`: the health check of a container that has no other program.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;

use super::exit::{Exit, Failure};
use crate::report::escape_line;

/// The longest wait for a connection, and for each part of the answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than any answer of a probe has.
const LONGEST: u64 = 4096;

/// Asks the daemon at this address whether it is alive. It needs no key, no proxy and no certificates.
pub(super) fn run(address: SocketAddr) -> Result<Exit, Failure> {
    match ask(address).with_context(|| format!("checking the daemon at {address}")) {
        Ok(()) => Ok(Exit::Fine),
        Err(error) => Err(Failure::new(
            error,
            format!(
                "Start a daemon with --listen {address} (or `listen` in its configuration), and read its log."
            ),
        )),
    }
}

fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).map_err(|error| match error.kind() {
        // The name of a timeout depends on the system.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            anyhow::anyhow!("no answer within {} s", PATIENCE.as_secs())
        }
        _ => error.into(),
    })?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..4)) {
        Some("200 ") if body == "ok\n" => Ok(()),
        Some("503 ") => Err(anyhow::anyhow!("not alive: {}", escape_line(body.trim_end()))),
        _ => Err(anyhow::anyhow!("the answer is not that of a daemon")),
    }
}
