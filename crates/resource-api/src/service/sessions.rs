//! Sessions of the front end in the database of the service: they outlive a restart, and several instances share them.
//!
//! A row is found by the hash of its cookie. Tokens and person are sealed (AES-256-GCM, bound to the row); `sub` and `sid`, by which
//! the issuer ends sessions, stand there as HMACs. Whatever cannot be opened, or does not agree with the columns beside it, is no
//! session: the person signs in again. Whoever can write the database can end sessions and bring back one that was ended within
//! its 24 hours, but reads no token and makes no session.
//!
//! Every change of a session is one conditional statement, so two instances never both make it. A sign-in and a logout token
//! take turns at the row of `bff_turn`.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use futures_util::FutureExt as _;
use jwt::sealed::{Purpose, open_for, seal_for};
use jwt::secrets::Secrets;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::bff::{Changed, LoggedOut, LogoutNotice, SessionKey, SessionStore, StoreAnswer, StoreError, StoredSession};
use crate::service::database::{Database, DatabaseError};
use crate::service::session_keys::SessionKeys;

/// Sessions of one person; the least used makes room.
const PER_PERSON: i64 = 64;
/// Longer ones would not be opened again; an issuer whose tokens are so long is none that we can use.
const LONGEST: usize = 256 * 1024;

const TURN: &str = "UPDATE bff_turn SET turn = turn + 1 WHERE id = 1";
const INSERT: &str = "INSERT INTO bff_sessions (id, sub, sid, version, idle_ends_at, ends_at, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const MAKE_ROOM: &str = "DELETE FROM bff_sessions WHERE sub = $1 AND id <> $2 AND id NOT IN
    (SELECT id FROM bff_sessions WHERE sub = $1 AND id <> $2 ORDER BY idle_ends_at DESC, id LIMIT $3)";
const LOAD: &str = "SELECT sub, sid, version, idle_ends_at, ends_at, sealed FROM bff_sessions WHERE id = $1";
const REPLACE: &str = "UPDATE bff_sessions SET sub = $1, sid = $2, version = $3, ends_at = $4, sealed = $5
    WHERE id = $6 AND version = $7";
const TOUCH: &str = "UPDATE bff_sessions SET idle_ends_at = $2 WHERE id = $1 AND idle_ends_at < $2";
const REMOVE: &str = "DELETE FROM bff_sessions WHERE id = $1
    RETURNING sub, sid, version, idle_ends_at, ends_at, sealed";
const END_BY_SID: &str = "DELETE FROM bff_sessions WHERE sid = $1 OR (sid = '' AND sub = $2)";
const END_BY_SUB: &str = "DELETE FROM bff_sessions WHERE sub = $1";
const FIRST_TIME: &str = "INSERT INTO bff_logouts (id, at, forget_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
const REMEMBER: &str = "INSERT INTO bff_logouts (id, at, forget_at) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at, forget_at = excluded.forget_at";
const WAS_ENDED: &str = "SELECT COUNT(*) FROM bff_logouts WHERE id = $1 OR (id IN ($2, $3) AND at >= $4)";
const SWEEP_SESSIONS: &str = "DELETE FROM bff_sessions WHERE ends_at <= $1 OR idle_ends_at <= $1";
const SWEEP_LOGOUTS: &str = "DELETE FROM bff_logouts WHERE forget_at <= $1";

/// A [`SessionStore`] for services of several instances, and for one that is restarted.
pub(crate) struct SqlStore {
    database: Database,
    /// The first one seals.
    keys: Vec<Secrets>,
}

/// A session as the database has it.
struct Kept {
    names: Names,
    version: i64,
    idle_ends_at: i64,
    ends_at: i64,
    sealed: String,
}

/// What a logout token is compared with.
#[derive(PartialEq, Eq)]
struct Names {
    sub: String,
    /// Empty without a `sid`.
    sid: String,
}

/// Throws away what is over at `now`, and says how many sessions those were. Needs no key.
pub(crate) async fn sweep(database: &Database, now: Timestamp) -> Result<u64, DatabaseError> {
    let swept = sqlx::query(SWEEP_SESSIONS).bind(now.0).execute(&database.write).await?.rows_affected();
    sqlx::query(SWEEP_LOGOUTS).bind(now.0).execute(&database.write).await?;
    Ok(swept)
}

impl SqlStore {
    pub(crate) fn new(database: Database, keys: &SessionKeys) -> Self {
        Self { database, keys: keys.all().iter().map(|key| Secrets::from_master(key.expose())).collect() }
    }

    async fn begin(&self, key: &SessionKey, session: &StoredSession) -> Result<Changed, StoreError> {
        let Kept { names, version, idle_ends_at, ends_at, sealed } = self.seal(key, session)?;
        let mut transaction = self.database.write.begin().await.map_err(failed)?;
        sqlx::query(TURN).execute(&mut *transaction).await.map_err(failed)?;
        if self.was_ended(&mut transaction, session).await.map_err(failed)? {
            return Ok(Changed::No);
        }
        let insert = sqlx::query(INSERT).bind(key.as_str()).bind(&names.sub).bind(&names.sid).bind(version);
        insert.bind(idle_ends_at).bind(ends_at).bind(sealed).execute(&mut *transaction).await.map_err(failed)?;
        let room = sqlx::query(MAKE_ROOM).bind(&names.sub).bind(key.as_str()).bind(PER_PERSON - 1);
        room.execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Changed::Yes)
    }

    /// Whether a logout token that is still remembered means this session, as [`LogoutNotice::forbids`] says.
    async fn was_ended(&self, connection: &mut AnyConnection, session: &StoredSession) -> Result<bool, sqlx::Error> {
        for secrets in &self.keys {
            let names = Names::of(secrets, &session.sub, session.sid.as_deref());
            let (of_sid, of_nameless) = match &session.sid {
                Some(_) => (format!("s:{}", names.sid), String::new()),
                None => (String::new(), format!("n:{}", names.sub)),
            };
            let query = sqlx::query(WAS_ENDED).bind(of_sid).bind(format!("u:{}", names.sub)).bind(of_nameless);
            let row = query.bind(session.created_at.0).fetch_one(&mut *connection).await?;
            if row.try_get::<i64, _>(0)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn find(&self, key: &SessionKey) -> Result<Option<StoredSession>, StoreError> {
        let row = sqlx::query(LOAD).bind(key.as_str()).fetch_optional(&self.database.read).await.map_err(failed)?;
        Ok(row.and_then(|row| self.open(key, &row)))
    }

    async fn change(&self, key: &SessionKey, from: u64, session: &StoredSession) -> Result<Changed, StoreError> {
        let Kept { names, version, ends_at, sealed, .. } = self.seal(key, session)?;
        let update = sqlx::query(REPLACE).bind(names.sub).bind(names.sid).bind(version).bind(ends_at).bind(sealed);
        let update = update.bind(key.as_str()).bind(number(from)?);
        let done = update.execute(&self.database.write).await.map_err(failed)?;
        Ok(if done.rows_affected() == 1 { Changed::Yes } else { Changed::No })
    }

    async fn take(&self, key: &SessionKey) -> Result<Option<StoredSession>, StoreError> {
        let rows = sqlx::query(REMOVE).bind(key.as_str()).fetch_all(&self.database.write).await.map_err(failed)?;
        Ok(rows.first().and_then(|row| self.open(key, row)))
    }

    async fn end(&self, notice: &LogoutNotice) -> Result<LoggedOut, sqlx::Error> {
        let LogoutNotice { jti_hash, sid, sub, at, remember_until } = notice;
        let mut transaction = self.database.write.begin().await?;
        sqlx::query(TURN).execute(&mut *transaction).await?;
        let remember = |statement, id: String| sqlx::query(statement).bind(id).bind(at.0).bind(remember_until.0);
        if remember(FIRST_TIME, format!("j:{jti_hash}")).execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(LoggedOut::Replayed);
        }
        let mut ended = 0;
        for (at, secrets) in self.keys.iter().enumerate() {
            let names = Names::of(secrets, sub.as_deref().unwrap_or_default(), sid.as_deref());
            let sub_name = if sub.is_some() { names.sub } else { String::new() };
            // One name is enough for all who know that key; see `was_ended`.
            if at == 0 {
                let of_sub = if sid.is_some() { "n:" } else { "u:" };
                let of_sub = sub.as_ref().map(|_| format!("{of_sub}{sub_name}"));
                for id in sid.as_ref().map(|_| format!("s:{}", names.sid)).into_iter().chain(of_sub) {
                    remember(REMEMBER, id).execute(&mut *transaction).await?;
                }
            }
            let end = match sid {
                Some(_) => sqlx::query(END_BY_SID).bind(names.sid).bind(sub_name),
                None => sqlx::query(END_BY_SUB).bind(sub_name),
            };
            ended += end.execute(&mut *transaction).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(LoggedOut::Sessions(ended))
    }

    fn seal(&self, key: &SessionKey, session: &StoredSession) -> Result<Kept, StoreError> {
        let secrets = self.keys.first().ok_or_else(|| StoreError("there is no key".into()))?;
        let sealed = seal_for(Purpose::Session(key.as_str()), secrets, session);
        if sealed.len() > LONGEST {
            return Err(StoreError("the tokens of a session are too long to be kept".into()));
        }
        Ok(Kept {
            names: Names::of(secrets, &session.sub, session.sid.as_deref()),
            version: number(session.version)?,
            idle_ends_at: session.idle_ends_at.0,
            ends_at: session.ends_at.0,
            sealed,
        })
    }

    /// `None` for what no key of ours opens, and for what does not agree with itself.
    fn open(&self, key: &SessionKey, row: &AnyRow) -> Option<StoredSession> {
        let session = Kept::read(row).ok().and_then(|kept| self.keys.iter().find_map(|keys| kept.open(key, keys)));
        if session.is_none() {
            tracing::warn!(session = ?key, "a session cannot be opened: it was sealed with another key, or changed");
        }
        session
    }
}

impl Kept {
    /// In the order of `LOAD`.
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            names: Names { sub: row.try_get(0)?, sid: row.try_get(1)? },
            version: row.try_get(2)?,
            idle_ends_at: row.try_get(3)?,
            ends_at: row.try_get(4)?,
            sealed: row.try_get(5)?,
        })
    }

    fn open(&self, key: &SessionKey, secrets: &Secrets) -> Option<StoredSession> {
        let session: StoredSession = open_for(Purpose::Session(key.as_str()), secrets, &self.sealed)?;
        let agrees = i64::try_from(session.version).is_ok_and(|version| version == self.version)
            && session.ends_at.0 == self.ends_at
            && Names::of(secrets, &session.sub, session.sid.as_deref()) == self.names;
        agrees.then(|| StoredSession { idle_ends_at: Timestamp(self.idle_ends_at), ..session })
    }
}

impl Names {
    fn of(secrets: &Secrets, sub: &str, sid: Option<&str>) -> Self {
        let name = |kind: &str, text: &str| secrets.sid_mac(format!("{kind}\0{text}").as_bytes());
        Self { sub: name("sub", sub), sid: sid.map(|sid| name("sid", sid)).unwrap_or_default() }
    }
}

impl SessionStore for SqlStore {
    fn insert(&self, key: SessionKey, session: StoredSession) -> StoreAnswer<'_, Changed> {
        async move { self.begin(&key, &session).await }.boxed()
    }

    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreAnswer<'a, Option<StoredSession>> {
        self.find(key).boxed()
    }

    fn replace<'a>(&'a self, key: &'a SessionKey, from: u64, session: StoredSession) -> StoreAnswer<'a, Changed> {
        async move { self.change(key, from, &session).await }.boxed()
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, idle_ends_at: Timestamp) -> StoreAnswer<'a, ()> {
        let touch = sqlx::query(TOUCH).bind(key.as_str()).bind(idle_ends_at.0).execute(&self.database.write);
        touch.map(|done| done.map(drop).map_err(failed)).boxed()
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> StoreAnswer<'a, Option<StoredSession>> {
        self.take(key).boxed()
    }

    fn log_out<'a>(&'a self, notice: &'a LogoutNotice) -> StoreAnswer<'a, LoggedOut> {
        async move { self.end(notice).await.map_err(failed) }.boxed()
    }

    fn sweep(&self, now: Timestamp) -> StoreAnswer<'_, ()> {
        async move { sweep(&self.database, now).await.map(drop).map_err(|error| StoreError(error.into())) }.boxed()
    }
}

fn number(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|error| StoreError(error.into()))
}

fn failed(error: sqlx::Error) -> StoreError {
    StoreError(DatabaseError::from(error).into())
}

#[cfg(test)]
mod tests;
