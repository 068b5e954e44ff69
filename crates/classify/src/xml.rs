//! XML: the elements that are records, by a custom classifier's row tag (Writing XML custom classifiers in the AWS Glue
//! Developer Guide) or, without one, the whole document as one record.

#[cfg(test)]
mod tests;
mod tree;

use std::borrow::Cow;
use std::sync::Arc;

use mastic_hive::{Format, HiveType, stored_name};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::classified::{Classified, Column, Details, RecordCounts};
use crate::content::{Content, MAX_RECORDS};
use crate::found::Found;
use tree::Tree;

/// What is before an attribute's name in that of its column, as in Glue's XML reader.
const ATTRIBUTE: &str = "_";
/// What the text of an element that has attributes or children is called, as in Glue's XML reader.
const VALUE: &str = "_VALUE";

/// How many attributes an element may have.
const MAX_ATTRIBUTES: usize = 1000;

/// The document as one record, whose columns are what the root element has in it.
pub(crate) fn classify(content: &Content<'_>) -> Found {
    if !looks_like_markup(content.text()) || !content.is_text() {
        return Found::No;
    }
    let mut scan = Scan::new(None);
    let ended = scan.run(content.text());
    let Some(root) = scan.root.clone() else {
        return if content.complete || ended == Ended::Broken { Found::No } else { Found::Unfinished };
    };
    match (ended, content.complete) {
        (Ended::Broken, _) | (Ended::Early, true) => return Found::No,
        _ => {}
    }
    let counts = RecordCounts { records: 1, average_size: content.uncompressed_size() };
    Found::Yes(classified(content, Cow::Borrowed("xml"), &root.into(), scan.tree, counts))
}

/// The elements that are called `row_tag` as records.
pub(crate) fn classify_rows(content: &Content<'_>, classification: &str, row_tag: &Arc<str>) -> Found {
    if !looks_like_markup(content.text()) || !content.is_text() {
        return Found::No;
    }
    let mut scan = Scan::new(Some(row_tag));
    let ended = scan.run(content.text());
    match ended {
        Ended::Broken => return Found::No,
        _ if scan.rows == 0 && !content.complete => return Found::Unfinished,
        _ if scan.rows == 0 => return Found::No,
        _ => {}
    }
    let counts = content.counts(scan.rows as u64, scan.end);
    Found::Yes(classified(content, Cow::Owned(classification.to_owned()), row_tag, scan.tree, counts))
}

fn classified(
    content: &Content<'_>,
    classification: Cow<'static, str>,
    row_tag: &Arc<str>,
    tree: Tree,
    counts: RecordCounts,
) -> Classified {
    let columns = match tree.into_type() {
        HiveType::Struct(fields) => fields.into_iter().map(Column::of_field).collect(),
        HiveType::Void => Vec::new(),
        ty => vec![Column { name: stored_name(VALUE), ty }],
    };
    Classified {
        classification,
        columns,
        details: Details::Xml { row_tag: Arc::clone(row_tag) },
        counts,
        ..Classified::new(Format::Xml, content.compression)
    }
}

fn looks_like_markup(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start(), [b'<', b'?' | b'!' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.., ..])
}

/// How reading a document ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// With the document, or after as many rows as are looked at.
    Well,
    /// In the middle of an element, or before the first.
    Early,
    /// At what is no XML, or is more than is looked at.
    Broken,
}

/// One reading of a document.
struct Scan<'a> {
    /// The name of the elements that are records; none when the root is the record.
    row_tag: Option<&'a str>,
    tree: Tree,
    /// The root element's name, once it was met.
    root: Option<String>,
    /// How many records ended, and where the last did.
    rows: usize,
    end: usize,
    /// How many elements are open outside of a record.
    outside: usize,
}

impl<'a> Scan<'a> {
    fn new(row_tag: Option<&'a str>) -> Self {
        Self { row_tag, tree: Tree::default(), root: None, rows: 0, end: 0, outside: 0 }
    }

    fn run(&mut self, text: &[u8]) -> Ended {
        let mut reader = Reader::from_reader(text);
        reader.config_mut().allow_dangling_amp = true;
        loop {
            let at = |reader: &Reader<&[u8]>| usize::try_from(reader.buffer_position()).unwrap_or(text.len());
            let event = match reader.read_event() {
                Ok(event) => event,
                // Where the text was cut, a tag may be open; all else is an error of the document's.
                Err(quick_xml::Error::Syntax(_)) if at(&reader) >= text.len() => return Ended::Early,
                Err(_) => return Ended::Broken,
            };
            let fits = match event {
                Event::Start(start) => self.open(&start),
                Event::Empty(start) => self.empty(&start),
                Event::End(_) => {
                    self.close(at(&reader));
                    true
                }
                Event::Text(text) => self.text(&text),
                Event::CData(text) => self.text(&text),
                Event::GeneralRef(_) => self.text(b"&"),
                Event::Eof if self.tree.is_open() || self.outside > 0 || self.root.is_none() => {
                    return Ended::Early;
                }
                Event::Eof => return Ended::Well,
                _ => true,
            };
            if !fits {
                return Ended::Broken;
            }
            if self.rows >= MAX_RECORDS {
                return Ended::Well;
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> bool {
        let tag = start.name();
        let name = name(tag.as_ref());
        if name.is_empty() {
            return false;
        }
        if self.root.is_none() {
            self.root = Some(name.clone().into_owned());
        } else if !self.tree.is_open() && self.outside == 0 {
            // A second root.
            return false;
        }
        if self.tree.is_open() {
            return self.tree.open(&name) && self.attributes(start);
        }
        if self.row_tag.is_none_or(|tag| tag == name) {
            self.tree.open_record();
            return self.attributes(start);
        }
        self.outside += 1;
        true
    }

    /// AWS's classifier does not parse records that are empty elements.
    fn empty(&mut self, start: &BytesStart<'_>) -> bool {
        if start.name().as_ref().is_empty() {
            return false;
        }
        if self.tree.is_open() {
            let fits = self.tree.open(&name(start.name().as_ref())) && self.attributes(start);
            self.tree.close();
            return fits;
        }
        match self.root {
            None => self.root = Some(name(start.name().as_ref()).into_owned()),
            // A second root.
            Some(_) if self.outside == 0 => return false,
            Some(_) => {}
        }
        true
    }

    fn attributes(&mut self, start: &BytesStart<'_>) -> bool {
        for (place, attribute) in start.attributes().with_checks(false).enumerate() {
            let Ok(attribute) = attribute else { return false };
            if place >= MAX_ATTRIBUTES {
                return false;
            }
            let key = attribute.key.as_ref();
            if key == b"xmlns" || key.starts_with(b"xmlns:") {
                continue;
            }
            if !self.tree.open(&format!("{ATTRIBUTE}{}", name(key))) {
                return false;
            }
            self.tree.text(&attribute.value);
            self.tree.close();
        }
        true
    }

    fn text(&mut self, text: &[u8]) -> bool {
        if self.tree.is_open() {
            self.tree.text(text);
            return true;
        }
        // Outside of the root there is but white space.
        self.outside > 0 || text.trim_ascii().is_empty()
    }

    fn close(&mut self, at: usize) {
        if self.tree.is_open() {
            self.tree.close();
            if !self.tree.is_open() {
                self.rows += 1;
                self.end = at;
            }
        } else {
            self.outside = self.outside.saturating_sub(1);
        }
    }
}

fn name(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
