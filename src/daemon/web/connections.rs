//! Takes connections and answers on them. Nobody is waited for without end, and there are never too many.

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

/// How long a client may take to say what it wants; one that has been answered, to ask again.
const HEAD: Duration = Duration::from_secs(10);
/// So many connections at once; others wait until one is over. A probe among them, too: no longer than above.
const MOST: usize = 256;
/// How long a request that is under way may hold up the end.
const GRACE: Duration = Duration::from_secs(3);

/// Answers until `stop`; what is being answered then is finished, but nobody is waited for longer than 3 s.
pub(super) async fn answer(
    mut listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let (open, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(MOST)));
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
            // That of axum waits out what goes wrong with a single connection, or with too many files.
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
            // That a client goes away in the middle is its own affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // Who is still waited for then is cut off with the process.
    let _ = timeout(GRACE, open.shutdown()).await;
    Ok(())
}
