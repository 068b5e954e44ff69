//! Parquet's footers.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "some targets have custom classifiers")]
mod classify;

fuzz_target!(|bytes: &[u8]| classify::ask(&[b"PAR1", bytes].concat()));
