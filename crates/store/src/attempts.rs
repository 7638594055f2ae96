//! How often something was tried: table `attempts`. What is limited, and how much of it, is told by the caller.
//!
//! A try is reserved before anything is evaluated, by one conditional statement per bucket, so that of any number of parallel
//! tries no more pass than the rule allows. Several buckets stand or fall together: who is refused by one counts in none.

use protocol::time::{Seconds, Timestamp};
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won};

/// The longest pause between two tries that are still allowed.
const LONGEST_PAUSE: i64 = 60;

statements! {
    // The window begins with the first try that counts, and no later one prolongs it.
    RESERVE_IN_WINDOW = "INSERT INTO attempts (bucket, count, since, last_at, expires_at) VALUES ($1, 1, $2, $3, $4)
        ON CONFLICT (bucket) DO UPDATE SET
            count = CASE WHEN attempts.expires_at <= excluded.last_at THEN 1 ELSE attempts.count + 1 END,
            since = CASE WHEN attempts.expires_at <= excluded.last_at THEN excluded.since ELSE attempts.since END,
            last_at = excluded.last_at,
            expires_at = CASE WHEN attempts.expires_at <= excluded.last_at THEN excluded.expires_at
                              ELSE attempts.expires_at END
        WHERE attempts.expires_at <= excluded.last_at OR attempts.count < $5";
    // The pauses are those of `pause`. Each try prolongs; the one that is the last for now prolongs by more.
    RESERVE_WITH_PAUSES = "INSERT INTO attempts (bucket, count, since, last_at, expires_at) VALUES ($1, 1, $2, $3, $4)
        ON CONFLICT (bucket) DO UPDATE SET
            count = CASE WHEN attempts.expires_at <= excluded.last_at THEN 1 ELSE attempts.count + 1 END,
            since = CASE WHEN attempts.expires_at <= excluded.last_at THEN excluded.since ELSE attempts.since END,
            last_at = excluded.last_at,
            expires_at = CASE WHEN attempts.expires_at > excluded.last_at AND attempts.count + 1 >= $5 THEN $6
                              ELSE excluded.expires_at END
        WHERE attempts.expires_at <= excluded.last_at OR attempts.count < $7
           OR (attempts.count < $5 AND attempts.last_at + CASE attempts.count - $7
                  WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 WHEN 3 THEN 8 WHEN 4 THEN 16 WHEN 5 THEN 32 ELSE 60 END
               <= excluded.last_at)";
    FIND = "SELECT bucket, count, since, last_at, expires_at FROM attempts WHERE bucket = $1";
    // One that began after the try was reserved does not owe it anything.
    GIVE_BACK = "UPDATE attempts SET count = count - 1 WHERE bucket = $1 AND count > 0 AND since <= $2";
    FORGET = "DELETE FROM attempts WHERE bucket = $1";
}

/// How often is too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// So many in a window, which begins with the first of them.
    Window { most: u32, window: Seconds },
    /// So many free, then with pauses of 1, 2, 4 … 60 seconds, until `stop` in a row; then none for `stopped_for`. Forgotten
    /// when nothing was tried for `forget_after`.
    Pauses { free: u32, stop: u32, forget_after: Seconds, stopped_for: Seconds },
}

/// One of the things that a try counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    pub bucket: String,
    pub rule: Rule,
}

/// The next try would be one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// At least one second.
    pub wait: Seconds,
}

/// What is known of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub count: i64,
    pub since: Timestamp,
    pub last_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Counts one try in each of these buckets, or in none. Callers name them in the same order whenever they name several, so that
/// no two of them wait for each other.
pub async fn reserve(store: &Store, limited: &[Limited], now: Timestamp) -> Result<Result<(), Refused>, StoreError> {
    let gates = limited.iter().map(|limited| limited.statement(now)).collect();
    if store.write_gates(gates).await? == Won::Yes {
        return Ok(Ok(()));
    }
    let mut longest = Seconds(1);
    for Limited { bucket, rule } in limited {
        if let Some(counted) = find(store, bucket).await? {
            longest = longest.max(rule.wait(&counted, now));
        }
    }
    Ok(Err(Refused { wait: longest }))
}

pub async fn find(store: &Store, bucket: &str) -> Result<Option<Counted>, StoreError> {
    store.row(Statement::new(FIND).text(bucket)).await?.as_ref().map(read).transpose()
}

/// Takes back what was reserved at `reserved_at` in some buckets, and forgets others altogether.
pub async fn settle(
    store: &Store,
    give_back: &[&str],
    forget: &[&str],
    reserved_at: Timestamp,
) -> Result<(), StoreError> {
    let forget = forget.iter().map(|bucket| Statement::new(FORGET).text(bucket));
    let give_back = give_back.iter().map(|bucket| Statement::new(GIVE_BACK).text(bucket).time(reserved_at));
    let all: Vec<_> = forget.chain(give_back).collect();
    if !all.is_empty() {
        store.write(Write::All(all)).await?;
    }
    Ok(())
}

impl Limited {
    fn statement(&self, now: Timestamp) -> Statement {
        match self.rule {
            Rule::Window { most, window } => Statement::new(RESERVE_IN_WINDOW)
                .text(&self.bucket)
                .time(now)
                .time(now)
                .time(now + window)
                .integer(most.into()),
            Rule::Pauses { free, stop, forget_after, stopped_for } => Statement::new(RESERVE_WITH_PAUSES)
                .text(&self.bucket)
                .time(now)
                .time(now)
                .time(now + forget_after)
                .integer(stop.max(free).into())
                .time(now + stopped_for)
                .integer(free.into()),
        }
    }
}

impl Rule {
    /// How long until one more try is allowed; zero when it is now.
    pub fn wait(self, counted: &Counted, now: Timestamp) -> Seconds {
        if now >= counted.expires_at {
            return Seconds(0);
        }
        let until = match self {
            Self::Window { most, .. } if counted.count < most.into() => now,
            Self::Pauses { free, .. } if counted.count < free.into() => now,
            Self::Pauses { free, stop, .. } if counted.count < stop.into() => {
                counted.last_at + pause(counted.count - i64::from(free))
            }
            Self::Window { .. } | Self::Pauses { .. } => counted.expires_at,
        };
        until.since(now).max(Seconds(0))
    }
}

/// After so many tries beyond the free ones.
fn pause(beyond: i64) -> Seconds {
    let doublings = u32::try_from(beyond.clamp(0, 6)).unwrap_or(0);
    Seconds((1 << doublings).min(LONGEST_PAUSE))
}

fn read(row: &AnyRow) -> Result<Counted, StoreError> {
    let row = Fields { table: "attempts", row };
    Ok(Counted {
        count: row.integer("count")?,
        since: row.time("since")?,
        last_at: row.time("last_at")?,
        expires_at: row.time("expires_at")?,
    })
}
