//! The switch that lets terminals and browsers attach to this app: off by default, followed while
//! the app runs.

use std::net::IpAddr;
use std::path::PathBuf;

use mira_engine::Engine;
use mira_engine::settings::Settings;
use mira_protocol::{Event, Topic};
use mira_server::{ServeOptions, Server, serve};
use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::error::RecvError;

use crate::attention;
use crate::host::{Engines, Host};
use crate::words::words;

/// What the settings say about the socket.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    host: IpAddr,
    port: u16,
    data_dir: PathBuf,
}

impl Wanted {
    /// None: off.
    fn of(settings: &Settings) -> Option<Self> {
        let Settings {
            host,
            port,
            ref data_dir,
            ..
        } = *settings;
        settings.socket.then(|| Self {
            host,
            port,
            data_dir: data_dir.clone(),
        })
    }
}

/// Listens or not, as the settings of each engine that opens say, until the app ends.
pub async fn follow_setting(app: AppHandle) {
    let mut state = app.state::<Host>().watch();
    loop {
        let engine = match &*state.borrow_and_update() {
            Engines::Open(engine) => Some(engine.clone()),
            _ => None,
        };
        if let Some(engine) = engine {
            follow(&app, &engine).await;
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

async fn follow(app: &AppHandle, engine: &Engine) {
    let mut events = engine.events();
    let mut listening: Option<(Wanted, Server)> = None;
    loop {
        let wanted = Wanted::of(&engine.settings());
        if wanted.as_ref() != listening.as_ref().map(|(wanted, _)| wanted) {
            if let Some((_, server)) = listening.take() {
                server.shutdown().await;
            }
            listening = match wanted {
                Some(wanted) => start(app, engine, wanted).await,
                None => None,
            };
        }
        loop {
            match events.recv().await {
                Ok(event) if *event == Event::Topic(Topic::Settings) => break,
                Ok(_) => {}
                // The change may be among what was missed.
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

async fn start(app: &AppHandle, engine: &Engine, wanted: Wanted) -> Option<(Wanted, Server)> {
    let options = ServeOptions {
        host: wanted.host,
        port: wanted.port,
        ..ServeOptions::new(&wanted.data_dir)
    };
    match serve(engine.clone(), options).await {
        Ok(server) => Some((wanted, server)),
        Err(error) => {
            tracing::warn!(%error, "the socket was not opened");
            let words = words(&engine.settings());
            attention::notify(app, words.cannot_attach, &error.to_string(), None, None);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_only_when_the_switch_is_on() {
        let mut settings = Settings::under(std::path::Path::new("/somewhere"));
        assert_eq!(Wanted::of(&settings), None, "off by default");
        settings.socket = true;
        settings.port = 3009;
        let wanted = Wanted::of(&settings).expect("on");
        assert!(wanted.host.is_loopback());
        assert_eq!(wanted.port, 3009);
        assert_eq!(wanted.data_dir, settings.data_dir);
    }
}
