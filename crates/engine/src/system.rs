//! The engine about itself: the lock on its data, status, doctor, logs, money.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mira_protocol::system::{Budget, Check, CheckState, DoctorReport, LogLines, ReadLogs, Status};
use mira_protocol::{Code, Failure};
use mira_store::Store;

use crate::clock::now_ms;
use crate::failure::{from_store, internal};
use crate::ports::SecretStore;
use crate::providers::Providers;
use crate::settings::SettingsHandle;

/// The most of the log that is read for its last lines, in bytes.
const LOG_TAIL_BYTES: u64 = 4 * 1024 * 1024;
/// Less free space than this is a warning, in bytes.
const LOW_SPACE_BYTES: u64 = 500 * 1024 * 1024;

/// Held while the engine lives: one engine a data directory.
pub struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    /// Makes the directory where it is missing, readable by its owner only.
    pub fn take(data_dir: &Path) -> Result<Self, Failure> {
        let unusable = |error: std::io::Error| {
            Failure::new(
                Code::Internal,
                format!(
                    "The data directory {} cannot be used: {error}.",
                    data_dir.display()
                ),
            )
            .hint("Check its permissions and the disk, or name another with MIRA_DATA_DIR.")
        };
        make_private_dir(data_dir).map_err(unusable)?;
        let path = data_dir.join("lock");
        let mut file = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let who = pid.trim();
                let who = if who.is_empty() {
                    String::new()
                } else {
                    format!(" (process {who})")
                };
                return Err(Failure::new(
                    Code::Locked,
                    format!("Another Mira{who} uses the data directory {}.", data_dir.display()),
                )
                .hint("Close it, or attach to it: turn its socket on (MIRA_SOCKET in the settings) or run `mira serve`."));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        file.set_len(0).map_err(unusable)?;
        file.write_all(std::process::id().to_string().as_bytes())
            .map_err(unusable)?;
        Ok(Self { _file: file })
    }
}

#[cfg(unix)]
fn make_private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn make_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

/// What only the engine's other parts know at the moment of asking.
pub struct Now {
    pub running_operations: u32,
    pub running_jobs: u32,
    pub waiting_approvals: u32,
    pub provider_ready: bool,
}

#[derive(Clone)]
pub struct System {
    store: Store,
    settings: SettingsHandle,
    secrets: Arc<dyn SecretStore>,
    began: Instant,
    listening: Arc<Mutex<Option<String>>>,
    _lock: Arc<DataDirLock>,
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
            _lock: Arc::new(lock),
        }
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
            uptime_ms: self.began.elapsed().as_millis() as u64,
            data_dir: self.settings.current().data_dir.display().to_string(),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            sessions: self.store.session_count().await.map_err(from_store)?,
            running_operations: now.running_operations,
            running_jobs: now.running_jobs,
            waiting_approvals: now.waiting_approvals,
            listening: self
                .listening
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            provider_ready: now.provider_ready,
            memory_bytes: resident_bytes(),
        })
    }

    pub async fn budget(&self) -> Result<Budget, Failure> {
        let now = now_ms();
        let today_since = mira_store::local_day_start(now);
        let today = self
            .store
            .spend_since(today_since)
            .await
            .map_err(from_store)?;
        let month = self
            .store
            .spend_since(mira_store::local_month_start(now))
            .await
            .map_err(from_store)?;
        let settings = self.settings.current();
        Ok(Budget {
            today_micro_usd: today.cost_micro_usd,
            month_micro_usd: month.cost_micro_usd,
            daily_limit_micro_usd: settings.budget_daily_limit_micro_usd,
            monthly_limit_micro_usd: settings.budget_monthly_limit_micro_usd,
            calls_today: today.calls,
            by_model: self
                .store
                .spend_by_model(today_since)
                .await
                .map_err(from_store)?,
        })
    }

    /// Looks at everything that must work, and says what to do where it does not.
    pub async fn doctor(&self, providers: &Providers) -> Result<DoctorReport, Failure> {
        let settings = self.settings.current();
        let mut checks = vec![self.database().await, data_dir(&settings.data_dir)];
        checks.push(self.keychain().await);
        checks.push(program(
            "git",
            "git",
            "Mira reads repositories without it; commands of the model may need it.",
        ));
        checks.push(program(
            "shell",
            if cfg!(windows) { "cmd" } else { "bash" },
            "Commands are run with sh instead.",
        ));
        checks.push(provider(providers).await);
        checks.push(socket(
            settings.host,
            settings.port,
            self.status_listening(),
        ));
        checks.push(check(
            "sandbox",
            CheckState::Warning,
            "commands are confined by approvals and path checks, not by the operating system yet",
            Some("Read commands before you allow them."),
        ));
        Ok(DoctorReport { checks })
    }

    /// The newest lines of the log, oldest first.
    pub async fn logs(&self, request: ReadLogs) -> Result<LogLines, Failure> {
        let path = self
            .settings
            .current()
            .data_dir
            .join("logs")
            .join("mira.jsonl");
        let count = request.lines.unwrap_or(200).clamp(1, 5_000) as usize;
        let file = path.display().to_string();
        let text = match tail(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(internal(format!("the log {file} cannot be read: {error}"))),
        };
        let lines: Vec<&str> = text.lines().collect();
        let lines = lines[lines.len().saturating_sub(count)..]
            .iter()
            .map(|line| (*line).to_owned())
            .collect();
        Ok(LogLines { file, lines })
    }

    fn status_listening(&self) -> Option<String> {
        self.listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn database(&self) -> Check {
        match self.store.quick_check().await {
            Ok(problems) if problems.is_empty() => check(
                "database",
                CheckState::Ok,
                &self.store.path().display().to_string(),
                None,
            ),
            Ok(problems) => check(
                "database",
                CheckState::Problem,
                &problems.join("; "),
                Some(
                    "Restore a backup (mira.db.backup-*) beside it, or start anew with `mira db reset`.",
                ),
            ),
            Err(error) => check(
                "database",
                CheckState::Problem,
                &error.to_string(),
                Some("Check the disk."),
            ),
        }
    }

    async fn keychain(&self) -> Check {
        let secrets = self.secrets.clone();
        let probe = tokio::task::spawn_blocking(move || secrets.get("probe")).await;
        match probe {
            Ok(Ok(_)) => check(
                "keychain",
                CheckState::Ok,
                "keys are kept in the keychain of the system",
                None,
            ),
            Ok(Err(problem)) => check(
                "keychain",
                CheckState::Warning,
                &problem,
                Some("Keys can be given in the environment: OPENAI_API_KEY."),
            ),
            Err(error) => check("keychain", CheckState::Problem, &error.to_string(), None),
        }
    }
}

fn check(name: &str, state: CheckState, detail: &str, hint: Option<&str>) -> Check {
    Check {
        name: name.to_owned(),
        state,
        detail: detail.to_owned(),
        hint: hint.map(str::to_owned),
    }
}

fn data_dir(path: &Path) -> Check {
    let probe = path.join(".probe");
    if let Err(error) = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)) {
        return check(
            "data directory",
            CheckState::Problem,
            &format!("{} cannot be written: {error}", path.display()),
            Some("Check its permissions and the disk."),
        );
    }
    match free_bytes(path) {
        Some(free) if free < LOW_SPACE_BYTES => check(
            "data directory",
            CheckState::Warning,
            &format!("{}: {} MiB free", path.display(), free / 1024 / 1024),
            Some("Make room: undo keeps the contents of changed files here."),
        ),
        Some(free) => check(
            "data directory",
            CheckState::Ok,
            &format!("{}: {} GiB free", path.display(), free / 1024 / 1024 / 1024),
            None,
        ),
        None => check(
            "data directory",
            CheckState::Ok,
            &path.display().to_string(),
            None,
        ),
    }
}

fn program(name: &str, program: &str, hint: &str) -> Check {
    let found = std::env::var_os("PATH").and_then(|paths| {
        std::env::split_paths(&paths)
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
    });
    match found {
        Some(path) => check(name, CheckState::Ok, &path.display().to_string(), None),
        None => check(
            name,
            CheckState::Warning,
            &format!("{program} was not found"),
            Some(hint),
        ),
    }
}

async fn provider(providers: &Providers) -> Check {
    match providers.list().await {
        Ok(list) if list.ready => {
            let ready: Vec<&str> = list
                .providers
                .iter()
                .filter(|provider| provider.ready)
                .map(|provider| provider.base_url.as_str())
                .collect();
            check("model provider", CheckState::Ok, &ready.join(", "), None)
        }
        Ok(_) => check(
            "model provider",
            CheckState::Warning,
            "no key and no local server is set",
            Some("Set OPENAI_API_KEY or LOCAL_BASE_URL, or save a key with `mira config set-key`."),
        ),
        Err(failure) => check(
            "model provider",
            CheckState::Problem,
            &failure.message,
            failure.hint.as_deref(),
        ),
    }
}

fn socket(host: IpAddr, port: u16, listening: Option<String>) -> Check {
    if let Some(address) = listening {
        return check(
            "socket",
            CheckState::Ok,
            &format!("listening on {address}"),
            None,
        );
    }
    match std::net::TcpListener::bind((host, port)) {
        Ok(_) => check(
            "socket",
            CheckState::Ok,
            &format!("off; {host}:{port} is free"),
            None,
        ),
        Err(error) => check(
            "socket",
            CheckState::Warning,
            &format!("{host}:{port} cannot be used: {error}"),
            Some("Another program listens there; set MIRA_PORT to another port."),
        ),
    }
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Resident memory of this process; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    text.lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| {
            rest.trim()
                .trim_end_matches(" kB")
                .trim()
                .parse::<u64>()
                .ok()
        })
        .map_or(0, |kib| kib * 1024)
}

#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail * stat.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}
