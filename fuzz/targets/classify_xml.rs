//! XML, also by a row tag.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mastic_classify::{Classifiers, Custom};

mod classify;

static ROWS: LazyLock<Classifiers> =
    LazyLock::new(|| classify::custom(Custom::Xml { classification: "x".into(), row_tag: "b".into() }));

fuzz_target!(|bytes: &[u8]| {
    classify::ask(&[b"<a>", bytes].concat());
    classify::ask_custom(&ROWS, bytes);
});
