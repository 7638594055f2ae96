//! A write as a value: one statement, several that stand or fall together, several behind a gate, or several gates. So it can
//! wait in a queue and share a commit with others. Where it runs is decided in `engine.rs` and `writer.rs`.

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
    /// Each has to change a row. The first one that does not undoes those before it.
    Gates(Vec<Statement>),
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
            Self::All(statements) | Self::Gates(statements) => statements.len() == 1,
            Self::Gated { then, .. } => then.is_empty(),
        }
    }

    /// Whether what ran is to stay, when this was its answer.
    pub(crate) fn keeps(&self, answer: u64) -> bool {
        match self {
            Self::Gates(gates) => answer == gates.len() as u64,
            Self::One(_) | Self::All(_) | Self::Gated { .. } => true,
        }
    }

    /// Runs the statements on one connection. Answers how many rows they changed; behind a gate, how many the gate did; of
    /// several gates, how many opened.
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
            Self::Gates(gates) => open_in_turn(gates, connection).await,
        }
    }
}

async fn open_in_turn(gates: &[Statement], connection: &mut AnyConnection) -> Result<u64, sqlx::Error> {
    for (opened, gate) in (0..).zip(gates) {
        if execute(gate, connection).await? == 0 {
            return Ok(opened);
        }
    }
    Ok(gates.len() as u64)
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
