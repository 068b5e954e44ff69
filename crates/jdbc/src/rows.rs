//! Rows as they come from a database, in batches, while the reader takes them.

use std::fmt;

use mastic_hive::HiveType;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::error::QueryError;
use crate::value::{Row, Value};

/// Rows of a batch at most.
const BATCH_ROWS: usize = 8192;

/// Bytes after which a batch is given away.
const BATCH_BYTES: usize = 2 << 20;

/// Batches that wait for their reader.
const WAITING: usize = 2;

/// A column of a table or query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as Glue has it; values are of this type.
    pub ty: HiveType,
    /// What JDBC calls its type (`java.sql.Types`).
    pub jdbc_type: &'static str,
    /// Its type as the database calls it.
    pub raw_type: String,
    /// How it is selected.
    pub(crate) expression: String,
}

/// The statement that selects columns of a relation, which is what stands behind `FROM`.
pub(crate) fn select(relation: &str, columns: &[Column], conditions: &[String]) -> String {
    let mut expressions: Vec<&str> = columns.iter().map(|column| column.expression.as_str()).collect();
    if expressions.is_empty() {
        expressions.push("1");
    }
    let mut statement = format!("SELECT {} FROM {relation}", expressions.join(", "));
    if !conditions.is_empty() {
        // A comment at the end of a condition ends with its line.
        let conditions: Vec<String> = conditions.iter().map(|text| format!("({text}\n)")).collect();
        statement.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    statement
}

/// The rows of a query. Who drops them ends the query.
pub struct Rows {
    pub(crate) batches: Batches,
    pub(crate) connection: oneshot::Receiver<Connection>,
}

pub(crate) type Batches = Receiver<Result<Vec<Row>, QueryError>>;

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

impl Rows {
    /// The next rows; none at the end.
    ///
    /// # Errors
    /// The server's, that the connection broke off, and the row and column of a value that cannot be held.
    pub async fn next(&mut self) -> Option<Result<Vec<Row>, QueryError>> {
        self.batches.recv().await
    }

    /// The connection, for whatever comes next; none if not all rows were taken, or not all came.
    pub async fn into_connection(self) -> Option<Connection> {
        let Self { batches, connection } = self;
        // Who reads must not wait for somebody who takes what is left.
        drop(batches);
        connection.await.ok()
    }
}

/// Where rows are put together.
pub(crate) struct Gather {
    sender: Sender<Result<Vec<Row>, QueryError>>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    bytes: usize,
    count: u64,
}

impl Gather {
    pub(crate) fn new(columns: Vec<Column>) -> (Self, Batches) {
        let (sender, batches) = channel(WAITING);
        (Self { sender, columns, rows: Vec::new(), bytes: 0, count: 0 }, batches)
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Takes a row, whose values come by the number of their column. Whether more is wanted.
    pub(crate) async fn take(&mut self, mut value: impl FnMut(usize) -> Result<Value, String>) -> bool {
        self.count += 1;
        let mut row = Row::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            match value(at) {
                Ok(value) => {
                    self.bytes += value.size();
                    row.push(value);
                }
                Err(why) => {
                    let text =
                        format!("row {}, column `{}` ({}): {why}", self.count, column.name, column.raw_type);
                    self.fail(QueryError(text)).await;
                    return false;
                }
            }
        }
        self.rows.push(row);
        self.rows.len() < BATCH_ROWS && self.bytes < BATCH_BYTES || self.pass().await
    }

    async fn pass(&mut self) -> bool {
        self.bytes = 0;
        self.sender.send(Ok(std::mem::take(&mut self.rows))).await.is_ok()
    }

    /// Gives the last rows away.
    pub(crate) async fn finish(mut self) {
        if !self.rows.is_empty() {
            self.pass().await;
        }
    }

    /// Tells why there are no further rows.
    pub(crate) async fn fail(&mut self, error: QueryError) {
        // Who does not listen any more does not want to know.
        let _ = self.sender.send(Err(error)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Column {
        Column {
            name: name.to_owned(),
            ty: HiveType::Int,
            jdbc_type: "INTEGER",
            raw_type: "int4".to_owned(),
            expression: format!("\"{name}\""),
        }
    }

    #[test]
    fn statements() {
        assert_eq!(select("t", &[column("a"), column("b")], &[]), "SELECT \"a\", \"b\" FROM t");
        let conditions = ["x = 1 -- why".to_owned(), "y".to_owned()];
        assert_eq!(select("t", &[], &conditions), "SELECT 1 FROM t WHERE (x = 1 -- why\n) AND (y\n)");
    }

    #[tokio::test]
    async fn rows_come_in_batches_and_a_bad_one_is_named() {
        let (mut gather, mut rows) = Gather::new(vec![column("a")]);
        let worked = tokio::spawn(async move {
            for number in 0..BATCH_ROWS as i64 + 1 {
                assert!(gather.take(|_| Ok(Value::Int(number))).await);
            }
            assert!(!gather.take(|_| Err("it is odd".to_owned())).await);
        });
        assert_eq!(rows.recv().await.unwrap().unwrap().len(), BATCH_ROWS);
        let error = rows.recv().await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "row 8194, column `a` (int4): it is odd");
        worked.await.unwrap();
        assert!(rows.recv().await.is_none());
    }
}
