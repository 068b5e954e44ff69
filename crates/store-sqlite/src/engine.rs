use std::cell::{Cell, RefCell};
use std::path::Path;

use mastic_store::StoreError;
use mastic_store::engine::{Batch, Engine, KeyAt, Order, Row, Snapshot, Span};
use parking_lot::{Mutex, MutexGuard};

use crate::Options;
use crate::checkpoint::Checkpointer;
use crate::connection::Sql;
use crate::directory::Directory;

/// How many read connections are kept for reuse; more are opened when more read at once.
const KEPT_READERS: usize = 32;

/// The engine over one data directory.
///
/// The order of the fields is the order of closing: the directory's lock goes last.
pub struct SqliteEngine {
    checkpointer: Checkpointer,
    readers: Mutex<Vec<Sql>>,
    writer: Mutex<Sql>,
    directory: Directory,
}

impl SqliteEngine {
    /// Opens the engine on a directory, which is made where it is missing.
    ///
    /// # Errors
    /// See [`crate::open`].
    pub fn open(directory: &Path, options: Options) -> Result<Self, StoreError> {
        let directory = Directory::take(directory)?;
        let writer = Sql::writer(directory.database(), options)?;
        Ok(Self {
            checkpointer: Checkpointer::start(directory.database().to_owned())?,
            readers: Mutex::default(),
            writer: Mutex::new(writer),
            directory,
        })
    }
}

impl Engine for SqliteEngine {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let pooled = self.readers.lock().pop();
        let sql = match pooled {
            Some(sql) => sql,
            None => Sql::reader(self.directory.database())?,
        };
        sql.run("BEGIN", [])?;
        Ok(Box::new(View { engine: self, sql: Some(sql) }))
    }

    fn begin(&self) -> Result<Box<dyn Batch + '_>, StoreError> {
        let sql = self.writer.lock();
        sql.run("BEGIN IMMEDIATE", [])?;
        Ok(Box::new(Group { engine: self, sql, bytes: Cell::new(0), lost: RefCell::default() }))
    }
}

/// A read transaction on a connection of the pool.
struct View<'a> {
    engine: &'a SqliteEngine,
    sql: Option<Sql>,
}

impl View<'_> {
    fn sql(&self) -> Result<&Sql, StoreError> {
        self.sql.as_ref().ok_or(StoreError::Closed)
    }
}

impl Snapshot for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.sql()?.get(key)
    }

    fn page(&self, span: &Span, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.sql()?.page(span, order, limit)
    }

    fn keys(&self, span: &Span, limit: usize) -> Result<Vec<KeyAt>, StoreError> {
        self.sql()?.keys(span, limit)
    }

    fn value(&self, (_, row): &KeyAt) -> Result<Option<Vec<u8>>, StoreError> {
        self.sql()?.value(*row)
    }

    fn count(&self, span: &Span) -> Result<u64, StoreError> {
        self.sql()?.count(span)
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Some(sql) = self.sql.take()
            && sql.run("COMMIT", []).is_ok()
        {
            let mut readers = self.engine.readers.lock();
            if readers.len() < KEPT_READERS {
                readers.push(sql);
            }
        }
    }
}

/// The write transaction of a group of writes.
struct Group<'a> {
    engine: &'a SqliteEngine,
    sql: MutexGuard<'a, Sql>,
    bytes: Cell<u64>,
    /// Why SQLite ended the transaction by itself, as it does when the disk is full.
    lost: RefCell<Option<StoreError>>,
}

impl Group<'_> {
    /// Runs a step of the transaction. Once SQLite has ended it no step may run, as it would
    /// be a transaction of its own.
    fn step<T>(&self, step: impl FnOnce(&Sql) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(cause) = &*self.lost.borrow() {
            return Err(cause.clone());
        }
        let result = step(&self.sql);
        if let Err(error) = &result
            && !self.sql.in_transaction()
        {
            *self.lost.borrow_mut() = Some(error.clone());
        }
        result
    }
}

impl Snapshot for Group<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.step(|sql| sql.get(key))
    }

    fn page(&self, span: &Span, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.step(|sql| sql.page(span, order, limit))
    }

    fn keys(&self, span: &Span, limit: usize) -> Result<Vec<KeyAt>, StoreError> {
        self.step(|sql| sql.keys(span, limit))
    }

    fn value(&self, (_, row): &KeyAt) -> Result<Option<Vec<u8>>, StoreError> {
        self.step(|sql| sql.value(*row))
    }

    fn count(&self, span: &Span) -> Result<u64, StoreError> {
        self.step(|sql| sql.count(span))
    }
}

impl Batch for Group<'_> {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.bytes.set(self.bytes.get() + (key.len() + value.len()) as u64);
        self.step(|sql| sql.put(key, value))
    }

    fn delete(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.bytes.set(self.bytes.get() + key.len() as u64);
        self.step(|sql| sql.delete(key))
    }

    fn savepoint(&self) -> Result<(), StoreError> {
        self.step(|sql| sql.run("SAVEPOINT one", []).map(drop))
    }

    fn keep(&self) -> Result<(), StoreError> {
        self.step(|sql| sql.run("RELEASE one", []).map(drop))
    }

    fn undo(&self) -> Result<(), StoreError> {
        self.step(|sql| {
            sql.run("ROLLBACK TO one", [])?;
            sql.run("RELEASE one", []).map(drop)
        })
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.step(|sql| sql.run("COMMIT", [])).map_err(|error| match error {
            // The log may have been written whole though waiting for the disk failed; a later start may find it.
            StoreError::Io(cause) => StoreError::Uncertain(cause),
            other => other,
        })?;
        self.engine.checkpointer.committed(self.bytes.get());
        Ok(())
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        if self.sql.in_transaction() {
            // If this fails too, the next BEGIN says so.
            let _ = self.sql.run("ROLLBACK", []);
        }
    }
}
