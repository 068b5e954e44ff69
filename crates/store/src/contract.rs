//! What every engine must do, as tests. An engine's crate runs them all, each as a test of its own:
//!
//! ```
//! use mastic_store::contract::{Failure, Subject};
//!
//! fn fresh() -> Result<Subject, Failure> {
//!     Ok(Subject::new(mastic_store::MemoryEngine::new(), ()))
//! }
//! mastic_store::engine_contract!(fresh);
//! ```

mod engine;
mod facade;
mod staged;

use std::any::Any;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::overlay::PublishError;
use crate::{Keyspace, Record, Store, StoreError};

pub use engine::*;
pub use facade::*;
pub use staged::*;

/// An empty engine under test, and what must live as long as it does (its directory).
pub struct Subject {
    engine: Box<dyn Engine>,
    keep: Box<dyn Any>,
}

impl Subject {
    /// An empty engine and its surroundings.
    pub fn new(engine: impl Engine, keep: impl Any) -> Self {
        Self { engine: Box::new(engine), keep: Box::new(keep) }
    }

    fn store(self) -> Result<(Store, Box<dyn Any>), Failure> {
        Ok((Store::new(self.engine)?, self.keep))
    }
}

/// What the engine did not do.
pub struct Failure(String);

impl Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// A failure of the surroundings.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self(error.to_string())
    }
}

#[track_caller]
fn same<T: PartialEq + Debug>(found: T, expected: T) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    let place = std::panic::Location::caller();
    Err(Failure(format!("{place}: found {found:?}, expected {expected:?}")))
}

/// A record for the tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note(String);

impl Record for Note {
    const VERSION: u16 = 1;
}

fn note(text: &str) -> Note {
    Note(text.to_owned())
}

const NOTES: Keyspace<(String, String), Note> = Keyspace::new("contract.note").staged();
const COUNTS: Keyspace<(u64,), Count> = Keyspace::new("contract.count");

/// A record that is counted up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Count(u64);

impl Record for Count {
    const VERSION: u16 = 1;
}

/// Runs the contract on engines that the function (`fn() -> Result<Subject, Failure>`) makes.
#[macro_export]
macro_rules! engine_contract {
    ($fresh:path) => {
        $crate::engine_contract!(@ $fresh:
            pairs_are_read_back pages_walk_both_ways counts_are_exact empty_spans_are_empty undo_reaches_the_savepoint
            a_dropped_batch_leaves_nothing a_snapshot_stands_still large_values_are_kept many_rows_are_kept
            a_failed_write_is_rolled_back_alone a_panic_is_rolled_back hooks_run_after_the_commit
            writes_of_many_threads_follow_each_other readers_see_whole_transactions generations_tell_of_changes
            scans_page_and_seek scans_skip clearing_removes_a_range a_waiting_write_inside_a_write_is_refused
            asynchronous_writes_are_answered a_stage_is_seen_by_its_run_only a_published_stage_is_true
            a_changed_base_is_a_conflict a_discarded_stage_is_gone
        );
    };
    (@ $fresh:path: $($name:ident)*) => {
        $(
            #[test]
            fn $name() -> Result<(), $crate::contract::Failure> {
                $crate::contract::$name($fresh()?)
            }
        )*
    };
}
