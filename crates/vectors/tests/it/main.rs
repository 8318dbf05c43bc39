//! Vectors: the local model, and one contract for every place that keeps them.

mod local;
