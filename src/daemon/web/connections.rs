//! The HTTP server: a bounded number of connections, each with timeouts.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The time in which a client must send the head of a request, also of a further one.
const HEAD: Duration = Duration::from_secs(10);
/// The connections at once. Others wait, for at most the time above.
const MAX_CONNECTIONS: usize = 256;
/// The time that requests in flight get at the end.
const GRACE: Duration = Duration::from_secs(3);

/// Serves until `stop`, then gives requests in flight 3 s.
pub(super) async fn answer(
    mut listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let (open, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(MAX_CONNECTIONS)));
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
            // axum's listener retries after errors such as too many open files.
            let (stream, _) = Listener::accept(&mut listener).await;
            io::Result::Ok((place, stream))
        };
        let (place, stream) = tokio::select! {
            next = next => next?,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(server.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client may disconnect at any time.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // The rest is cut off when the process exits.
    let _ = timeout(GRACE, open.shutdown()).await;
    Ok(())
}
