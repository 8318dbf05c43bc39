//! A Qdrant server for tests, in memory, on a port of this machine. It answers what Mira asks as a
//! real one does, and is stricter: what a careful client would not send is refused and remembered
//! as a complaint. Stopped, it drops its connections; started anew, it has what it had.

mod collections;
mod filter;
mod points;
mod state;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use qdrant_client::qdrant::collections_server::CollectionsServer;
use qdrant_client::qdrant::points_server::PointsServer;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use state::State;

/// A running server, or one that was stopped.
pub struct FakeQdrant {
    state: Arc<State>,
    address: SocketAddr,
    running: Option<Runtime>,
}

impl FakeQdrant {
    /// On a free port, without a key.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn start() -> io::Result<Self> {
        Self::start_with(0, None)
    }

    /// On this port (0: any), for clients with this key.
    ///
    /// # Errors
    /// Where the port cannot be had.
    pub fn start_with(port: u16, key: Option<&str>) -> io::Result<Self> {
        let mut server = Self {
            state: Arc::new(State::new(key)),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            running: None,
        };
        server.restart()?;
        Ok(server)
    }

    /// The address as it stands in QDRANT_URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Drops every connection at once, as a killed server does.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown_background();
        }
    }

    /// Serves again on the same port.
    ///
    /// # Errors
    /// Where somebody else took the port.
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop();
        self.state.die_after(None);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = self.listen()?;
        self.address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let service = Server::builder()
            .add_service(CollectionsServer::new(collections::Service(Arc::clone(
                &self.state,
            ))))
            .add_service(PointsServer::new(points::Service(Arc::clone(&self.state))));
        runtime.spawn(service.serve_with_incoming(TcpListenerStream::new(listener)));
        self.running = Some(runtime);
        Ok(())
    }

    /// The listener of a moment ago may not be gone yet.
    fn listen(&self) -> io::Result<TcpListener> {
        let mut last = TcpListener::bind(self.address);
        for _ in 0..200 {
            match &last {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    std::thread::sleep(std::time::Duration::from_millis(10));
                    last = TcpListener::bind(self.address);
                }
                _ => break,
            }
        }
        last
    }

    /// What a careful client would not have sent.
    pub fn complaints(&self) -> Vec<String> {
        self.state.complaints()
    }

    /// The calls so far, by name, such as `Points/Upsert`.
    pub fn calls(&self) -> Vec<String> {
        self.state.calls()
    }

    /// Forgets a collection, as somebody else may do on a server.
    pub fn lose(&self, collection: &str) {
        self.state.lose(collection);
    }

    /// After so many more calls of this name nothing is answered any more, until it is started anew.
    pub fn die_after(&self, call: &str, count: usize) {
        self.state.die_after(Some((call, count)));
    }

    /// From now on calls of this name are answered with an error of the server's; None: no more.
    pub fn fail(&self, call: Option<&str>) {
        self.state.fail(call);
    }
}

impl Drop for FakeQdrant {
    fn drop(&mut self) {
        self.stop();
    }
}
