//! Vectors: the local model, and one contract for every place that keeps them.

mod cache;
mod contract;
mod embedded;
mod local;
mod migration;
mod qdrant;
