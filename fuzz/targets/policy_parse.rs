//! Documents from any bytes: nothing panics, and each statement of a document stands where it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastic_policy::{Document, DocumentKind, Statement, Version};

fn shape(statement: &Statement) -> impl PartialEq + std::fmt::Debug {
    let texts = |list: &mut dyn Iterator<Item = &str>| list.map(str::to_owned).collect::<Vec<_>>();
    let principals: Vec<_> = statement.principals().map(|(kind, value)| format!("{kind} {value}")).collect();
    (
        statement.sid().map(str::to_owned),
        statement.effect(),
        principals,
        texts(&mut statement.actions()),
        texts(&mut statement.resources()),
        statement.is_conditional(),
    )
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for kind in [
        DocumentKind::Identity,
        DocumentKind::Managed,
        DocumentKind::Trust,
        DocumentKind::Resource,
        DocumentKind::ServiceControl,
        DocumentKind::ResourceControl,
    ] {
        // What is good for a use is good in general.
        if Document::parse_as(text, kind).is_ok() {
            assert!(Document::parse(text).is_ok(), "{kind:?}");
        }
    }
    let Ok(document) = Document::parse(text) else { return };
    let _ = document.context_keys();
    let version = if document.version() == Version::V2012 { "2012-10-17" } else { "2008-10-17" };
    let mut behind = 0;
    for statement in document.statements() {
        let (span, simulated) = (statement.span(), statement.simulated_span());
        assert!(behind <= simulated.start.offset && simulated.start.offset <= span.start.offset + 1);
        behind = span.end.offset;
        let own: String = text.chars().skip(span.start.offset).take(behind - span.start.offset).collect();
        let alone =
            Document::parse(&format!(r#"{{"Version":"{version}","Statement":{own}}}"#)).expect("a statement");
        assert_eq!(shape(&alone.statements()[0]), shape(statement));
    }
});
