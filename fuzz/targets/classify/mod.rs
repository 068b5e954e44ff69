//! What the targets of the classifiers share: a file is shown whole and cut, and what comes of it must make sense.

use std::sync::LazyLock;

use mastic_classify::{Classified, Classifiers, Custom, Outcome, Sample, classify};
use mastic_hive::HiveType;

/// Shows a file to the built-in classifiers.
pub fn ask(bytes: &[u8]) {
    show(bytes, &|sample| classify(sample));
}

/// Shows a file to a custom classifier, too.
pub fn ask_custom(classifiers: &LazyLock<Classifiers>, bytes: &[u8]) {
    show(bytes, &|sample| classifiers.classify(sample));
}

/// A classifier that is known to be good.
pub fn custom(custom: Custom) -> Classifiers {
    Classifiers::new(&[custom]).expect("a classifier")
}

type Ask<'a> = &'a dyn Fn(&Sample<'_>) -> Result<Outcome, mastic_classify::ClassifyError>;

fn show(bytes: &[u8], ask: Ask<'_>) {
    let size = bytes.len() as u64;
    let whole = Sample { size, head: bytes, tail: None };
    if let Ok(outcome) = ask(&whole) {
        let Outcome::Done(found) = outcome else { panic!("nothing more can be had: {outcome:?}") };
        check(&found);
    }
    // A mebibyte of a larger file, and its end. That takes its time: once in a while is enough.
    if bytes.len() % 16 != 0 {
        return;
    }
    let mut head = bytes.to_vec();
    head.resize(1 << 20, b' ');
    let mut cut = Sample { size: 3 << 20, head: &head, tail: None };
    for _ in 0..2 {
        match ask(&cut) {
            Ok(Outcome::Done(found)) => return check(&found),
            Ok(Outcome::NeedTail(wanted)) => {
                assert!(wanted <= cut.size);
                cut.tail = Some(bytes);
            }
            Ok(Outcome::NeedHead(wanted)) => return assert!(wanted > head.len() as u64 && wanted <= cut.size),
            Err(_) => return,
        }
    }
}

fn check(found: &Classified) {
    for column in &found.columns {
        assert!(!column.name.is_empty() && column.name == column.name.to_lowercase(), "{column:?}");
        let text = column.ty.to_string();
        assert!(text.parse::<HiveType>().is_ok(), "{text}");
    }
}
