//! `countersign dev`: a demonstration that works at once, on this machine only.
//!
//! `data.rs` finds or makes its directory, `objects.rs` puts the demo accounts into the database, `block.rs` says what there
//! is to try, `words.rs` makes the one password that a person has to type. Starting it all is `cli/dev.rs`.

pub mod block;
pub mod data;
pub mod objects;
mod words;
