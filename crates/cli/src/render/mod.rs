//! What a terminal shows: Markdown as it streams in, tool calls in a line, diffs in colour.

pub mod conversation;
pub mod diff;
pub mod markdown;
pub mod style;
pub mod text;
