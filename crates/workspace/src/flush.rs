//! Makes written files durable without making the writer wait.
//!
//! A rename is atomic for every process at once, killed or not. What `fsync` adds is safety from
//! power loss, and it costs several milliseconds on ordinary disks, more than all else of an edit.
//! So files are synced by one thread behind the writer, in the order they were written.

use std::fs::File;
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Syncs `file` soon. Of more files at once than the disk can follow (a large undo) the rest is
/// left to the operating system, which writes it within seconds.
pub(crate) fn soon(file: File) {
    static QUEUE: OnceLock<Option<SyncSender<File>>> = OnceLock::new();
    let queue = QUEUE.get_or_init(|| {
        let (sender, receiver) = sync_channel::<File>(64);
        let sync = move || {
            for file in receiver {
                if let Err(error) = file.sync_data() {
                    tracing::warn!(%error, "a written file could not be synced to disk");
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("mira-flush".into())
            .spawn(sync);
        thread.ok().map(|_| sender)
    });
    if let Some(queue) = queue {
        // Full: see above.
        let _ = queue.try_send(file);
    }
}
