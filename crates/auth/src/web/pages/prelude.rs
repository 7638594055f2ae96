//! What templates name: each file of pages takes it with `use super::prelude::*;`, because the code that askama makes of a
//! template stands where its struct is.

pub(super) use super::fields::{FieldKind, Need, Ticked};
pub(super) use super::notice::NoticeText;
pub(super) use super::parts::{Icon, Mode};
pub(super) use crate::text::{Locale, Piece, fill, pieces};
