//! (written by its part)
