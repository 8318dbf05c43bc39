//! Integration tests of the store: real SQLite, the real migrations.
