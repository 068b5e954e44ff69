//! The SQLite engine: the contract, its directory, and being killed.

#[cfg(test)]
mod contract {
    use mastic_store::contract::{Failure, Subject};
    use mastic_store_sqlite::{Options, SqliteEngine};

    fn fresh() -> Result<Subject, Failure> {
        let directory = tempfile::tempdir().map_err(|error| Failure::new(error.to_string()))?;
        Ok(Subject::new(SqliteEngine::open(directory.path(), Options::default())?, directory))
    }

    mastic_store::engine_contract!(fresh);
}

#[cfg(test)]
mod crash;
#[cfg(test)]
mod directory;
