//! What comes with a message: read once, when the operation starts, and kept with the message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mira_protocol::operation::Attachment;
use mira_protocol::{Code, Failure};
use mira_workspace::{Workspace, files};

use crate::ports::Resolved;

/// The most text that one attachment may bring, in bytes.
const MAX_TEXT_BYTES: u64 = 256 * 1024;
/// What the vendors' models take.
const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The most an image may weigh, in bytes.
const MAX_IMAGE_BYTES: u64 = 10 * 1024 * 1024;

/// Reads attachments that are named by a path, and refuses what cannot be sent.
pub async fn load(
    attachments: Vec<Attachment>,
    workspace: &Workspace,
) -> Result<Vec<Attachment>, Failure> {
    let mut loaded = Vec::with_capacity(attachments.len());
    for mut attachment in attachments {
        if attachment.data_base64.is_none()
            && let Some(path) = &attachment.path
        {
            let bytes = workspace
                .read(path)
                .map_err(|refusal| {
                    Failure::new(
                        Code::BadParams,
                        format!("{path} cannot be attached: {refusal}"),
                    )
                })?
                .bytes;
            attachment.data_base64 = Some(STANDARD.encode(bytes));
        }
        let image = attachment.media_type.starts_with("image/");
        let size = attachment
            .data_base64
            .as_ref()
            .map_or(0, |data| data.len() as u64 * 3 / 4);
        if let Some(problem) = problem(&attachment.name, &attachment.media_type, size) {
            return Err(Failure::new(Code::BadParams, problem).hint(
                "Name the file in the message instead; the model reads the parts it needs.",
            ));
        }
        if !image && attachment.data_base64.as_deref().is_some_and(is_no_text) {
            return Err(Failure::new(
                Code::BadParams,
                format!(
                    "{} is neither text nor an image, so no model can read it.",
                    attachment.name
                ),
            )
            .hint(
                "Attach text taken from it, or name the file and let Mira use a program on it.",
            ));
        }
        loaded.push(attachment);
    }
    Ok(loaded)
}

/// Names of the images among them.
pub fn images(attachments: &[Attachment]) -> Vec<String> {
    let image = |one: &&Attachment| one.media_type.starts_with("image/");
    attachments
        .iter()
        .filter(image)
        .map(|one| one.name.clone())
        .collect()
}

/// The refusal where a model would have to see images that it cannot see.
pub fn unseen(images: &[String], model: &Resolved) -> Option<Failure> {
    if images.is_empty() || model.accepts_images {
        return None;
    }
    let failure = Failure::new(
        Code::BadParams,
        format!("{} cannot see images: {}.", model.id, images.join(", ")),
    );
    Some(failure.hint("Choose a model that can, or send the message without them."))
}

fn is_no_text(data_base64: &str) -> bool {
    let bytes = decode(data_base64);
    files::is_binary(&bytes) || std::str::from_utf8(&bytes).is_err()
}

/// Why an attachment of this kind and size would be refused, before its content is known.
pub fn problem(name: &str, media_type: &str, size_bytes: u64) -> Option<String> {
    let image = media_type.starts_with("image/");
    let limit = if image {
        MAX_IMAGE_BYTES
    } else {
        MAX_TEXT_BYTES
    };
    if image && !IMAGES.contains(&media_type) {
        return Some(format!(
            "{name} is of the kind {media_type}; models see PNG, JPEG, GIF and WebP."
        ));
    }
    (size_bytes > limit).then(|| {
        let (size, limit) = (size_bytes.div_ceil(1024), limit / 1024);
        format!("{name} is too large to attach: {size} KiB of at most {limit}.")
    })
}

/// The bytes; empty where the text is not base64.
pub fn decode(data_base64: &str) -> Vec<u8> {
    STANDARD.decode(data_base64).unwrap_or_default()
}
