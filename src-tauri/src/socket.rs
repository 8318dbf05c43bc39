//! The switch that lets terminals and browsers attach to this app: off by default, followed while
//! the app runs.

use std::net::IpAddr;
use std::path::PathBuf;

use mira_engine::Engine;
use mira_protocol::settings::SettingList;
use mira_protocol::system::Nothing;
use mira_protocol::{Event, Topic, calls};
use mira_server::{ServeOptions, Server, serve};
use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::error::RecvError;

use crate::host::{Engines, Host};
use crate::{attention, settings};

/// What the settings say about the socket.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    host: IpAddr,
    port: u16,
    data_dir: PathBuf,
}

impl Wanted {
    /// None: off, or not to be read.
    fn read(list: &SettingList) -> Option<Self> {
        settings::is_on(list, settings::SOCKET).then_some(())?;
        Some(Self {
            host: settings::value(list, "MIRA_HOST")?.parse().ok()?,
            port: settings::value(list, "MIRA_PORT")?.parse().ok()?,
            data_dir: PathBuf::from(&list.data_dir),
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
        if let Ok(list) = engine.call(calls::SettingsList(Nothing {})).await {
            let wanted = Wanted::read(&list);
            if wanted.as_ref() != listening.as_ref().map(|(wanted, _)| wanted) {
                if let Some((_, server)) = listening.take() {
                    server.shutdown().await;
                }
                listening = match wanted {
                    Some(wanted) => start(app, engine, wanted).await,
                    None => None,
                };
            }
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
            attention::notify(app, "Terminals cannot attach", &error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mira_protocol::settings::Setting;

    fn list(values: &[(&str, &str)]) -> SettingList {
        let settings = values
            .iter()
            .map(|(name, value)| Setting {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
                default: String::new(),
                source: "default".into(),
                doc: String::new(),
                legal: String::new(),
                editable: true,
            })
            .collect();
        SettingList {
            settings,
            config_file: String::new(),
            data_dir: "/data".into(),
        }
    }

    #[test]
    fn it_listens_only_when_the_switch_is_on() {
        let address = [("MIRA_HOST", "127.0.0.1"), ("MIRA_PORT", "3001")];
        assert_eq!(Wanted::read(&list(&address)), None);
        let with = |value| list(&[address[0], address[1], (settings::SOCKET, value)]);
        assert_eq!(Wanted::read(&with("false")), None);
        let wanted = Wanted::read(&with("true"));
        assert_eq!(wanted.as_ref().map(|wanted| wanted.port), Some(3001));
        assert_eq!(
            wanted.map(|wanted| wanted.data_dir),
            Some(PathBuf::from("/data"))
        );
    }
}
