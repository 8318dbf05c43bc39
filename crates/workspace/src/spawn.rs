//! Starts a process cheaply.
