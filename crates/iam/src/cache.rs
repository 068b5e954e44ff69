//! What was read from the store and worked out, as long as nothing it came from changes.

use std::collections::HashMap;
use std::sync::Arc;

use mastic_policy::{Document, PolicyError};
use parking_lot::RwLock;

/// Entries kept at most. Past that all go: names that callers make up must not fill the memory.
const MOST: usize = 20_000;

/// Values by text, true for one generation of what they came from.
pub(crate) struct Cache<V> {
    state: RwLock<(u64, HashMap<String, V>)>,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self { state: RwLock::new((0, HashMap::new())) }
    }
}

impl<V: Clone> Cache<V> {
    /// The value of this generation, made where it is missing. `generation` must have been read
    /// before `make` reads the store: what `make` sees may then be newer, and is made again, but never older.
    pub(crate) fn get<E>(
        &self,
        generation: u64,
        name: &str,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        {
            let state = self.state.read();
            if state.0 == generation
                && let Some(value) = state.1.get(name)
            {
                return Ok(value.clone());
            }
        }
        let value = make()?;
        let mut state = self.state.write();
        if state.0 < generation || state.1.len() >= MOST {
            state.1.clear();
            state.0 = state.0.max(generation);
        }
        if state.0 == generation {
            state.1.insert(name.to_owned(), value.clone());
        }
        Ok(value)
    }
}

/// Parsed documents by their text, which never go stale.
#[derive(Default)]
pub(crate) struct Documents(Cache<Arc<Document>>);

impl Documents {
    /// The document of this text.
    pub(crate) fn parse(&self, json: &str) -> Result<Arc<Document>, PolicyError> {
        self.0.get(1, json, || Document::parse(json).map(Arc::new))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn a_new_generation_reads_again() {
        let cache = Cache::default();
        let get = |generation, value| cache.get(generation, "a", || Ok::<_, Infallible>(value));
        assert_eq!(get(1, 1), Ok(1));
        assert_eq!(get(1, 2), Ok(1));
        assert_eq!(get(2, 3), Ok(3));
        // A reader that was slow does not bring the old state back.
        assert_eq!(get(1, 4), Ok(4));
        assert_eq!(get(2, 5), Ok(3));
    }
}
