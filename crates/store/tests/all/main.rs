//! The store over its in-memory engine.

#[cfg(test)]
mod contract {
    use mastic_store::contract::{Failure, Subject};

    fn fresh() -> Result<Subject, Failure> {
        Ok(Subject::new(mastic_store::MemoryEngine::new(), ()))
    }

    mastic_store::engine_contract!(fresh);
}

#[cfg(test)]
mod keys;
#[cfg(test)]
mod records;
#[cfg(test)]
mod stages;
