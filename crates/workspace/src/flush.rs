//! Makes written files durable without making the writer wait.
//!
//! A rename is atomic for every process at once, killed or not. What `fsync` adds is safety from
//! power loss, and it costs several milliseconds on ordinary disks, more than all else of an edit.
//! So files are synced by one thread behind the writer, in the order they were written.

use std::fs::File;
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Syncs `file` soon. When the queue is full (a disk that cannot follow) the caller waits.
pub(crate) fn soon(file: File) {
    static QUEUE: OnceLock<Option<SyncSender<File>>> = OnceLock::new();
    let queue = QUEUE.get_or_init(|| {
        let (sender, receiver) = sync_channel::<File>(256);
        std::thread::Builder::new()
            .name("mira-flush".into())
            .spawn(move || {
                for file in receiver {
                    if let Err(error) = file.sync_data() {
                        tracing::warn!(%error, "a written file could not be synced to disk");
                    }
                }
            })
            .ok()
            .map(|_| sender)
    });
    let unsent = match queue {
        Some(queue) => queue.send(file).err().map(|error| error.0),
        None => Some(file),
    };
    if let Some(file) = unsent
        && let Err(error) = file.sync_data()
    {
        tracing::warn!(%error, "a written file could not be synced to disk");
    }
}
