//! The log: JSON lines in `logs/mira.jsonl` of the data directory, rotated by size.
//!
//! Nothing is opened before the first line is written. Contents of prompts, files and keys are
//! never logged, at no level, and what a library says is masked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mira_engine::Masked;
use mira_engine::settings::Settings;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

/// A file of this size is put aside, in bytes.
const FULL: u64 = 8 << 20;
/// Old files that are kept: mira.jsonl.1 is the newest of them.
const KEPT: u32 = 4;

/// Logs from here on; the first call of the process counts.
pub fn start(settings: &Settings) {
    let filter = match settings.log.parse::<Targets>() {
        Ok(filter) => filter,
        Err(_) => Targets::new().with_default(LevelFilter::INFO),
    };
    let file = LogFile::new(settings.data_dir.join("logs").join("mira.jsonl"));
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(file)
        .with_filter(filter);
    // Fails where a test or a host has set up logging already.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

struct LogFile {
    path: PathBuf,
    /// Whatever a library says, no secret reaches the file.
    open: Mutex<Option<(Masked<File>, u64)>>,
}

impl LogFile {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: Mutex::new(None),
        }
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open
            .as_ref()
            .is_some_and(|(_, size)| *size + line.len() as u64 > FULL)
        {
            *open = None;
            rotate(&self.path)?;
        }
        let (file, size) = match &mut *open {
            Some(open) => open,
            none => {
                if let Some(folder) = self.path.parent() {
                    fs::create_dir_all(folder)?;
                }
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?;
                let size = file.metadata()?.len();
                let data_dir = self.path.ancestors().nth(2).unwrap_or(Path::new(""));
                none.insert((Masked::new(file, data_dir), size))
            }
        };
        // One write a line: lines of two processes do not mix.
        file.write_all(line)?;
        *size += line.len() as u64;
        Ok(())
    }
}

fn rotate(path: &Path) -> io::Result<()> {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..KEPT).rev() {
        match fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, numbered(1))
}

/// Collects a line, so that it reaches the file whole.
struct Line<'f> {
    file: &'f LogFile,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            // A log that cannot be written must not stop the work, and has nowhere to say so.
            let _ = self.file.write(&self.text);
        }
    }
}

impl<'f> MakeWriter<'f> for LogFile {
    type Writer = Line<'f>;

    fn make_writer(&'f self) -> Line<'f> {
        Line {
            file: self,
            text: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_files_are_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/mira.jsonl");
        let log = LogFile::new(path.clone());
        assert!(!path.exists(), "nothing is opened before the first line");
        let line = vec![b'x'; (FULL / 2) as usize];
        for _ in 0..14 {
            log.write(&line).unwrap();
        }
        let mut sizes: Vec<_> = fs::read_dir(folder.path().join("logs"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    entry.metadata().unwrap().len(),
                )
            })
            .collect();
        sizes.sort();
        let names: Vec<_> = sizes.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "mira.jsonl",
            "mira.jsonl.1",
            "mira.jsonl.2",
            "mira.jsonl.3",
            "mira.jsonl.4",
        ];
        assert_eq!(names, expected);
        assert!(sizes.iter().all(|(_, size)| *size <= FULL));
    }
}
