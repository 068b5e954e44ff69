use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use mastic_store::StoreError;

use crate::connection::Sql;
use crate::failure::file_failure;

/// `Mast` in SQLite's header tells the file from other programs'.
const APPLICATION: i64 = 0x4d61_7374;
/// The version of the table layout. Records have versions of their own.
const LAYOUT: i64 = 1;

const DATABASE: &str = "store.sqlite3";
const UNFINISHED: &str = "store.sqlite3.new";
const LOCK: &str = "store.lock";

/// A data directory that this process alone holds.
pub(crate) struct Directory {
    database: PathBuf,
    /// The lock is held as long as the file is open, and never left behind by a killed process.
    _lock: File,
}

impl Directory {
    /// Takes the directory, making it and the database in it where they are missing.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| file_failure(path, &e))?;
        let lock = private_file(&path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(file_failure(path, &error)),
        }
        let database = path.join(DATABASE);
        if database.exists() {
            check(&database)?;
        } else {
            create(path, &database)?;
        }
        Ok(Self { database, _lock: lock })
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }
}

fn private_file(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| file_failure(path, &error))
}

/// Makes the database under another name, without waiting for the disk at each step, and gives it its own name
/// when it is whole and durable: a first start is quick, and one cut short leaves nothing that is half made.
fn create(directory: &Path, database: &Path) -> Result<(), StoreError> {
    let unfinished = directory.join(UNFINISHED);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let leftover = directory.join(format!("{UNFINISHED}{suffix}"));
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(file_failure(&leftover, &error));
            }
            _ => {}
        }
    }
    let file = private_file(&unfinished)?;
    let sql = Sql::bare(&unfinished)?;
    sql.create(APPLICATION, LAYOUT)?;
    drop(sql);
    file.sync_all().map_err(|error| file_failure(&unfinished, &error))?;
    fs::rename(&unfinished, database).map_err(|error| file_failure(database, &error))?;
    File::open(directory).and_then(|d| d.sync_all()).map_err(|error| file_failure(directory, &error))
}

fn check(database: &Path) -> Result<(), StoreError> {
    let sql = Sql::bare(database)?;
    let application = sql.number("PRAGMA application_id")?;
    let layout = sql.number("PRAGMA user_version")?;
    let name = database.display();
    if application != APPLICATION {
        return Err(StoreError::Format(format!("{name} is not a store of Mastic's").into()));
    }
    if layout != LAYOUT {
        return Err(StoreError::Format(
            format!("{name} has layout {layout}, this version of Mastic knows {LAYOUT}").into(),
        ));
    }
    Ok(())
}
