//! A write as a value: one statement, several that stand or fall together, or several behind a gate. So it can wait in a
//! queue and share a commit with others. Where it runs is decided in `engine.rs` and `writer.rs`.

use sqlx::AnyConnection;

use crate::statement::Statement;

#[derive(Clone, Debug)]
pub(crate) enum Write {
    One(Statement),
    /// All of them or none.
    All(Vec<Statement>),
    /// `then` runs only when `gate` changed a row; all of them or none.
    Gated {
        gate: Statement,
        then: Vec<Statement>,
    },
}

impl From<Statement> for Write {
    fn from(statement: Statement) -> Self {
        Self::One(statement)
    }
}

impl Write {
    /// A single statement is undone by the database itself when it fails, and needs no transaction of its own.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::All(statements) => statements.len() == 1,
            Self::Gated { then, .. } => then.is_empty(),
        }
    }

    /// Runs the statements on one connection. Answers how many rows they changed; behind a gate, how many the gate did.
    pub(crate) async fn run(&self, connection: &mut AnyConnection) -> Result<u64, sqlx::Error> {
        match self {
            Self::One(statement) => execute(statement, connection).await,
            Self::All(statements) => execute_all(statements, connection).await,
            Self::Gated { gate, then } => {
                let changed = execute(gate, connection).await?;
                if changed > 0 {
                    execute_all(then, connection).await?;
                }
                Ok(changed)
            }
        }
    }
}

async fn execute_all(statements: &[Statement], connection: &mut AnyConnection) -> Result<u64, sqlx::Error> {
    let mut changed = 0;
    for statement in statements {
        changed += execute(statement, connection).await?;
    }
    Ok(changed)
}

async fn execute(statement: &Statement, connection: &mut AnyConnection) -> Result<u64, sqlx::Error> {
    Ok(statement.query().execute(connection).await?.rows_affected())
}
