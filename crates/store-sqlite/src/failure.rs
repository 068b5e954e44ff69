use std::path::Path;

use mastic_store::StoreError;
use rusqlite::{Error, ErrorCode};

/// SQLite's errors in the store's words.
pub(crate) fn failure(error: Error) -> StoreError {
    let text = error.to_string().into();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(text),
        _ => StoreError::Io(text),
    }
}

pub(crate) fn file_failure(path: &Path, error: &std::io::Error) -> StoreError {
    let text = format!("{}: {error}", path.display()).into();
    if error.kind() == std::io::ErrorKind::StorageFull {
        StoreError::Full(text)
    } else {
        StoreError::Io(text)
    }
}
