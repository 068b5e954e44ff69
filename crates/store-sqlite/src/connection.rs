use std::path::Path;
use std::time::Duration;

use mastic_store::StoreError;
use mastic_store::engine::{KeyAt, Order, Row, Span};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, params};

use crate::Options;
use crate::failure::failure;

/// Most records are some hundred bytes to 4 KB; pages of this size hold them without overflow pages.
const PAGE_BYTES: u64 = 8192;

/// A checkpointer works beside the writer; this is how far the log may grow (in pages, 64 MiB) where it cannot keep up.
const LOG_LIMIT: u32 = 8192;

/// Nobody else should hold the file; a curious `sqlite3` shell may, for a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection and the statements the engine knows. SQL is written here and nowhere else.
pub(crate) struct Sql(Connection);

impl Sql {
    /// Opens without making the file. Settings that live in a connection are set by the others.
    pub(crate) fn bare(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failure)?;
        connection.busy_timeout(PATIENCE).map_err(failure)?;
        connection.set_prepared_statement_cache_capacity(32);
        // Otherwise SQLite plans a statement anew whenever other keys are bound to it, which costs more than to run it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failure)?;
        Ok(Self(connection))
    }

    /// Makes an empty database of the given identity. The rows are not in the tree of their keys (`WITHOUT ROWID`
    /// would put them there): with values over a kilobyte that tree takes twice the space and
    /// point reads twice the time, and replacing a value would touch it.
    pub(crate) fn create(&self, application: i64, layout: i64) -> Result<(), StoreError> {
        self.batch(&format!(
            "PRAGMA synchronous=OFF; PRAGMA page_size={PAGE_BYTES}; PRAGMA journal_mode=WAL;
             BEGIN IMMEDIATE;
             PRAGMA application_id={application}; PRAGMA user_version={layout};
             CREATE TABLE kv (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL);
             COMMIT;"
        ))
    }

    pub(crate) fn reader(path: &Path) -> Result<Self, StoreError> {
        let sql = Self::bare(path)?;
        sql.batch("PRAGMA query_only=1; PRAGMA cache_size=-16384;")?;
        Ok(sql)
    }

    pub(crate) fn writer(path: &Path, options: Options) -> Result<Self, StoreError> {
        let sql = Self::bare(path)?;
        sql.batch(&format!(
            "PRAGMA synchronous=FULL; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint={LOG_LIMIT};"
        ))?;
        if let Some(bytes) = options.max_bytes {
            sql.batch(&format!("PRAGMA max_page_count={};", (bytes / PAGE_BYTES).max(1)))?;
        }
        Ok(sql)
    }

    fn batch(&self, statements: &str) -> Result<(), StoreError> {
        self.0.execute_batch(statements).map_err(failure)
    }

    pub(crate) fn number(&self, query: &str) -> Result<i64, StoreError> {
        self.0.query_row(query, [], |row| row.get(0)).map_err(failure)
    }

    pub(crate) fn run(&self, statement: &str, params: impl Params) -> Result<usize, StoreError> {
        self.0.prepare_cached(statement).and_then(|mut ready| ready.execute(params)).map_err(failure)
    }

    /// Whether a transaction is open; SQLite ends it by itself after some errors.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.0.is_autocommit()
    }

    /// Copies what the log holds into the database, as far as readers allow.
    pub(crate) fn checkpoint(&self) -> Result<(), StoreError> {
        self.number("PRAGMA wal_checkpoint(PASSIVE)").map(drop)
    }

    pub(crate) fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        const UPSERT: &str =
            "INSERT INTO kv (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v";
        self.run(UPSERT, params![key, value]).map(drop)
    }

    pub(crate) fn delete(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.run("DELETE FROM kv WHERE k = ?1", params![key]).map(|rows| rows > 0)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0
            .prepare_cached("SELECT v FROM kv WHERE k = ?1")
            .and_then(|mut ready| ready.query_row(params![key], |row| row.get(0)).optional())
            .map_err(failure)
    }

    pub(crate) fn page(&self, span: &Span, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = match (&span.end, order) {
            (Some(_), Order::Ascending) => "SELECT k, v FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k LIMIT ?3",
            (Some(_), Order::Descending) => {
                "SELECT k, v FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k DESC LIMIT ?3"
            }
            (None, Order::Ascending) => {
                "SELECT k, v FROM kv WHERE k >= ?1 AND ?2 IS NULL ORDER BY k LIMIT ?3"
            }
            (None, Order::Descending) => {
                "SELECT k, v FROM kv WHERE k >= ?1 AND ?2 IS NULL ORDER BY k DESC LIMIT ?3"
            }
        };
        let mut ready = self.0.prepare_cached(query).map_err(failure)?;
        let rows =
            ready.query_map(params![span.start, span.end, limit], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).map_err(failure)
    }

    /// The index of keys has all that this asks for, so the rows stay unread.
    pub(crate) fn keys(&self, span: &Span, limit: usize) -> Result<Vec<KeyAt>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = match span.end {
            Some(_) => "SELECT k, rowid FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k LIMIT ?3",
            None => "SELECT k, rowid FROM kv WHERE k >= ?1 AND ?2 IS NULL ORDER BY k LIMIT ?3",
        };
        let mut ready = self.0.prepare_cached(query).map_err(failure)?;
        let keys =
            ready.query_map(params![span.start, span.end, limit], |row| Ok((row.get(0)?, row.get(1)?)));
        keys.and_then(Iterator::collect).map_err(failure)
    }

    pub(crate) fn value(&self, row: i64) -> Result<Option<Vec<u8>>, StoreError> {
        self.0
            .prepare_cached("SELECT v FROM kv WHERE rowid = ?1")
            .and_then(|mut ready| ready.query_row([row], |row| row.get(0)).optional())
            .map_err(failure)
    }

    pub(crate) fn count(&self, span: &Span) -> Result<u64, StoreError> {
        let query = match span.end {
            Some(_) => "SELECT count(*) FROM kv WHERE k >= ?1 AND k < ?2",
            None => "SELECT count(*) FROM kv WHERE k >= ?1 AND ?2 IS NULL",
        };
        self.0
            .prepare_cached(query)
            .and_then(|mut ready| ready.query_row(params![span.start, span.end], |row| row.get(0)))
            .map_err(failure)
    }
}

#[cfg(test)]
mod tests {
    use mastic_store::engine::{Order, Span};
    use rusqlite::StatementStatus;

    use super::Sql;

    #[test]
    fn a_statement_is_planned_once_whatever_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        std::fs::File::create(&file).unwrap();
        let sql = Sql::bare(&file).unwrap();
        sql.create(1, 1).unwrap();
        for key in 0..50_u8 {
            sql.put(&[key], b"value").unwrap();
        }
        for key in 0..50_u8 {
            let span = Span { start: vec![key], end: Some(vec![key, 1]) };
            assert_eq!(sql.page(&span, Order::Ascending, 1 + usize::from(key)).unwrap().len(), 1);
        }
        let statement =
            sql.0.prepare_cached("SELECT k, v FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k LIMIT ?3");
        let statement = statement.unwrap();
        assert!(statement.get_status(StatementStatus::Run) >= 50, "it is the one that pages use");
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
