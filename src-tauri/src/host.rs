//! Who owns the engine: it is opened in the background, may fail (another engine holds the data
//! directory) and may then be tried again.

use std::sync::Arc;
use std::time::Duration;

use mira_engine::settings::Settings;
use mira_engine::{Engine, Ports};
use mira_keychain::OsKeychain;
use mira_protocol::Failure;
use tokio::sync::watch;

/// How long quitting waits for running work to be closed properly.
const SHUT_DOWN_LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub enum Engines {
    Opening,
    Open(Engine),
    Failed(Failure),
}

pub struct Host {
    settings: Result<Settings, Failure>,
    state: watch::Sender<Engines>,
}

impl Host {
    pub fn new(settings: Result<Settings, Failure>) -> Self {
        Self {
            settings,
            state: watch::Sender::new(Engines::Opening),
        }
    }

    /// Opens the engine, or tries it again; [`Self::watch`] tells how it went.
    pub fn open(&self) {
        self.state.send_replace(Engines::Opening);
        let settings = self.settings.clone();
        let state = self.state.clone();
        // On a thread of its own: opening migrates and reads from disk.
        tauri::async_runtime::spawn_blocking(move || {
            let opened = settings.and_then(|settings| {
                let ports = Ports {
                    models: None,
                    secrets: Arc::new(OsKeychain::new()),
                    askpass: crate::askpass::here(),
                };
                tauri::async_runtime::block_on(Engine::open(settings, ports))
            });
            state.send_replace(match opened {
                Ok(engine) => Engines::Open(engine),
                Err(failure) => {
                    tracing::error!(code = ?failure.code, "the engine did not open");
                    Engines::Failed(failure)
                }
            });
        });
    }

    /// The engine, as soon as it is open.
    pub async fn engine(&self) -> Result<Engine, Failure> {
        let mut state = self.state.subscribe();
        let settled = state
            .wait_for(|state| !matches!(state, Engines::Opening))
            .await;
        match settled.as_deref() {
            Ok(Engines::Open(engine)) => Ok(engine.clone()),
            Ok(Engines::Failed(failure)) => Err(failure.clone()),
            // `wait_for` ends otherwise only when the sender is gone: the app is quitting.
            _ => Err(Failure::new(
                mira_protocol::Code::Interrupted,
                "Mira is quitting.",
            )),
        }
    }

    pub fn watch(&self) -> watch::Receiver<Engines> {
        self.state.subscribe()
    }

    /// The settings as they are now; None until the engine is open.
    pub fn settings(&self) -> Option<Arc<Settings>> {
        match &*self.state.borrow() {
            Engines::Open(engine) => Some(engine.settings()),
            _ => None,
        }
    }

    pub fn failure(&self) -> Option<Failure> {
        match &*self.state.borrow() {
            Engines::Failed(failure) => Some(failure.clone()),
            _ => None,
        }
    }

    /// Closes running work and the database; called once, on the way out.
    pub fn shut_down(&self) {
        let Engines::Open(engine) = self.state.send_replace(Engines::Opening) else {
            return;
        };
        tauri::async_runtime::block_on(async {
            if tokio::time::timeout(SHUT_DOWN_LIMIT, engine.shutdown())
                .await
                .is_err()
            {
                tracing::warn!(
                    "running work did not end in time; it is resumable at the next start"
                );
            }
        });
    }
}
