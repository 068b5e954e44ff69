//! BSON, and whatever has no mark of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "some targets have custom classifiers")]
mod classify;

fuzz_target!(|bytes: &[u8]| classify::ask(bytes));
