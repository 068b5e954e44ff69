//! The sources that a script has opened, whose rows are read when something asks for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mastic_engine::HeldSource;

use super::words::wrong;
use crate::failure::Failure;

/// An open source, and where its rows go if Spark wants them.
pub(super) struct Open {
    pub(super) held: Arc<HeldSource>,
    /// The folder of the scratch with its rows.
    pub(super) folder: String,
    /// Whether one record that cannot be read ends the run.
    pub(super) fail_fast: bool,
}

/// All of them, by numbers that count up.
#[derive(Default)]
pub(super) struct Sources(Mutex<BTreeMap<u64, Arc<Open>>>);

impl Sources {
    /// Keeps one: its number.
    pub(super) fn keep(&self, open: Open) -> u64 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = all.last_key_value().map_or(0, |(last, _)| last + 1);
        all.insert(number, Arc::new(open));
        number
    }

    /// The one with a number.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn get(&self, number: u64) -> Result<Arc<Open>, Failure> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&number).cloned().ok_or_else(|| wrong(format!("there is no source {number}")))
    }
}
