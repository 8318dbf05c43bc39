//! The app's log: JSON lines in the data directory, where `system.logs` and `mira logs` read them.

use std::fs;
use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// A file larger than this is set aside when the app starts, in bytes.
const ROTATE_AT: u64 = 5 << 20;
/// How many files are kept beside the newest.
const KEPT: u32 = 4;

/// Sends the log to `logs/mira.jsonl` until the guard is dropped. Where that file cannot be
/// written the app runs without a log; the doctor tells so.
pub fn to_file(data_dir: &Path, filter: &str) -> Option<WorkerGuard> {
    let logs = data_dir.join("logs");
    fs::create_dir_all(&logs).ok()?;
    rotate(&logs);
    let file = tracing_appender::rolling::never(&logs, "mira.jsonl");
    let file = mira_engine::Masked::new(file, data_dir);
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(writer)
        .try_init()
        .ok()?;
    Some(guard)
}

/// mira.jsonl becomes mira.jsonl.1, and so on; the oldest is dropped.
fn rotate(logs: &Path) {
    let name = |number: u32| match number {
        0 => logs.join("mira.jsonl"),
        n => logs.join(format!("mira.jsonl.{n}")),
    };
    let size = fs::metadata(name(0)).map_or(0, |file| file.len());
    if size < ROTATE_AT {
        return;
    }
    for number in (0..KEPT).rev() {
        // A file that is not there has nothing to be moved.
        let _ = fs::rename(name(number), name(number + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_log_is_set_aside_and_the_oldest_dropped() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = |name: &str| dir.path().join(name);
        rotate(dir.path());
        fs::write(file("mira.jsonl"), "small").expect("written");
        rotate(dir.path());
        assert!(file("mira.jsonl").exists(), "a small log goes on");

        for round in 1..=6 {
            let log = fs::File::create(file("mira.jsonl")).expect("created");
            log.set_len(ROTATE_AT + round).expect("grown");
            rotate(dir.path());
        }
        let size = |name: &str| fs::metadata(file(name)).map(|file| file.len()).ok();
        assert_eq!(size("mira.jsonl"), None);
        assert_eq!(size("mira.jsonl.1"), Some(ROTATE_AT + 6));
        assert_eq!(size("mira.jsonl.4"), Some(ROTATE_AT + 3));
        assert_eq!(size("mira.jsonl.5"), None);
    }
}
