//! What holds for the repository as a whole.

mod drift;
mod layers;
mod model;
