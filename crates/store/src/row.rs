//! Reading a row into a type that cannot be wrong. What does not parse is reported with table, row and column.

use protocol::scope::Scope;
use protocol::time::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::any::{Any, AnyRow};
use sqlx::{Decode, Row, Type};

use crate::StoreError;

/// A row of `table`. Its first column names the row in error messages.
pub(crate) struct Fields<'r> {
    pub(crate) table: &'static str,
    pub(crate) row: &'r AnyRow,
}

impl Fields<'_> {
    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(crate) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(crate) fn maybe_integer(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.integer(column).map(Timestamp)
    }

    pub(crate) fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_integer(column)?.map(Timestamp))
    }

    /// A text that `parse` has to accept.
    pub(crate) fn parsed<T, E>(&self, column: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, StoreError> {
        parse(&self.text(column)?).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn maybe_parsed<T, E>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_text(column)?.as_deref().map(parse).transpose().map_err(|_| self.corrupt(column))
    }

    /// A name out of a closed set.
    pub(crate) fn named<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        parse(&self.text(column)?).ok_or_else(|| self.corrupt(column))
    }

    pub(crate) fn maybe_named<T>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_parsed(column, |text| parse(text).ok_or(()))
    }

    /// Words separated by single spaces.
    pub(crate) fn words<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, StoreError> {
        let text = self.text(column)?;
        let words: Option<Vec<T>> = text.split(' ').filter(|word| !word.is_empty()).map(parse).collect();
        words.ok_or_else(|| self.corrupt(column))
    }

    pub(crate) fn scope(&self, column: &str) -> Result<Scope, StoreError> {
        self.parsed(column, Scope::parse)
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        self.parsed(column, |text| serde_json::from_str(text))
    }

    pub(crate) fn corrupt(&self, column: &str) -> StoreError {
        let row = self.row.try_get::<String, _>(0).unwrap_or_default();
        StoreError::Corrupt { table: self.table, row, column: column.to_owned() }
    }

    fn get<'r, T: Decode<'r, Any> + Type<Any>>(&'r self, column: &str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }
}

/// JSON of plain data that we made ourselves.
pub(crate) fn json_text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("strings, lists and maps with text keys always have a JSON form")
}
