//! Terminal output as plain text.
