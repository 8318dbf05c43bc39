//! The engine about itself: status, doctor, logs; and the lock on its data.

mod doctor;
mod lock;
mod logs;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mira_protocol::Failure;
use mira_protocol::system::{DoctorReport, LogLines, ReadLogs, Status};
use mira_store::Store;

use crate::failure::{from_store, internal};
use crate::ports::SecretStore;
use crate::providers::Providers;
use crate::settings::SettingsHandle;
use crate::vectors::Vectors;

pub use lock::DataDirLock;

const DEFAULT_LOG_LINES: u32 = 200;
const MOST_LOG_LINES: u32 = 5_000;

/// What only the engine's other parts know at the moment of asking.
pub struct Now {
    pub running_operations: u32,
    pub running_jobs: u32,
    pub waiting_approvals: u32,
    pub provider_ready: bool,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct System {
    store: Store,
    settings: SettingsHandle,
    secrets: Arc<dyn SecretStore>,
    began: Instant,
    listening: Arc<Mutex<Option<String>>>,
    lock: Arc<DataDirLock>,
}

impl System {
    pub fn new(
        store: Store,
        settings: SettingsHandle,
        secrets: Arc<dyn SecretStore>,
        lock: DataDirLock,
    ) -> Self {
        Self {
            store,
            settings,
            secrets,
            began: Instant::now(),
            listening: Arc::default(),
            lock: Arc::new(lock),
        }
    }

    /// Where the socket listens; None when it does not.
    /// The engine ends in order.
    pub fn end(&self) {
        self.lock.end();
    }

    pub fn set_listening(&self, address: Option<String>) {
        *self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub async fn status(&self, now: Now) -> Result<Status, Failure> {
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: mira_protocol::PROTOCOL,
            pid: std::process::id(),
            uptime_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            data_dir: self.settings.current().data_dir.display().to_string(),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            sessions: self.store.session_count().await.map_err(from_store)?,
            running_operations: now.running_operations,
            running_jobs: now.running_jobs,
            waiting_approvals: now.waiting_approvals,
            listening: self.listening(),
            provider_ready: now.provider_ready,
            memory_bytes: resident_bytes(),
        })
    }

    /// Looks at everything that must work, and says what to do where it does not.
    pub async fn doctor(
        &self,
        providers: &Providers,
        vectors: &Vectors,
    ) -> Result<DoctorReport, Failure> {
        let settings = self.settings.current();
        let today = jiff::Zoned::now().date();
        Ok(DoctorReport {
            checks: vec![
                doctor::data_dir(&settings.data_dir),
                doctor::database(&self.store).await,
                doctor::environment(
                    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()),
                ),
                doctor::providers(providers.list().await),
                doctor::models(providers.models().await, today),
                doctor::vectors(vectors.get().await),
                doctor::keychain(self.secrets.clone()).await,
                doctor::program(
                    "git",
                    "Mira reads repositories without it; commands may want it.",
                ),
                doctor::program("bash", "Commands are run with sh instead."),
                doctor::confinement(settings.clone()).await,
                doctor::socket(settings.host, settings.port, self.listening()),
                doctor::display(),
            ],
        })
    }

    /// The newest lines of the log, oldest first.
    pub async fn logs(&self, request: ReadLogs) -> Result<LogLines, Failure> {
        let folder = self.settings.current().data_dir.join("logs");
        let file = folder.join("mira.jsonl").display().to_string();
        let count = request
            .lines
            .unwrap_or(DEFAULT_LOG_LINES)
            .clamp(1, MOST_LOG_LINES);
        match logs::newest(&folder, count as usize) {
            Ok(lines) => Ok(LogLines { file, lines }),
            Err(error) => Err(internal(format!("the log {file} cannot be read: {error}"))),
        }
    }

    fn listening(&self) -> Option<String> {
        self.listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Memory of this process that is in RAM; 0 where the system does not tell.
#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    let kib = |text: String| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?
            .to_owned();
        line.trim()
            .trim_end_matches("kB")
            .trim()
            .parse::<u64>()
            .ok()
    };
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(kib)
        .unwrap_or(0)
        * 1024
}

/// Memory of this process that is in RAM; 0 where the system does not tell.
#[cfg(not(target_os = "linux"))]
fn resident_bytes() -> u64 {
    let pid = std::process::id().to_string();
    let told = std::process::Command::new("ps")
        .args(["-o", "rss=", "-p", &pid])
        .output();
    told.ok()
        .and_then(|told| {
            String::from_utf8_lossy(&told.stdout)
                .trim()
                .parse::<u64>()
                .ok()
        })
        .unwrap_or(0)
        * 1024
}
