//! JSON, also by a path.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mastic_classify::{Classifiers, Custom};
use mastic_hive::JsonPath;

mod classify;

static PATH: LazyLock<Classifiers> = LazyLock::new(|| classify::custom(Custom::Json { path: "$.a[*].*".into() }));

fuzz_target!(|bytes: &[u8]| {
    classify::ask(bytes);
    classify::ask_custom(&PATH, bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<JsonPath>();
    }
});
