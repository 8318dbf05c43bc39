//! Masking, through its public functions.

mod corpus;
mod mask;
mod places;
