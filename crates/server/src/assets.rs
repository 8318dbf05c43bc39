//! The built web UI, inside the program.

/// (path below `ui/dist`, content); empty where the UI was not built before the program.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file's content and media type.
pub fn find(path: &str) -> Option<(&'static [u8], &'static str)> {
    let (name, content) = FILES.iter().find(|(name, _)| *name == path)?;
    Some((content, media_type(name)))
}

/// The page of the UI.
pub fn index() -> Option<&'static [u8]> {
    find("index.html").map(|(content, _)| content)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
