//! Rows out of MySQL and MariaDB, and into them.

use futures::StreamExt as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Error, Params, Row as Found, Value as Sent};

use crate::error::QueryError;
use crate::insert::{Insert, pieces};
use crate::mysql::{MySql, cause};
use crate::mysql_values::{column, read, sent};
use crate::rows::{Column, Gather};
use crate::url::Engine;
use crate::value::{Row, Value};

/// Times go and come in UTC; what does not fit a column is refused and not cut, as Java's driver has it; a backslash escapes; and a reader may
/// take an hour over what was sent.
const SESSION: &str = "SET SESSION time_zone = '+00:00', net_write_timeout = 3600, \
    sql_mode = CONCAT(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), ',STRICT_TRANS_TABLES')";

/// Parameters of a statement at most.
const PARAMETERS: usize = 65_535;

/// The error of a server that knows no such table.
const NO_SUCH_TABLE: u16 = 1146;

fn failed(error: Error) -> QueryError {
    QueryError(cause(&error))
}

impl MySql {
    pub(crate) async fn set_up(&mut self) -> Result<(), QueryError> {
        self.execute(SESSION).await
    }

    pub(crate) async fn execute(&mut self, statement: &str) -> Result<(), QueryError> {
        self.connection.query_drop(statement).await.map_err(failed)
    }

    pub(crate) async fn columns(&mut self, relation: &str) -> Result<Vec<Column>, QueryError> {
        self.described(relation).await.map_err(failed)
    }

    /// The columns of a table; none if it is not there.
    pub(crate) async fn table_columns(&mut self, table: &str) -> Result<Option<Vec<Column>>, QueryError> {
        match self.described(table).await {
            Ok(columns) => Ok(Some(columns)),
            Err(Error::Server(said)) if said.code == NO_SUCH_TABLE => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn described(&mut self, relation: &str) -> Result<Vec<Column>, Error> {
        let statement = self.connection.prep(format!("SELECT * FROM {relation}")).await?;
        Ok(statement.columns().iter().map(|found| column(found, self.reading)).collect())
    }

    /// The columns of a table's primary key; none of a view.
    pub(crate) async fn primary_key(&mut self, table: &str) -> Result<Vec<String>, QueryError> {
        let keys = format!("SHOW KEYS FROM {table} WHERE Key_name = 'PRIMARY'");
        let found: Vec<Found> = self.connection.query(keys).await.map_err(failed)?;
        let name = |mut row: Found| row.take_opt::<String, _>("Column_name").and_then(Result::ok);
        Ok(found.into_iter().filter_map(name).collect())
    }

    /// The storage engine of a table if it is one without transactions.
    pub(crate) async fn without_transactions(&mut self, table: &str) -> Result<Option<String>, QueryError> {
        let made: Option<Found> =
            self.connection.query_first(format!("SHOW CREATE TABLE {table}")).await.map_err(failed)?;
        let text: Option<String> = made.and_then(|mut row| row.take_opt(1)).and_then(Result::ok);
        let text = text.unwrap_or_default();
        // Options follow the columns; a view has no engine of its own.
        let Some((_, rest)) = text.rsplit_once("\n) ENGINE=") else { return Ok(None) };
        let engine = rest.split_whitespace().next().unwrap_or_default();
        let statement = "SELECT TRANSACTIONS FROM information_schema.ENGINES WHERE ENGINE = ?";
        let has: Option<Option<String>> =
            self.connection.exec_first(statement, (engine,)).await.map_err(failed)?;
        Ok((has.flatten().as_deref() == Some("NO")).then(|| engine.to_owned()))
    }

    /// Reads the rows of a statement whose columns are known; gives itself back if all came.
    pub(crate) async fn read(
        mut self: Box<Self>,
        statement: String,
        mut gather: Gather,
    ) -> Option<Box<Self>> {
        let columns = gather.columns().to_vec();
        let reading = self.reading;
        let mut rows = match self.connection.exec_stream::<Found, _, _>(statement, ()).await {
            Ok(rows) => rows,
            Err(error) => {
                gather.fail(failed(error)).await;
                return None;
            }
        };
        while let Some(row) = rows.next().await {
            let mut values = match row {
                Ok(row) => row.unwrap_raw(),
                Err(error) => {
                    gather.fail(failed(error)).await;
                    return None;
                }
            };
            let value = |at: usize| {
                let sent = values.get_mut(at).and_then(Option::take).unwrap_or(Sent::NULL);
                columns.get(at).map_or(Ok(Value::Null), |column| read(sent, column, reading))
            };
            if !gather.take(value).await {
                return None;
            }
        }
        drop(rows);
        gather.finish().await;
        Some(self)
    }

    /// Adds rows. `first` is the number of the first among all, from 1.
    pub(crate) async fn insert(
        &mut self,
        insert: &Insert,
        rows: &[Row],
        first: u64,
    ) -> Result<(), QueryError> {
        let width = insert.columns.len().max(1);
        let mut begun = first;
        for piece in pieces(rows, PARAMETERS / width) {
            let statement = insert.statement(Engine::MySql, piece.len(), |_, _| "?".to_owned());
            let mut values = Vec::with_capacity(piece.len() * width);
            for (row, number) in piece.iter().zip(begun..) {
                for (value, column) in row.iter().zip(&insert.columns) {
                    values.push(sent(value).map_err(|why| {
                        QueryError(format!("row {number}, column `{}`: {why}", column.name))
                    })?);
                }
            }
            let done = self.connection.exec_drop(statement, Params::Positional(values)).await;
            done.map_err(|error| placed(&error, begun, piece.len()))?;
            begun += piece.len() as u64;
        }
        Ok(())
    }
}

/// What the server said of a piece of rows, with the row's number among all where it tells one of the piece.
fn placed(error: &Error, first: u64, rows: usize) -> QueryError {
    let said = cause(error);
    let place = said.split_once(" at row ").and_then(|(before, rest)| {
        let (row, after) = rest.split_at_checked(rest.find(' ')?)?;
        Some((row.parse::<u64>().ok()?, format!("{before}{after}")))
    });
    QueryError(match place {
        Some((row, said)) => format!("row {}: {said}", first + row - 1),
        None => format!("rows {first} to {}: {said}", first + rows as u64 - 1),
    })
}

#[cfg(test)]
mod tests {
    use mysql_async::ServerError;

    use super::*;

    #[test]
    fn rows_are_told_by_their_number_among_all() {
        let error = |message: &str| {
            let (message, state) = (message.to_owned(), "22001".to_owned());
            placed(&Error::Server(ServerError { code: 1406, message, state }), 101, 8).to_string()
        };
        assert_eq!(
            error("Data too long for column 'x' at row 3"),
            "row 103: Data too long for column 'x' (error 1406, SQLSTATE 22001)"
        );
        assert_eq!(
            error("Lock wait timeout"),
            "rows 101 to 108: Lock wait timeout (error 1406, SQLSTATE 22001)"
        );
    }
}
