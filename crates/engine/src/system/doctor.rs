//! Everything that must work on this machine, looked at; with the next step where it does not.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use mira_protocol::Failure;
use mira_protocol::provider::{ModelList, ProviderList};
use mira_protocol::system::{Check, CheckState};
use mira_protocol::vectors::{MigrationPhase, VectorsState};
use mira_store::Store;
use mira_workspace::sandbox::{self, Held, Level, Protection};

use crate::ports::SecretStore;
use crate::settings::{Name, Settings};

/// Less free space than this is a warning, in bytes.
const LOW_SPACE_BYTES: u64 = 500 * 1024 * 1024;
/// A shut-down nearer than this is a warning, in days.
const SOON_DAYS: i32 = 30;

pub async fn database(store: &Store) -> Check {
    match store.quick_check().await {
        Ok(problems) if problems.is_empty() => ok("database", store.path().display().to_string()),
        Ok(problems) => problem(
            "database",
            problems.join("; "),
            "Restore a backup (mira.db.backup-*) beside it, or begin anew with `mira db reset`.",
        ),
        Err(error) => {
            let hint = crate::failure::trouble(error.trouble());
            problem("database", error.to_string(), hint)
        }
    }
}

/// Names that look like settings and are none: a slip of the pen would do nothing, silently.
pub fn environment(names: impl Iterator<Item = String>) -> Check {
    const NAME: &str = "environment";
    const NO_SETTINGS: &[&str] = &["MIRA_EMBEDDING_MODEL_DIR", "MIRA_HOOK", "MIRA_PROJECT"];
    let unknown: Vec<String> = names
        .filter(|name| name.starts_with("MIRA_") && !name.starts_with("MIRA_ASKPASS"))
        .filter(|name| Name::find(name).is_none() && !NO_SETTINGS.contains(&name.as_str()))
        .collect();
    if unknown.is_empty() {
        return ok(NAME, "no setting there is unknown".into());
    }
    warning(
        NAME,
        format!("nothing reads {}", unknown.join(", ")),
        "`mira config list` shows the names of all settings.",
    )
}

/// Somebody else than its owner may look into the folder.
#[cfg(unix)]
pub fn others_may_enter(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub fn others_may_enter(_folder: &Path) -> bool {
    false
}

pub fn data_dir(path: &Path) -> Check {
    const NAME: &str = "data directory";
    let probe = path.join(".probe");
    if let Err(error) = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)) {
        let detail = format!("{} cannot be written: {error}", path.display());
        return problem(NAME, detail, "Check its permissions and the disk.");
    }
    if others_may_enter(path) {
        return warning(
            NAME,
            format!("{} can be read by others on this machine", path.display()),
            &format!(
                "Your conversations lie there: `chmod 700 {}`.",
                path.display()
            ),
        );
    }
    match free_bytes(path) {
        Some(free) if free < LOW_SPACE_BYTES => warning(
            NAME,
            format!("{}: {} MiB free", path.display(), free >> 20),
            "Make room: the contents of changed files are kept here, so that they can be undone.",
        ),
        Some(free) => ok(NAME, format!("{}: {} GiB free", path.display(), free >> 30)),
        None => ok(NAME, path.display().to_string()),
    }
}

pub async fn keychain(secrets: Arc<dyn SecretStore>) -> Check {
    const NAME: &str = "keychain";
    // It may block and ask the person to unlock it.
    match tokio::task::spawn_blocking(move || secrets.get("probe")).await {
        Ok(Ok(_)) => ok(NAME, "it can be used".into()),
        Ok(Err(why)) => warning(
            NAME,
            why,
            "Keys can be given in the environment: OPENAI_API_KEY, GEMINI_API_KEY, ANTHROPIC_API_KEY.",
        ),
        Err(error) => problem(NAME, error.to_string(), "The log has the details."),
    }
}

/// A program that commands of the model are likely to want.
pub fn program(program: &str, hint: &str) -> Check {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let found = std::env::var_os("PATH").and_then(|paths| {
        std::env::split_paths(&paths)
            .map(|folder| folder.join(&file))
            .find(|path| path.is_file())
    });
    match found {
        Some(path) => ok(program, path.display().to_string()),
        None => warning(program, "it was not found in PATH".into(), hint),
    }
}

pub fn providers(list: Result<ProviderList, Failure>) -> Check {
    const NAME: &str = "model provider";
    match list {
        Ok(list) if list.ready => {
            let ready = list.providers.iter().filter(|provider| provider.ready);
            let urls: Vec<_> = ready.map(|provider| provider.base_url.as_str()).collect();
            ok(NAME, urls.join(", "))
        }
        Ok(_) => warning(
            NAME,
            "no key and no local server is set".into(),
            "Set OPENAI_API_KEY, GEMINI_API_KEY, ANTHROPIC_API_KEY or LOCAL_BASE_URL, or save a key with `mira config set-key`.",
        ),
        Err(failure) => problem(
            NAME,
            failure.message,
            failure.hint.as_deref().unwrap_or("Check the settings."),
        ),
    }
}

/// Where vectors lie and who makes them.
pub fn vectors(state: Result<VectorsState, Failure>) -> Check {
    const NAME: &str = "vectors";
    let state = match state {
        Ok(state) => state,
        Err(failure) => {
            let hint = failure.hint.unwrap_or_else(|| "Check the settings.".into());
            return problem(NAME, failure.message, &hint);
        }
    };
    let stopped = state
        .migration
        .filter(|one| one.phase == MigrationPhase::Failed);
    if let Some(why) = state.away {
        return warning(NAME, why, "Search is by words and names until then.");
    }
    if let Some(why) = state.note {
        return warning(NAME, why, "Search is by words and names until then.");
    }
    if let Some(migration) = stopped {
        let why = migration.failure.unwrap_or_default();
        return warning(
            NAME,
            format!("moving them stopped: {why}"),
            &format!("`mira index migrate {}` goes on.", migration.to.as_str()),
        );
    }
    let points: u64 = state.collections.iter().map(|one| one.points).sum();
    ok(
        NAME,
        format!(
            "{points} at {}, made by {}",
            state.place.unwrap_or_default(),
            state.model.unwrap_or_default()
        ),
    )
}

/// Models that the tiers ask for and that are gone, or will be soon.
pub fn models(list: Result<ModelList, Failure>, today: Date) -> Check {
    const NAME: &str = "models";
    let list = match list {
        Ok(list) => list,
        Err(failure) => {
            let hint = failure.hint.unwrap_or_else(|| "Check models.json.".into());
            return problem(NAME, failure.message, &hint);
        }
    };
    let mut ending = Vec::new();
    for tier in &list.tiers {
        let known = list.models.iter().find(|model| model.id == tier.model);
        let end = known.and_then(|model| model.shut_down.as_deref()?.parse::<Date>().ok());
        let Some(end) = end else { continue };
        let days = today.until(end).map_or(0, |span| span.get_days());
        if days <= SOON_DAYS && !ending.iter().any(|(id, _)| *id == tier.model) {
            ending.push((tier.model.as_str(), end));
        }
    }
    if ending.is_empty() {
        let ids: Vec<_> = list.tiers.iter().map(|tier| tier.model.as_str()).collect();
        return ok(NAME, format!("{} for the four tiers", ids.join(", ")));
    }
    let ending: Vec<_> = ending
        .iter()
        .map(|(id, end)| format!("{id} is shut down on {end}"))
        .collect();
    warning(
        NAME,
        ending.join("; "),
        "Its successor is used from then on; choose another model in the settings, or update Mira.",
    )
}

pub fn socket(host: IpAddr, port: u16, listening: Option<String>) -> Check {
    const NAME: &str = "socket";
    if let Some(address) = listening {
        return ok(NAME, format!("listening on {address}"));
    }
    match std::net::TcpListener::bind((host, port)) {
        Ok(_) => ok(NAME, format!("off; {host}:{port} is free")),
        Err(error) => warning(
            NAME,
            format!("off; {host}:{port} cannot be used: {error}"),
            "Another program may listen there; set MIRA_PORT to another port.",
        ),
    }
}

/// Whether a window can open; only X11 and Wayland machines may have none.
pub fn display() -> Check {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let headless = cfg!(all(unix, not(target_os = "macos")))
        && !["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(set);
    if headless {
        ok(
            "display",
            "none; `mira serve` gives the same pages in a browser".into(),
        )
    } else {
        ok("display", "there is one".into())
    }
}

/// Told plainly, because people ask what holds a command back.
pub async fn confinement(settings: Arc<Settings>) -> Check {
    const NAME: &str = "sandbox";
    if !settings.sandbox {
        return warning(
            NAME,
            "switched off; commands are held back by approvals only".into(),
            "`mira config set MIRA_SANDBOX true` switches it on.",
        );
    }
    // Trying it starts a process.
    match tokio::task::spawn_blocking(sandbox::protection).await {
        Ok(found) => protected(found),
        Err(error) => problem(NAME, error.to_string(), "The log has the details."),
    }
}

fn protected(found: &Protection) -> Check {
    const NAME: &str = "sandbox";
    let each: Vec<String> = found
        .mechanisms
        .iter()
        .map(|one| {
            let held = match one.held {
                Held::Yes => "",
                Held::No => "missing: ",
                Held::Untested => "untested, so do not rely on it: ",
            };
            format!("{} ({held}{})", one.name, one.detail)
        })
        .collect();
    let each = each.join(", ");
    if found
        .mechanisms
        .iter()
        .any(|one| one.held == Held::Untested)
    {
        return warning(
            NAME,
            format!("what holds commands here was written and never tried on this system: {each}"),
            "Treat each command as if nothing held it: read what you allow, or run Mira on Linux.",
        );
    }
    match found.level {
        Level::Full => ok(NAME, format!("commands are held by {each}")),
        Level::Basic => warning(
            NAME,
            format!(
                "files and the network as a whole are held, but not hosts one by one, file modes, \
                 and git's hooks and settings: {each}"
            ),
            "Allow user namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; \
             in a container: --security-opt seccomp=unconfined) for the whole sandbox.",
        ),
        Level::None => warning(
            NAME,
            format!("nothing can hold a command back, so each one is asked about: {each}"),
            "A kernel with Landlock (5.13 or newer) or user namespaces gives a sandbox.",
        ),
    }
}

fn ok(name: &str, detail: String) -> Check {
    Check {
        name: name.to_owned(),
        state: CheckState::Ok,
        detail,
        hint: None,
    }
}

fn warning(name: &str, detail: String, hint: &str) -> Check {
    Check {
        name: name.to_owned(),
        state: CheckState::Warning,
        detail,
        hint: Some(hint.to_owned()),
    }
}

fn problem(name: &str, detail: String, hint: &str) -> Check {
    Check {
        state: CheckState::Problem,
        ..warning(name, detail, hint)
    }
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

#[cfg(test)]
mod tests {
    use mira_protocol::Code;
    use mira_protocol::operation::Tier;
    use mira_protocol::provider::{ModelInfo, ProviderName, TierModel};

    use super::*;

    #[test]
    fn a_setting_that_nobody_reads_is_named() {
        let set = |names: &[&str]| environment(names.iter().map(|name| (*name).to_owned()));
        let known = ["PATH", "MIRA_PORT", "OPENAI_API_KEY", "MIRA_ASKPASS_FOR"];
        assert_eq!(set(&known).state, CheckState::Ok);
        let check = set(&["MIRA_PORT", "MIRA_DATADIR"]);
        assert_eq!(check.state, CheckState::Warning);
        assert!(check.detail.contains("MIRA_DATADIR"), "{check:?}");
        assert!(!check.detail.contains("MIRA_PORT"), "{check:?}");
    }

    #[test]
    fn a_model_that_ends_soon_is_told() {
        let list = |shut_down: Option<&str>| {
            Ok(ModelList {
                models: vec![ModelInfo {
                    id: "m".into(),
                    provider: ProviderName::Openai,
                    context_tokens: None,
                    max_output_tokens: None,
                    input_usd_per_mtok: None,
                    cached_usd_per_mtok: None,
                    cache_write_usd_per_mtok: None,
                    output_usd_per_mtok: None,
                    long_over_tokens: None,
                    long_input: None,
                    long_output: None,
                    notice: None,
                    listed: None,
                    price_source: None,
                    price_unconfirmed: None,
                    efforts: Vec::new(),
                    accepts_images: false,
                    shut_down: shut_down.map(str::to_owned),
                    successor: None,
                }],
                tiers: vec![TierModel {
                    tier: Tier::Code,
                    model: "m".into(),
                    provider: ProviderName::Openai,
                    effort: None,
                }],
                embeddings: vec![],
                lists: vec![],
            })
        };
        let today = "2026-11-23".parse().unwrap();
        let state = |shut_down| models(list(shut_down), today).state;
        assert_eq!(state(None), CheckState::Ok);
        assert_eq!(state(Some("2027-11-23")), CheckState::Ok);
        assert_eq!(state(Some("2026-12-01")), CheckState::Warning);
        assert_eq!(state(Some("2026-01-01")), CheckState::Warning);
        let broken = Err(Failure::new(Code::BadParams, "models.json is broken."));
        assert_eq!(models(broken, today).state, CheckState::Problem);
    }

    #[test]
    fn what_protects_and_what_is_missing_is_told() {
        let one = |name, held| sandbox::Mechanism {
            name,
            held,
            detail: "why".into(),
        };
        let found = |level, held| Protection {
            level,
            by_host: held == Held::Yes,
            mechanisms: vec![one("files", Held::Yes), one("network by host", held)],
        };
        let full = protected(&found(Level::Full, Held::Yes));
        assert_eq!(full.state, CheckState::Ok);
        assert!(full.detail.contains("network by host (why)"), "{full:?}");
        let basic = protected(&found(Level::Basic, Held::No));
        assert_eq!(basic.state, CheckState::Warning);
        let told = "network by host (missing: why)";
        assert!(basic.detail.contains(told), "{basic:?}");
        let untested = protected(&found(Level::Basic, Held::Untested));
        assert!(untested.detail.contains("never tried"), "{untested:?}");
        assert!(
            untested.detail.contains("do not rely on it"),
            "{untested:?}"
        );
        assert_eq!(
            protected(&found(Level::None, Held::No)).state,
            CheckState::Warning
        );
    }

    #[test]
    fn a_port_in_use_is_told_unless_it_is_our_own() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let state = |listening| socket(address.ip(), address.port(), listening).state;
        assert_eq!(state(None), CheckState::Warning);
        assert_eq!(state(Some("ws://here".into())), CheckState::Ok);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        assert_ne!(data_dir(folder.path()).state, CheckState::Problem);
        assert_eq!(
            data_dir(&folder.path().join("gone")).state,
            CheckState::Problem
        );
    }
}
