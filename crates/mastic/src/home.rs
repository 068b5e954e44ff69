//! The data directory: what is where, and who may read it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The data directory of a server.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

/// How to reach the server of a data directory; written when it listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Address {
    /// The URL.
    pub endpoint: String,
    /// The region that `mastic env` names.
    pub region: String,
}

/// The root keys of an account.
#[derive(Debug, Clone)]
pub struct Keys {
    /// `AKIA...`.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
}

impl Home {
    /// Makes the directory, readable by its owner only, unless it is there.
    pub fn make(root: &Path) -> Result<Self, Failure> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(Failure::file(root))?;
        // Runners work elsewhere: what they are told must not depend on where the server was started.
        let root = root.canonicalize().map_err(Failure::file(root))?;
        Ok(Self { root })
    }

    /// The directory of a server that has been started before.
    pub fn find(root: &Path) -> Result<Self, Failure> {
        let home = Self { root: root.to_owned() };
        if home.credentials_file().exists() {
            return Ok(home);
        }
        Err(Failure::Usage(format!(
            "{} is not the data directory of a server: start one with `mastic serve --data {0}`, or name another \
             with --data",
            root.display()
        )))
    }

    /// The store's directory.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The audit trail's directory. Every call adds to the trail, and a reader's cache holds until its file changes:
    /// the trail has one of its own.
    pub fn trail(&self) -> PathBuf {
        self.root.join("trail")
    }

    /// Where runs have their scratch directories.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    /// The root keys of accounts, in the form of AWS's shared credentials file.
    pub fn credentials_file(&self) -> PathBuf {
        self.root.join("credentials")
    }

    /// The master key, unless it is kept elsewhere.
    pub fn master_key_file(&self) -> PathBuf {
        self.root.join("master.key")
    }

    fn address_file(&self) -> PathBuf {
        self.root.join("server.json")
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Notes where the server listens.
    pub fn write_address(&self, address: &Address) -> Result<(), Failure> {
        let path = self.address_file();
        let text = serde_json::to_vec(address).map_err(|e| Failure::Usage(e.to_string()))?;
        fs::write(&path, text).map_err(Failure::file(path))
    }

    /// Where the server listens, or listened last.
    pub fn address(&self) -> Result<Address, Failure> {
        let path = self.address_file();
        let text = fs::read(&path).map_err(Failure::file(&path))?;
        serde_json::from_slice(&text).map_err(|e| Failure::Usage(format!("{}: {e}", path.display())))
    }

    /// Adds the keys of an account as a profile, for the owner's eyes only; a profile that is there stays.
    pub fn add_keys(&self, profile: &str, keys: &Keys) -> Result<(), Failure> {
        if self.keys(profile)?.is_some() {
            return Ok(());
        }
        let path = self.credentials_file();
        let mut file = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(Failure::file(&path))?;
        let Keys { access_key_id, secret_access_key } = keys;
        let text = format!(
            "[{profile}]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {secret_access_key}\n\n"
        );
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(Failure::file(path))
    }

    /// The keys of a profile.
    pub fn keys(&self, profile: &str) -> Result<Option<Keys>, Failure> {
        let path = self.credentials_file();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(profile_keys(&text, profile)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(path)(error)),
        }
    }
}

fn profile_keys(text: &str, profile: &str) -> Option<Keys> {
    let heading = format!("[{profile}]");
    let section = text.lines().skip_while(|line| line.trim() != heading).skip(1);
    let pairs: Vec<(&str, &str)> = section
        .take_while(|line| !line.trim_start().starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let get = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    Some(Keys { access_key_id: get("aws_access_key_id")?, secret_access_key: get("aws_secret_access_key")? })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_kept_by_profile_and_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::make(&dir.path().join("data")).unwrap();
        let keys = |id: &str| Keys { access_key_id: id.to_owned(), secret_access_key: format!("{id}/s=e+") };
        home.add_keys("default", &keys("A")).unwrap();
        home.add_keys("444455556666", &keys("B")).unwrap();
        home.add_keys("default", &keys("C")).unwrap();
        assert_eq!(home.keys("default").unwrap().unwrap().access_key_id, "A");
        assert_eq!(home.keys("444455556666").unwrap().unwrap().secret_access_key, "B/s=e+");
        assert!(home.keys("1").unwrap().is_none());
        let mode = fs::metadata(home.credentials_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
