//! The newest lines of the log.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Result, Seek as _, SeekFrom};
use std::path::Path;

/// The most of one file that is read for its last lines, in bytes.
const TAIL_BYTES: u64 = 4 * 1024 * 1024;

/// The last `count` lines of `mira.jsonl` in `folder`, oldest first, going back into the file
/// that was set aside before it where needed. No log at all is no lines.
pub fn newest(folder: &Path, count: usize) -> Result<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    for name in ["mira.jsonl", "mira.jsonl.1"] {
        if lines.len() >= count {
            break;
        }
        let mut older = match tail(&folder.join(name)) {
            Ok(older) => older,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        older.append(&mut lines);
        lines = older;
    }
    Ok(lines.split_off(lines.len().saturating_sub(count)))
}

/// Whole lines from the end of a file.
fn tail(path: &Path) -> Result<Vec<String>> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line is most likely cut where reading began in the middle.
    let cut = usize::from(start > 0);
    Ok(text.lines().skip(cut).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_from_both_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let get = |count| newest(folder.path(), count).unwrap();
        assert!(get(5).is_empty());
        std::fs::write(folder.path().join("mira.jsonl.1"), "1\n2\n3\n").unwrap();
        assert_eq!(get(2), ["2", "3"]);
        std::fs::write(folder.path().join("mira.jsonl"), "4\n5\n").unwrap();
        assert_eq!(get(1), ["5"]);
        assert_eq!(get(4), ["2", "3", "4", "5"]);
        assert_eq!(get(9).len(), 5);
    }

    #[test]
    fn a_long_file_gives_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("{{\"text\":\"{}\"}}", "ü".repeat(1_000));
        let text = format!("{line}\n").repeat(3_000);
        assert!(text.len() as u64 > TAIL_BYTES);
        std::fs::write(folder.path().join("mira.jsonl"), text).unwrap();
        let lines = newest(folder.path(), 5_000).unwrap();
        assert!(lines.len() > 1_000);
        assert!(lines.iter().all(|found| *found == line));
    }
}
