//! What comes with a message: read once, when the operation starts, and kept with the message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mira_protocol::operation::Attachment;
use mira_protocol::{Code, Failure};
use mira_workspace::Workspace;

/// The most text that one attachment may bring, in bytes.
const MAX_TEXT_BYTES: u64 = 256 * 1024;
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
        let limit = if image {
            MAX_IMAGE_BYTES
        } else {
            MAX_TEXT_BYTES
        };
        let size = attachment
            .data_base64
            .as_ref()
            .map_or(0, |data| data.len() as u64 * 3 / 4);
        if size > limit {
            return Err(Failure::new(
                Code::BadParams,
                format!(
                    "{} is too large to attach: {} KiB of at most {}.",
                    attachment.name,
                    size / 1024,
                    limit / 1024
                ),
            )
            .hint("Name the file in the message instead; the model reads the parts it needs."));
        }
        loaded.push(attachment);
    }
    Ok(loaded)
}

/// The bytes; empty where the text is not base64.
pub fn decode(data_base64: &str) -> Vec<u8> {
    STANDARD.decode(data_base64).unwrap_or_default()
}
