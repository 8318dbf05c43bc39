//! The runner against the real engine: it must pass what is right and fail what is wrong.

mod assertions;
mod export;
mod files;
mod program;
