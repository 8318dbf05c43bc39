//! What a content is, told from its first bytes: names lie.

/// The media type of an image that a screen can show.
pub fn image(content: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| content.starts_with(magic);
    let at = |from: usize, magic: &[u8]| {
        content
            .get(from..from + magic.len())
            .is_some_and(|part| part == magic)
    };
    match () {
        () if starts(b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        () if starts(b"\xff\xd8\xff") => Some("image/jpeg"),
        () if starts(b"GIF87a") || starts(b"GIF89a") => Some("image/gif"),
        () if starts(b"RIFF") && at(8, b"WEBP") => Some("image/webp"),
        () if at(4, b"ftypavif") => Some("image/avif"),
        () if starts(b"BM") && content.len() > 26 && at(6, &[0; 4]) => Some("image/bmp"),
        () if starts(&[0, 0, 1, 0]) && content.len() > 22 => Some("image/x-icon"),
        () if is_svg(content) => Some("image/svg+xml"),
        () => None,
    }
}

/// The media type of any content.
pub fn of(content: &[u8]) -> &'static str {
    match image(content) {
        Some(image) => image,
        None if mira_workspace::files::is_binary(content) => "application/octet-stream",
        None => "text/plain",
    }
}

/// Text whose first element is `svg`.
fn is_svg(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(&content[..content.len().min(2048)])
        .or_else(|error| std::str::from_utf8(&content[..error.valid_up_to()]))
    else {
        return false;
    };
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match () {
            () if rest.starts_with("<?") => "?>",
            () if rest.starts_with("<!--") => "-->",
            () if rest.starts_with("<!DOCTYPE") => ">",
            () => return rest.starts_with("<svg") && !rest.starts_with("<svg-"),
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{image, of};

    #[test]
    fn contents_say_what_they_are() {
        assert_eq!(image(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(image(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        let svg = b"<?xml version=\"1.0\"?>\n<!-- x -->\n<svg xmlns=\"...\"/>";
        assert_eq!(image(svg), Some("image/svg+xml"));
        assert_eq!(image(b"<p>about <svg></p>"), None);
        assert_eq!(image(b""), None);
        assert_eq!(of(b"fn main() {}"), "text/plain");
        assert_eq!(of(b"\0\x01"), "application/octet-stream");
    }
}
