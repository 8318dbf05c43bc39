//! `mira serve` and `mira link`.

use std::net::IpAddr;

use mira_engine::settings::Settings;
use mira_protocol::{Code, Failure};
use mira_server::{ADDRESS_FILE, ServeError, ServeOptions, TOKEN_FILE, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::say;
use crate::args::ServeArgs;
use crate::host;

pub async fn run(args: ServeArgs, settings: Settings) -> Result<u8, Failure> {
    let host = args.host.unwrap_or(settings.host);
    let options = ServeOptions {
        host,
        port: args.port.unwrap_or(settings.port),
        allow_remote: args.allow_remote,
        ..ServeOptions::new(&settings.data_dir)
    };
    let engine = host::start(settings).await?;
    let server = match serve(engine.clone(), options).await {
        Ok(server) => server,
        Err(error) => {
            engine.shutdown().await;
            return Err(not_served(&error));
        }
    };
    say(&format!("listening on ws://{}/ws", server.addr()))?;
    say(&format!("open {} (works once)", server.link()))?;
    note_remote(host);
    asked_to_end().await;
    server.shutdown().await;
    engine.shutdown().await;
    Ok(0)
}

fn not_served(error: &ServeError) -> Failure {
    let code = match error {
        ServeError::NotLoopback(_) => Code::BadParams,
        ServeError::Bind { .. } => Code::Conflict,
        ServeError::File { .. } => Code::Internal,
    };
    Failure::new(code, error.to_string())
}

/// Says what listening beyond this machine means.
fn note_remote(host: IpAddr) {
    if !host.is_loopback() {
        eprintln!("Other machines can reach {host}; the token crosses the network in the clear.");
    }
}

async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Asks the engine that listens for a new link.
pub async fn link(settings: &Settings) -> Result<u8, Failure> {
    let nobody = || {
        Failure::new(Code::NotFound, "No engine with an open socket runs here.")
            .hint("Start one with `mira serve`, or turn the socket on in the app's settings.")
    };
    let read = |name: &str| std::fs::read_to_string(settings.data_dir.join(name));
    let (Ok(address), Ok(token)) = (read(ADDRESS_FILE), read(TOKEN_FILE)) else {
        return Err(nobody());
    };
    let (address, token) = (address.trim(), token.trim());
    // One small request of known shape to this machine: not worth an HTTP client.
    let request = format!(
        "POST /api/link HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let mut answer = String::new();
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        stream.read_to_string(&mut answer).await
    };
    asked.await.map_err(|_| nobody())?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: serde_json::Value = serde_json::from_str(body.trim()).map_err(|_| nobody())?;
    match body["url"].as_str() {
        Some(url) => say(url)?,
        None => return Err(nobody()),
    }
    Ok(0)
}
