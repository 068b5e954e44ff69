//! The master key: opens what the store keeps sealed. Whoever has a copy of the data directory without it has no
//! secret of anybody's.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use mastic_core::{Entropy, Vault};
use mastic_store::{Keyspace, Record, Store};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Sealed with the master key when the store was new: the key that opens it is the right one.
#[derive(Serialize, Deserialize)]
struct Proof {
    sealed: Vec<u8>,
}

impl Record for Proof {
    const VERSION: u16 = 1;
}

const PROOFS: Keyspace<String, Proof> = Keyspace::new("mastic.master_key");

/// The one row, and what it is sealed for.
const PLACE: &str = "proof";

/// The vault of a store, whose key is in `file`. A new store gets the key that is there, or a fresh one.
pub async fn vault(store: &Store, file: &Path, entropy: &dyn Entropy) -> Result<Vault, Failure> {
    let Some(proof) = store.read(|tx| PROOFS.get(tx, PLACE))? else {
        let vault = match read(file)? {
            Some(vault) => vault,
            None => make(file, entropy)?,
        };
        let proof = Proof { sealed: vault.seal(entropy, PLACE, &[]) };
        store.write(move |tx| PROOFS.put(tx, PLACE, &proof)).await?;
        return Ok(vault);
    };
    let shown = file.display();
    let vault = read(file)?.ok_or_else(|| {
        Failure::Usage(format!(
            "the master key is missing: put {shown} back, or say where it is with --master-key-file; without it the \
             secrets in this data directory cannot be read"
        ))
    })?;
    match vault.open(PLACE, &proof.sealed) {
        Ok(_) => Ok(vault),
        Err(_) => Err(Failure::Usage(format!("the master key in {shown} does not fit this data directory"))),
    }
}

fn read(file: &Path) -> Result<Option<Vault>, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => match text.trim().parse() {
            Ok(vault) => Ok(Some(vault)),
            Err(error) => Err(Failure::Usage(format!("{}: {error}", file.display()))),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file(file)(error)),
    }
}

/// Writes a fresh key for the owner's eyes only; it is on the disk, whole, before it gets its name. If
/// another server was quicker, its key is taken.
fn make(file: &Path, entropy: &dyn Entropy) -> Result<Vault, Failure> {
    let unfinished = file.with_extension(format!("{}.new", entropy.hex(8)));
    let mut made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(Failure::file(&unfinished))?;
    let written = writeln!(made, "{}", entropy.hex(32)).and_then(|()| made.sync_all());
    // Unlike a rename, a link never takes the place of a key that is there.
    let named = written.and_then(|()| match fs::hard_link(&unfinished, file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    fs::remove_file(&unfinished).map_err(Failure::file(&unfinished))?;
    named.map_err(Failure::file(file))?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(directory).and_then(|d| d.sync_all()).map_err(Failure::file(directory))?;
    read(file)?.ok_or_else(|| Failure::Usage(format!("{} went away", file.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use mastic_core::{SeededEntropy, SystemEntropy};

    use super::*;

    async fn refusal(store: &Store, file: &Path) -> String {
        vault(store, file, &SystemEntropy::new()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_new_store_gets_a_key_and_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("master.key");
        let (store, entropy) = (Store::memory().unwrap(), SeededEntropy::new(1));
        let sealed = vault(&store, &file, &entropy).await.unwrap().seal(&entropy, "a", b"b");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.trim().len(), 64);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(vault(&store, &file, &entropy).await.unwrap().open("a", &sealed).unwrap(), b"b");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }

    #[tokio::test]
    async fn a_key_that_is_there_is_taken_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("given");
        fs::write(&file, "07".repeat(32)).unwrap();
        let entropy = SystemEntropy::new();
        let made = vault(&Store::memory().unwrap(), &file, &entropy).await.unwrap();
        let sealed = made.seal(&entropy, "a", b"b");
        assert_eq!(Vault::new([7; 32]).open("a", &sealed).unwrap(), b"b");
        assert_eq!(make(&file, &entropy).unwrap().open("a", &sealed).unwrap(), b"b");
    }

    #[tokio::test]
    async fn a_missing_or_foreign_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("master.key");
        let store = Store::memory().unwrap();
        vault(&store, &file, &SystemEntropy::new()).await.unwrap();
        fs::write(&file, "07".repeat(32)).unwrap();
        assert!(refusal(&store, &file).await.ends_with("master.key does not fit this data directory"));
        fs::write(&file, "07").unwrap();
        assert!(refusal(&store, &file).await.ends_with("master.key: a master key is 64 hexadecimal digits"));
        fs::remove_file(&file).unwrap();
        assert!(refusal(&store, &file).await.starts_with("the master key is missing: put "));
        assert!(!file.exists());
    }
}
