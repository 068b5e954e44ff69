//! Grok patterns: the first line is a pattern, the second a custom one, what follows are lines of a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastic_classify::{Classifiers, Custom, Sample, classify};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let (pattern, custom_patterns) = (text(), text());
    let lines = parts.next().unwrap_or_default();
    let sample = Sample { size: lines.len() as u64, head: lines, tail: None };
    let _ = classify(&sample);
    let custom = Custom::Grok { classification: "x".into(), pattern, custom_patterns };
    let classifiers = Classifiers::new(std::slice::from_ref(&custom));
    assert_eq!(classifiers.is_ok(), custom.check().is_ok());
    if let Ok(classifiers) = classifiers {
        let _ = classifiers.classify(&sample);
    }
});
