//! Golden files: the bytes of a record as a released version wrote them, kept beside the tests.

use std::fmt::{Debug, Write};
use std::fs;
use std::path::Path;

use crate::Record;
use crate::record;

/// Checks that the bytes in the golden file still decode to `expected`; and, if they are of the
/// current version, that `expected` is still written as exactly these bytes.
///
/// The file holds hexadecimal digits. Where it is missing it is written and the check fails, so
/// that a person looks at it and commits it. A file of an old version is never written again.
///
/// # Errors
/// A text that says what differs.
pub fn check<R: Record + PartialEq + Debug>(file: &Path, expected: &R) -> Result<(), String> {
    let bytes = record::encode(expected).map_err(|error| error.to_string())?;
    let Ok(text) = fs::read_to_string(file) else {
        fs::write(file, lines(&bytes)).map_err(|error| format!("{}: {error}", file.display()))?;
        return Err(format!("{} was missing and has been written: look at it and commit it", file.display()));
    };
    let digits: String = text.split_whitespace().collect();
    let golden = hex::decode(digits).map_err(|error| format!("{}: {error}", file.display()))?;
    let read: R = record::decode(&golden).map_err(|error| format!("{}: {error}", file.display()))?;
    if read != *expected {
        return Err(format!("{} is read as {read:?}, expected {expected:?}", file.display()));
    }
    if golden.get(..3) == bytes.get(..3) && golden != bytes {
        return Err(format!(
            "{} is no longer what this version writes; now it is\n{}",
            file.display(),
            lines(&bytes)
        ));
    }
    Ok(())
}

fn lines(bytes: &[u8]) -> String {
    bytes.chunks(32).fold(String::new(), |mut text, line| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", hex::encode(line));
        text
    })
}
