//! Mastic's own Python packages, as files.

use std::io;
use std::path::Path;
use std::sync::LazyLock;

use md5::{Digest, Md5};

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// A name for what the packages hold.
pub(crate) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut all = Md5::new();
    for (name, content) in SOURCES {
        all.update(name.len().to_le_bytes());
        all.update(name);
        all.update(content.len().to_le_bytes());
        all.update(content);
    }
    let mut name = hex::encode(all.finalize());
    name.truncate(16);
    name
});

/// Writes the packages into a folder of that name, whole or not at all.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let draft = folder.with_extension("draft");
    remove(&draft)?;
    for (name, content) in SOURCES {
        let path = draft.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
    }
    std::fs::rename(draft, folder)
}

/// Removes a folder that may not be there.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
