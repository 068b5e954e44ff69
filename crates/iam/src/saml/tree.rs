//! XML as a tree with namespaces. Document types and processing instructions are refused: SAML has no use for
//! them, attackers do. Comments are dropped and the text around them is one, so that none can hide a part of a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// How deep elements may lie within each other: the tree is walked by recursion.
const DEEPEST: usize = 64;

const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Prefixes and what they stand for; the empty one is the default namespace.
pub(super) type Scope = Arc<BTreeMap<String, String>>;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attribute {
    pub(super) prefix: String,
    pub(super) local: String,
    pub(super) namespace: String,
    pub(super) value: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Element {
    pub(super) prefix: String,
    pub(super) local: String,
    pub(super) namespace: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) scope: Scope,
    pub(super) children: Vec<Node>,
}

impl Element {
    /// Whether it has this name.
    pub(super) fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The children of this name.
    pub(super) fn all<'e, 'n>(
        &'e self,
        namespace: &'n str,
        local: &'n str,
    ) -> impl Iterator<Item = &'e Element> + use<'e, 'n> {
        self.elements().filter(move |element| element.is(namespace, local))
    }

    /// The child of this name, if there is exactly one.
    pub(super) fn one(&self, namespace: &str, local: &str) -> Option<&Element> {
        let mut found = self.all(namespace, local);
        found.next().filter(|_| found.next().is_none())
    }

    /// An attribute without namespace.
    pub(super) fn attribute(&self, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|a| a.namespace.is_empty() && a.local == local);
        found.map(|attribute| attribute.value.as_str())
    }

    /// The text directly in it, without white space around it.
    pub(super) fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|child| match child {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect::<String>().trim().to_owned()
    }

    /// It and all elements in it.
    pub(super) fn visit(&self, see: &mut impl FnMut(&Element)) {
        see(self);
        for child in self.elements() {
            child.visit(see);
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(Node::Text(last)) = self.children.last_mut() {
            last.push_str(text);
        } else if !text.is_empty() {
            self.children.push(Node::Text(text.to_owned()));
        }
    }
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let top = open.last_mut();
        match (event, top) {
            (Event::Start(start), top) => {
                let element = element(&start, top.map(|top| &top.scope))?;
                if root.is_some() || open.len() >= DEEPEST {
                    return Err("the document has two roots or is too deep".to_owned());
                }
                open.push(element);
            }
            (Event::Empty(start), top) => {
                let element = element(&start, top.as_ref().map(|top| &top.scope))?;
                close(element, top, &mut root)?;
            }
            (Event::End(_), _) => {
                let element = open.pop().ok_or("an element ends that has not begun")?;
                close(element, open.last_mut(), &mut root)?;
            }
            (Event::Text(text), Some(top)) => top.push_text(&text.decode().map_err(|e| e.to_string())?),
            (Event::CData(text), Some(top)) => top.push_text(&text.decode().map_err(|e| e.to_string())?),
            (Event::GeneralRef(reference), Some(top)) => {
                let name = reference.decode().map_err(|error| error.to_string())?;
                top.push_text(resolved(&name)?.encode_utf8(&mut [0; 4]));
            }
            (Event::Text(text), None) if text.iter().all(u8::is_ascii_whitespace) => {}
            (Event::Comment(_) | Event::Decl(_), _) => {}
            (Event::Eof, None) => return root.ok_or_else(|| "there is no element".to_owned()),
            (Event::DocType(_), _) => return Err("document types are not taken".to_owned()),
            _ => return Err("the document is not well-formed".to_owned()),
        }
    }
}

fn close(element: Element, parent: Option<&mut Element>, root: &mut Option<Element>) -> Result<(), String> {
    match parent {
        Some(parent) => parent.children.push(Node::Element(element)),
        None if root.is_some() => return Err("the document has two roots".to_owned()),
        None => *root = Some(element),
    }
    Ok(())
}

/// What a reference stands for: XML's own five, and characters by number.
fn resolved(name: &str) -> Result<char, String> {
    let number = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        },
        None => None,
    };
    match (name, number.and_then(char::from_u32)) {
        ("amp", _) => Ok('&'),
        ("lt", _) => Ok('<'),
        ("gt", _) => Ok('>'),
        ("quot", _) => Ok('"'),
        ("apos", _) => Ok('\''),
        (_, Some(character)) => Ok(character),
        _ => Err(format!("the reference &{name}; is not known")),
    }
}

/// An attribute's value as a parser hands it on: white space is made blanks, then references are resolved.
fn value(raw: &[u8]) -> Result<String, String> {
    let mut rest = std::str::from_utf8(raw).map_err(|error| error.to_string())?;
    let mut value = String::with_capacity(rest.len());
    loop {
        let (plain, reference) = match rest.split_once('&') {
            Some((plain, after)) => (plain, Some(after)),
            None => (rest, None),
        };
        value.extend(plain.chars().map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }));
        let Some(after) = reference else { return Ok(value) };
        let (name, after) = after.split_once(';').ok_or("a reference does not end")?;
        value.push(resolved(name)?);
        rest = after;
    }
}

fn split(name: &[u8]) -> Result<(String, String), String> {
    let name = std::str::from_utf8(name).map_err(|error| error.to_string())?;
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    if local.is_empty() || local.contains(':') {
        return Err(format!("{name} is not a name"));
    }
    Ok((prefix.to_owned(), local.to_owned()))
}

fn element(start: &BytesStart<'_>, outer: Option<&Scope>) -> Result<Element, String> {
    let (prefix, local) = split(start.name().as_ref())?;
    let mut declared: BTreeMap<String, String> = BTreeMap::new();
    let mut plain = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = value(&attribute.value)?;
        match split(attribute.key.as_ref())? {
            (prefix, local) if prefix == "xmlns" => declared.insert(local, value),
            (prefix, local) if prefix.is_empty() && local == "xmlns" => declared.insert(String::new(), value),
            (prefix, local) => {
                plain.push((prefix, local, value));
                None
            }
        };
    }
    let outer = outer.cloned().unwrap_or_default();
    let scope = if declared.is_empty() {
        outer
    } else {
        Arc::new(outer.iter().map(|(p, uri)| (p.clone(), uri.clone())).chain(declared).collect())
    };
    let namespace = |prefix: &str| match prefix {
        "xml" => Ok(XML.to_owned()),
        "" => Ok(scope.get("").cloned().unwrap_or_default()),
        _ => {
            let found = scope.get(prefix).filter(|uri| !uri.is_empty());
            found.cloned().ok_or_else(|| format!("the prefix {prefix} stands for nothing"))
        }
    };
    let mut attributes: Vec<Attribute> = Vec::new();
    for (prefix, local, value) in plain {
        let namespace = if prefix.is_empty() { String::new() } else { namespace(&prefix)? };
        if attributes.iter().any(|a| a.namespace == namespace && a.local == local) {
            return Err(format!("the attribute {local} is given twice"));
        }
        attributes.push(Attribute { prefix, local, namespace, value });
    }
    Ok(Element { namespace: namespace(&prefix)?, prefix, local, attributes, scope, children: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_their_namespaces() {
        let root = parse(
            r#"<a:r xmlns:a="A" xmlns="D" k="1&#10;2"><b a:x="y"/>t<!-- c -->u<![CDATA[<]]>&amp;</a:r>"#,
        )
        .unwrap();
        assert!(root.is("A", "r"));
        assert_eq!(root.attribute("k"), Some("1\n2"));
        assert_eq!(root.text(), "tu<&");
        let child = root.one("D", "b").unwrap();
        assert_eq!(child.attributes.first().unwrap().namespace, "A");
    }

    #[test]
    fn what_attackers_need_is_refused() {
        for bad in [
            r#"<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>"#,
            "<a>&e;</a>",
            "<?x y?><a/>",
            "<a/><b/>",
            "<a></b>",
            "<p:a/>",
            r#"<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>"#,
            "text",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&"<a>".repeat(100)).is_err());
    }
}
