//! Output of commands, bounded: beginning and end in memory, all of it in a file.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Exit;
use crate::colours::{self, Kept};
use crate::process::MAX_SPILL_BYTES;
use crate::truncate;
use mira_secrets::Stream;

/// Takes the output of one command.
pub(crate) struct Collector {
    cap: usize,
    head: String,
    /// Used once `head` is full.
    tail: String,
    total: u64,
    spill: Option<PathBuf>,
    file: Option<File>,
    /// Hides secrets before anything is kept.
    mask: Option<Stream>,
    /// Bytes in the file, for those who read it meanwhile.
    pub written: Arc<AtomicU64>,
    /// Its colours, for the same.
    pub kept: Arc<Mutex<Kept>>,
}

impl Collector {
    /// Keeps `cap` bytes in memory; what is longer goes to the file `spill` as a whole.
    pub fn new(cap: usize, spill: Option<PathBuf>) -> Self {
        Self {
            cap,
            head: String::new(),
            tail: String::new(),
            total: 0,
            spill,
            file: None,
            mask: None,
            written: Arc::default(),
            kept: Arc::default(),
        }
    }

    /// Nothing in memory, everything in `file` from the first byte on.
    pub fn into_file(file: File) -> Self {
        Self {
            file: Some(file),
            ..Self::new(0, None)
        }
    }

    /// Nothing is kept as it came, neither in memory nor in the file.
    pub fn masked(self, mask: Stream) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    /// Takes whole lines, perhaps [coloured](colours).
    pub fn push(&mut self, coloured: &str) {
        // Before the text, so that whoever reads a line finds its colours.
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(coloured);
        let text = colours::plain(coloured);
        match &mut self.mask {
            None => self.keep(&text),
            Some(mask) => {
                let text = mask.push(&text);
                self.keep(&text);
            }
        }
    }

    fn keep(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let first = self.total <= self.cap as u64;
        self.total += text.len() as u64;
        if first && self.total > self.cap as u64 {
            self.open_spill();
        }
        self.write(text);
        let mut rest = text;
        if self.tail.is_empty() && self.head.len() < self.cap / 2 {
            let part = truncate::head(text, self.cap / 2 - self.head.len());
            self.head.push_str(part);
            rest = &text[part.len()..];
            if !rest.is_empty() && part.is_empty() {
                // The next character does not fit: the beginning is full.
                self.tail.push_str(rest);
                rest = "";
            }
        }
        self.tail.push_str(rest);
        // Trimmed now and then only, so that each byte is moved once.
        if self.tail.len() > 2 * self.cap.max(1024) {
            let keep = truncate::tail(&self.tail, self.cap).len();
            self.tail.drain(..self.tail.len() - keep);
        }
    }

    fn open_spill(&mut self) {
        let Some(path) = self.spill.take() else {
            return;
        };
        match File::create(&path) {
            Ok(file) => {
                self.file = Some(file);
                let (head, tail) = (self.head.clone(), self.tail.clone());
                self.write(&head);
                self.write(&tail);
                self.spill = Some(path);
            }
            Err(error) => tracing::warn!(%error, "the output of a command could not be kept"),
        }
    }

    fn write(&mut self, text: &str) {
        let Some(file) = &mut self.file else { return };
        let written = self.written.load(Ordering::Relaxed);
        if written >= MAX_SPILL_BYTES {
            return;
        }
        let full = written + text.len() as u64 > MAX_SPILL_BYTES;
        let text = truncate::head(text, (MAX_SPILL_BYTES - written) as usize);
        let mark = if full {
            "\n[Output after this is not kept.]\n"
        } else {
            ""
        };
        let result = file
            .write_all(text.as_bytes())
            .and_then(|()| file.write_all(mark.as_bytes()));
        if let Err(error) = result {
            tracing::warn!(%error, "the output of a command could not be kept");
            self.file = None;
            return;
        }
        let written = if full {
            u64::MAX
        } else {
            written + text.len() as u64
        };
        self.written.store(
            written.min(MAX_SPILL_BYTES + mark.len() as u64),
            Ordering::Release,
        );
    }

    pub fn finish(mut self, exit: &mut Exit) {
        if let Some(mut mask) = self.mask.take() {
            let held = mask.finish();
            self.keep(&held);
        }
        exit.output_bytes = self.total;
        if self.total <= self.cap as u64 {
            self.head.push_str(&self.tail);
            exit.output = self.head;
        } else {
            self.cut(exit);
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        exit.coloured = kept.over(&exit.output);
    }

    /// Beginning and end of what was too long.
    fn cut(&mut self, exit: &mut Exit) {
        exit.truncated = true;
        exit.spilled = self.spill.take().filter(|_| self.file.is_some());
        let head = truncate::lines_head(&self.head);
        let tail = truncate::lines_tail(truncate::tail(&self.tail, self.cap - self.cap / 2));
        let left_out = self.total - (head.len() + tail.len()) as u64;
        let line_end = if head.is_empty() || head.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        exit.output =
            format!("{head}{line_end}[… {left_out} bytes of output left out here …]\n{tail}");
    }
}
