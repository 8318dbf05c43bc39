//! The words as others see them: JSON in, JSON out.

mod events;
mod messages;
