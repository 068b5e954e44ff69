//! Decisions, by both roads, against the naive evaluator of the policy crate's tests.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/policy/tests/naive/mod.rs"]
mod naive;

fuzz_target!(|bytes: &[u8]| {
    naive::cases::Case::new(bytes).check();
});
