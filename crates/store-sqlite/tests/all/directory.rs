use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mastic_store::{Keyspace, Record, Store, StoreError};
use mastic_store_sqlite::{Options, SqliteEngine, open};
use rusqlite::Connection;

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Blob(String);

impl Record for Blob {
    const VERSION: u16 = 1;
}

const BLOBS: Keyspace<(u64,), Blob> = Keyspace::new("test.blob");

fn put(store: &Store, key: u64, length: usize) -> Result<(), StoreError> {
    store.write_blocking(move |tx| BLOBS.put(tx, &(key,), &Blob("x".repeat(length))))
}

fn database(directory: &Path) -> Connection {
    Connection::open(directory.join("store.sqlite3")).unwrap()
}

#[test]
fn what_was_written_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("new/data");
    put(&open(&data).unwrap(), 1, 10).unwrap();
    let store = open(&data).unwrap();
    assert_eq!(store.read(|tx| BLOBS.get(tx, &(1,))), Ok(Some(Blob("x".repeat(10)))));
}

#[test]
fn a_directory_has_one_server() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path()).unwrap();
    let second = open(directory.path()).unwrap_err();
    assert_eq!(second, StoreError::InUse(directory.path().to_owned()));
    assert!(second.to_string().ends_with("is in use by another server"), "{second}");
    drop(first);
    open(directory.path()).unwrap();
}

#[test]
fn others_cannot_read_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let store = open(&data).unwrap();
    put(&store, 1, 10).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn other_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    database(directory.path()).execute_batch("CREATE TABLE t (x)").unwrap();
    let error = open(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("is not a store of Mastic's"), "{error}");
}

#[test]
fn later_layouts_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    database(directory.path()).execute_batch("PRAGMA user_version=2").unwrap();
    let error = open(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("has layout 2, this version of Mastic knows 1"), "{error}");
}

#[test]
fn damage_is_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("store.sqlite3"), [b'?'; 8192]).unwrap();
    assert!(matches!(open(directory.path()), Err(StoreError::Corrupt(_))));
}

#[test]
fn a_first_start_cut_short_is_begun_again() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("store.sqlite3.new"), "half").unwrap();
    fs::write(directory.path().join("store.sqlite3.new-wal"), "half").unwrap();
    put(&open(directory.path()).unwrap(), 1, 10).unwrap();
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = open(&file.join("data")).unwrap_err();
    assert!(matches!(&error, StoreError::Io(text) if text.contains("file/data")), "{error}");
}

#[test]
fn a_full_store_goes_on_reading() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { max_bytes: Some(1 << 20) };
    let store = Store::new(SqliteEngine::open(directory.path(), options).unwrap()).unwrap();
    let (stored, error) =
        (0..64).find_map(|n| put(&store, n, 64 << 10).err().map(|error| (n, error))).unwrap();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert!(error.surely_undone());
    assert!((8..16).contains(&stored), "{stored}");
    assert_eq!(store.read(|tx| BLOBS.count(tx, BLOBS.all())), Ok(stored));

    // A closure that swallows the error must not commit the half of it.
    let swallowed = store.write_blocking(move |tx| {
        BLOBS.put(tx, &(100,), &Blob("small".into()))?;
        let _ = BLOBS.put(tx, &(101,), &Blob("x".repeat(1 << 20)));
        let _ = BLOBS.put(tx, &(102,), &Blob("small".into()));
        Ok::<_, StoreError>(())
    });
    assert!(matches!(swallowed, Err(StoreError::Full(_))), "{swallowed:?}");
    assert_eq!(store.read(|tx| BLOBS.count(tx, BLOBS.all().from(&(100,)))), Ok(0));

    store.write_blocking(|tx| BLOBS.delete(tx, &(0,))).unwrap();
    put(&store, 200, 32 << 10).unwrap();
    assert_eq!(store.read(|tx| BLOBS.count(tx, BLOBS.all())), Ok(stored));
}
