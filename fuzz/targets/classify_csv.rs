//! CSV, also by settings.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mastic_classify::{Classifiers, CsvSettings, Custom};

mod classify;

static SETTINGS: LazyLock<Classifiers> = LazyLock::new(|| {
    classify::custom(Custom::Csv(CsvSettings {
        delimiter: Some('#'),
        quote: Some('\''),
        header: vec!["a".into(), "b".into()],
        trim: true,
        allow_single_column: true,
        ..CsvSettings::default()
    }))
});

fuzz_target!(|bytes: &[u8]| {
    classify::ask(bytes);
    classify::ask_custom(&SETTINGS, bytes);
});
