//! The single writer of a SQLite file. A task owns the one connection that writes; everything that waits in its queue goes
//! into one transaction, one commit (and so one flush to disk), and then all answers leave together.
//!
//! A write of several statements runs in a savepoint; a single statement needs none, because SQLite undoes a failed statement
//! by itself. A failing write answers its own caller only; a failing commit answers everybody in the group.

use std::sync::Arc;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
use crate::engine::{self, PATIENCE};
use crate::error::ends_transaction;
use crate::write::Write;

/// More than this never wait: a caller that finds the queue full is told to come back later.
const QUEUE: usize = 1024;

type Answer = Result<u64, StoreError>;

#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
}

enum Job {
    Write(Write, oneshot::Sender<Answer>),
    Close(oneshot::Sender<()>),
}

/// The task's side. The connection is opened anew after an error that leaves it in doubt.
struct Desk {
    options: AnyConnectOptions,
    connection: Option<AnyConnection>,
}

impl Writer {
    pub(crate) fn start(options: AnyConnectOptions, connection: AnyConnection) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(work(Desk { options, connection: Some(connection) }, jobs));
        Self { queue }
    }

    pub(crate) async fn write(&self, write: Write) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.send_timeout(Job::Write(write, answer), PATIENCE).await.map_err(|error| match error {
            SendTimeoutError::Timeout(_) => unavailable(sqlx::Error::PoolTimedOut),
            SendTimeoutError::Closed(_) => unavailable(sqlx::Error::PoolClosed),
        })?;
        answered.await.unwrap_or_else(|_| Err(unavailable(sqlx::Error::PoolClosed)))
    }

    pub(crate) fn ping(&self) -> Result<(), StoreError> {
        if self.queue.is_closed() { Err(unavailable(sqlx::Error::PoolClosed)) } else { Ok(()) }
    }

    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Job::Close(done)).await.is_ok() {
            // An error means that another caller closed it meanwhile.
            let _ = closed.await;
        }
    }
}

/// Runs until every [`Writer`] is gone or one of them asks to close; what was accepted before is still carried out.
async fn work(mut desk: Desk, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::new();
    let mut closers = Vec::new();
    while jobs.recv_many(&mut waiting, QUEUE).await > 0 {
        let (mut writes, mut callers) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
        for job in waiting.drain(..) {
            match job {
                Job::Write(write, caller) => {
                    writes.push(write);
                    callers.push(caller);
                }
                Job::Close(done) => {
                    jobs.close();
                    closers.push(done);
                }
            }
        }
        let answers = desk.carry_out(&writes).await;
        for (caller, answer) in callers.into_iter().zip(answers) {
            // A caller that went away needs no answer; its write is done all the same.
            let _ = caller.send(answer);
        }
    }
    desk.close().await;
    for done in closers {
        let _ = done.send(());
    }
}

impl Desk {
    async fn carry_out(&mut self, writes: &[Write]) -> Vec<Answer> {
        if writes.is_empty() {
            return Vec::new();
        }
        match self.try_group(writes).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::warn!(%error, writes = writes.len(), "a group of writes failed; the database file is opened anew");
                self.connection = None;
                let error = StoreError::from(error);
                writes.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// The outer error is that of the whole group; nothing of it is in the database.
    async fn try_group(&mut self, writes: &[Write]) -> Result<Vec<Answer>, sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(engine::sqlite_writer(&self.options).await?),
        };
        if let [write] = writes
            && write.is_single()
        {
            return Ok(vec![own_failure(write.run(connection).await)?]);
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut answers = Vec::with_capacity(writes.len());
        for write in writes {
            answers.push(own_failure(run_alone(write, &mut transaction).await)?);
        }
        transaction.commit().await?;
        Ok(answers)
    }

    async fn close(self) {
        if let Some(connection) = self.connection
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database file could not be closed in order");
        }
    }
}

/// Runs a write so that its failure leaves the transaction around it as it was.
async fn run_alone(write: &Write, connection: &mut AnyConnection) -> Result<u64, sqlx::Error> {
    if write.is_single() {
        return write.run(connection).await;
    }
    let mut savepoint = connection.begin().await?;
    let outcome = write.run(&mut savepoint).await;
    match &outcome {
        Ok(answer) if write.keeps(*answer) => savepoint.commit().await?,
        Err(error) if ends_transaction(error) => {} // the whole group is given up with its connection
        Ok(_) | Err(_) => savepoint.rollback().await?,
    }
    outcome
}

/// Separates a failure of one write from one that concerns the whole group.
fn own_failure(outcome: Result<u64, sqlx::Error>) -> Result<Answer, sqlx::Error> {
    match outcome {
        Ok(changed) => Ok(Ok(changed)),
        Err(error) if ends_transaction(&error) => Err(error),
        Err(error) => Ok(Err(error.into())),
    }
}

fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(Arc::new(error))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests lay tables of their own")]
mod tests {
    use sqlx::{ConnectOptions, Row};

    use super::*;
    use crate::engine::sqlite_writer;
    use crate::statement::Statement;

    const ADD: &str = "INSERT INTO one (id, other) VALUES ($1, $2)";
    const ADD_SOON: &str = "INSERT INTO soon (id, other) VALUES ($1, $2)";
    const COUNT: &str = "SELECT COUNT(*) FROM one";

    /// A table whose foreign key is checked at once, and one where it is checked at the commit.
    const TABLES: &str = "CREATE TABLE one (id TEXT NOT NULL PRIMARY KEY, other TEXT REFERENCES one (id));
        CREATE TABLE soon (id TEXT NOT NULL PRIMARY KEY,
                           other TEXT REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED);";

    async fn desk(folder: &tempfile::TempDir) -> (AnyConnectOptions, Writer) {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("test.db").display());
        let options: AnyConnectOptions = url.parse().expect("is a URL");
        let mut connection = sqlite_writer(&options).await.expect("opens");
        sqlx::raw_sql(TABLES).execute(&mut connection).await.expect("is SQL");
        (options.clone(), Writer::start(options, connection))
    }

    fn add(id: &str) -> Statement {
        Statement::new(ADD).text(id).maybe_text(None)
    }

    /// Queues all writes before the writer gets a turn (the runtime of these tests has one thread), so they share a commit.
    async fn together(writer: &Writer, group: Vec<Write>) -> Vec<Answer> {
        let tasks: Vec<_> = group
            .into_iter()
            .map(|write| {
                let writer = writer.clone();
                tokio::spawn(async move { writer.write(write).await })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.expect("runs to its end"));
        }
        answers
    }

    async fn count(options: &AnyConnectOptions) -> i64 {
        let mut connection = options.connect().await.expect("opens");
        sqlx::query(COUNT).fetch_one(&mut connection).await.expect("is readable").get(0)
    }

    #[tokio::test]
    async fn a_failing_statement_fails_its_own_write_only() {
        let folder = tempfile::tempdir().expect("is writable");
        let (options, writer) = desk(&folder).await;
        let orphan = Statement::new(ADD).text("x").maybe_text(Some("nobody"));
        let answers = together(
            &writer,
            vec![
                Write::One(add("a")),
                Write::One(add("a")),
                Write::All(vec![add("b"), add("c"), orphan]),
                Write::Gated { gate: add("d"), then: vec![add("e"), add("a")] },
                Write::All(vec![add("f"), add("g")]),
                Write::One(add("h")),
            ],
        );
        let shown: Vec<_> = answers.await.into_iter().map(|answer| answer.map_err(|error| error.to_string())).collect();
        let conflict = Err(StoreError::Conflict.to_string());
        assert_eq!(shown, [Ok(1), conflict.clone(), conflict.clone(), conflict, Ok(2), Ok(1)]);
        assert_eq!(count(&options).await, 4, "a, f, g, h");
    }

    #[tokio::test]
    async fn a_failing_commit_fails_the_whole_group_and_nothing_after_it() {
        let folder = tempfile::tempdir().expect("is writable");
        let (options, writer) = desk(&folder).await;
        let orphan = Statement::new(ADD_SOON).text("x").maybe_text(Some("nobody"));
        let group = vec![Write::One(add("a")), Write::One(orphan), Write::All(vec![add("b"), add("c")])];
        let answers = together(&writer, group).await;
        assert!(answers.iter().all(Result::is_err), "{answers:?}");
        assert_eq!(count(&options).await, 0);
        let answers = together(&writer, vec![Write::One(add("a")), Write::One(add("b"))]).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(count(&options).await, 2);
    }

    #[tokio::test]
    async fn the_gate_decides_whether_the_rest_runs() {
        let folder = tempfile::tempdir().expect("is writable");
        let (options, writer) = desk(&folder).await;
        let shut = Statement::new("UPDATE one SET other = NULL WHERE id = $1").text("nobody");
        let gated = |gate, then| Write::Gated { gate, then: vec![then] };
        let answers = together(&writer, vec![gated(shut, add("a")), gated(add("b"), add("c"))]).await;
        assert!(matches!(answers[..], [Ok(0), Ok(1)]), "{answers:?}");
        assert_eq!(count(&options).await, 2);
    }

    #[tokio::test]
    async fn the_first_gate_that_stays_shut_undoes_those_before_it_and_nothing_else() {
        let folder = tempfile::tempdir().expect("is writable");
        let (options, writer) = desk(&folder).await;
        let shut = || Statement::new("UPDATE one SET other = NULL WHERE id = $1").text("nobody");
        let answers = together(
            &writer,
            vec![
                Write::One(add("a")),
                Write::Gates(vec![add("b"), shut(), add("c")]),
                Write::Gates(vec![add("d"), add("e")]),
                Write::Gates(vec![shut()]),
            ],
        );
        let answers = answers.await;
        assert!(matches!(answers[..], [Ok(1), Ok(1), Ok(2), Ok(0)]), "{answers:?}");
        assert_eq!(count(&options).await, 3, "a, d, e");
    }

    #[tokio::test]
    async fn what_waits_at_the_close_is_still_written() {
        let folder = tempfile::tempdir().expect("is writable");
        let (options, writer) = desk(&folder).await;
        let closing = writer.clone();
        let group = (0..50).map(|number| Write::One(add(&format!("a{number}")))).collect();
        let (answers, ()) = tokio::join!(together(&writer, group), async move {
            tokio::task::yield_now().await;
            closing.close().await;
        });
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(count(&options).await, i64::try_from(done).expect("is small"));
        assert!(matches!(writer.write(Write::One(add("late"))).await, Err(StoreError::Unavailable(_))));
    }
}
