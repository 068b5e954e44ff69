//! Ion, binary and text.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "some targets have custom classifiers")]
mod classify;

fuzz_target!(|bytes: &[u8]| {
    classify::ask(&[b"\xe0\x01\x00\xea", bytes].concat());
    classify::ask(&[b"$ion_1_0 ", bytes].concat());
});
