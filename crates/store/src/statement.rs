//! One SQL text with its values, and `statements!`, which keeps every text in a list that `tests/statements.rs` prepares on
//! both engines. Texts are constants: nothing in this crate puts SQL together at run time.

use protocol::time::Timestamp;
use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

/// A text and the values of `$1`, `$2`, … in this order.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    sql: &'static str,
    binds: Vec<Value>,
}

/// The only two types that a column has. A NULL has a type too, because PostgreSQL asks for it.
#[derive(Clone, Debug)]
enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
}

impl Statement {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql, binds: Vec::new() }
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.bind(Value::Text(Some(value.to_owned())))
    }

    pub(crate) fn maybe_text(self, value: Option<&str>) -> Self {
        self.bind(Value::Text(value.map(str::to_owned)))
    }

    pub(crate) fn integer(self, value: i64) -> Self {
        self.bind(Value::Integer(Some(value)))
    }

    pub(crate) fn maybe_integer(self, value: Option<i64>) -> Self {
        self.bind(Value::Integer(value))
    }

    pub(crate) fn time(self, value: Timestamp) -> Self {
        self.integer(value.0)
    }

    pub(crate) fn maybe_time(self, value: Option<Timestamp>) -> Self {
        self.maybe_integer(value.map(|at| at.0))
    }

    fn bind(mut self, value: Value) -> Self {
        self.binds.push(value);
        self
    }

    #[expect(clippy::disallowed_methods, reason = "here a text of `statements!` becomes a query")]
    pub(crate) fn query(&self) -> Query<'static, Any, AnyArguments> {
        self.binds.iter().cloned().fold(sqlx::query(self.sql), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Integer(integer) => query.bind(integer),
        })
    }
}

/// Declares the SQL texts of a file as constants, and `STATEMENTS`, the list of them.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

pub(crate) use statements;

/// Every statement of the program: module, name, text.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let modules = [
        ("action_tokens", crate::action_tokens::STATEMENTS),
        ("api_keys", crate::api_keys::STATEMENTS),
        ("apis", crate::apis::STATEMENTS),
        ("attempts", crate::attempts::STATEMENTS),
        ("clients", crate::clients::STATEMENTS),
        ("consents", crate::consents::STATEMENTS),
        ("deletion", crate::deletion::STATEMENTS),
        ("grants", crate::grants::STATEMENTS),
        ("initial_access_tokens", crate::initial_access_tokens::STATEMENTS),
        ("interactions", crate::interactions::STATEMENTS),
        ("known_browsers", crate::known_browsers::STATEMENTS),
        ("logout_deliveries", crate::logout_deliveries::STATEMENTS),
        ("mailbox", crate::mailbox::STATEMENTS),
        ("mails", crate::mails::STATEMENTS),
        ("passkey_ceremonies", crate::passkey_ceremonies::STATEMENTS),
        ("passkeys", crate::passkeys::STATEMENTS),
        ("passwords", crate::passwords::STATEMENTS),
        ("protocol_log", crate::protocol_log::STATEMENTS),
        ("recovery_codes", crate::recovery_codes::STATEMENTS),
        ("registrations", crate::registrations::STATEMENTS),
        ("revoked_tokens", crate::revoked_tokens::STATEMENTS),
        ("security_events", crate::security_events::STATEMENTS),
        ("session_clients", crate::session_clients::STATEMENTS),
        ("sessions", crate::sessions::STATEMENTS),
        ("sweep", crate::sweep::STATEMENTS),
        ("totp", crate::totp::STATEMENTS),
        ("used_assertions", crate::used_assertions::STATEMENTS),
        ("users", crate::users::STATEMENTS),
    ];
    modules.into_iter().flat_map(|(module, list)| list.iter().map(move |(name, sql)| (module, *name, *sql)))
}
