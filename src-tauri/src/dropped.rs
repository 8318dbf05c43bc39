//! Files dropped on a window, where the web view gives its page none of them: WebKitGTK tells of
//! the drag and leaves the list of files empty.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use tauri::{AppHandle, Emitter};

/// Sent to a page with a list of [`Dropped`].
const DROPPED: &str = "dropped";
/// Of more bytes only the size is told: no message takes them.
const LARGEST: u64 = 10 * 1024 * 1024;
/// Files of one drop; the rest is left out.
const MOST: usize = 20;

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Dropped {
    name: String,
    folder: bool,
    /// Bytes.
    size: u64,
    /// None: a folder, too large, or unreadable.
    data_base64: Option<String>,
}

/// Reads them beside the main thread and tells the window's page.
pub fn tell(app: &AppHandle, label: &str, paths: Vec<PathBuf>) {
    let (app, label) = (app.clone(), label.to_owned());
    tauri::async_runtime::spawn_blocking(move || {
        let files: Vec<Dropped> = paths
            .iter()
            .filter_map(|path| read(path))
            .take(MOST)
            .collect();
        if let Err(error) = app.emit_to(label.as_str(), DROPPED, &files) {
            tracing::warn!(%error, "the page could not be told of dropped files");
        }
    });
}

/// None where there is nothing of that name: a link out of a browser, for one.
fn read(path: &Path) -> Option<Dropped> {
    let found = std::fs::metadata(path).ok()?;
    let whole = found.is_file() && found.len() <= LARGEST;
    Some(Dropped {
        name: path.file_name()?.to_string_lossy().into_owned(),
        folder: found.is_dir(),
        size: found.len(),
        data_base64: whole
            .then(|| std::fs::read(path).ok())
            .flatten()
            .map(|bytes| STANDARD.encode(bytes)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_with_its_bytes_a_folder_and_what_is_too_large_without() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a.txt");
        std::fs::write(&file, "one").expect("written");
        let large = dir.path().join("large.bin");
        let made = std::fs::File::create(&large).expect("made");
        made.set_len(LARGEST + 1).expect("long");
        let told = |name: &str, folder, size, data: Option<&str>| Dropped {
            name: name.into(),
            folder,
            size,
            data_base64: data.map(str::to_owned),
        };
        assert_eq!(read(&file), Some(told("a.txt", false, 3, Some("b25l"))));
        assert_eq!(
            read(&large),
            Some(told("large.bin", false, LARGEST + 1, None))
        );
        let folder = read(dir.path()).expect("a folder");
        assert!(folder.folder && folder.data_base64.is_none());
        assert_eq!(read(Path::new("https://example.org/a")), None);
    }
}
