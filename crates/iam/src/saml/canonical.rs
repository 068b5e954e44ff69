//! The form in which XML is signed ("Exclusive XML Canonicalization Version 1.0", without comments).

use std::collections::BTreeMap;

use super::SIGNATURE;
use super::tree::{Element, Node};

/// Writes an element as it is signed. `inclusive` are prefixes whose declarations count though nothing uses them;
/// `enveloped` leaves out the signature that lies directly in the element.
pub(super) fn canonical(element: &Element, inclusive: &[String], enveloped: bool) -> String {
    let mut out = String::new();
    write(&mut out, element, inclusive, &BTreeMap::new(), enveloped);
    out
}

fn write(
    out: &mut String,
    element: &Element,
    inclusive: &[String],
    rendered: &BTreeMap<&str, &str>,
    enveloped: bool,
) {
    let mut used: Vec<&str> = vec![&element.prefix];
    used.extend(element.attributes.iter().map(|a| a.prefix.as_str()).filter(|prefix| !prefix.is_empty()));
    for prefix in inclusive {
        let prefix = if prefix == "#default" { "" } else { prefix };
        if element.scope.contains_key(prefix) {
            used.push(prefix);
        }
    }
    used.retain(|prefix| *prefix != "xml");
    used.sort_unstable();
    used.dedup();

    let name = qualified(&element.prefix, &element.local);
    out.push('<');
    out.push_str(&name);
    let mut now = rendered.clone();
    for prefix in used {
        let uri = element.scope.get(prefix).map(String::as_str).unwrap_or_default();
        // An empty default namespace is declared only where another one was before.
        if rendered.get(prefix).copied().unwrap_or_default() == uri {
            continue;
        }
        now.insert(prefix, uri);
        out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        out.push_str(prefix);
        out.push_str("=\"");
        escape(out, uri, true);
        out.push('"');
    }
    let mut attributes: Vec<_> = element.attributes.iter().collect();
    attributes.sort_by_key(|a| (&a.namespace, &a.local));
    for attribute in attributes {
        out.push(' ');
        out.push_str(&qualified(&attribute.prefix, &attribute.local));
        out.push_str("=\"");
        escape(out, &attribute.value, true);
        out.push('"');
    }
    out.push('>');
    for child in &element.children {
        match child {
            Node::Text(text) => escape(out, text, false),
            Node::Element(child) if enveloped && child.is(SIGNATURE, "Signature") => {}
            Node::Element(child) => write(out, child, inclusive, &now, false),
        }
    }
    out.push_str("</");
    out.push_str(&name);
    out.push('>');
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

fn escape(out: &mut String, text: &str, attribute: bool) {
    for c in text.chars() {
        match (c, attribute) {
            ('&', _) => out.push_str("&amp;"),
            ('<', _) => out.push_str("&lt;"),
            ('>', false) => out.push_str("&gt;"),
            ('"', true) => out.push_str("&quot;"),
            ('\t', true) => out.push_str("&#x9;"),
            ('\n', true) => out.push_str("&#xA;"),
            ('\r', _) => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    fn of(xml: &str) -> String {
        canonical(&parse(xml).unwrap(), &[], false)
    }

    #[test]
    fn declarations_stand_where_they_are_used() {
        assert_eq!(
            of(r#"<a xmlns:p="P" xmlns:q="Q"><p:b q:y="2" x='1'/></a>"#),
            r#"<a><p:b xmlns:p="P" xmlns:q="Q" x="1" q:y="2"></p:b></a>"#
        );
        assert_eq!(of(r#"<p:a xmlns:p="P"><p:b/></p:a>"#), r#"<p:a xmlns:p="P"><p:b></p:b></p:a>"#);
        assert_eq!(of(r#"<a xmlns="A"><b xmlns=""/></a>"#), r#"<a xmlns="A"><b xmlns=""></b></a>"#);
    }

    #[test]
    fn a_part_takes_its_declarations_along() {
        let root = parse(r#"<r xmlns:p="P" xmlns:q="Q"><p:b/></r>"#).unwrap();
        let part = root.elements().next().unwrap();
        assert_eq!(canonical(part, &[], false), r#"<p:b xmlns:p="P"></p:b>"#);
        assert_eq!(canonical(part, &["q".to_owned()], false), r#"<p:b xmlns:p="P" xmlns:q="Q"></p:b>"#);
    }

    #[test]
    fn text_is_escaped_as_the_form_demands() {
        assert_eq!(
            of("<a k=\"&quot;&lt;&gt;&#13;\">&gt;&amp;\"&#13;</a>"),
            "<a k=\"&quot;&lt;>&#xD;\">&gt;&amp;\"&#xD;</a>"
        );
    }
}
