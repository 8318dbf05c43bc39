//! The tools as the engine uses them: JSON in, text out, on a real project.

mod calls;
mod code;
mod edges;
mod project;
mod sheet;
