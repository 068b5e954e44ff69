use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use super::XmlFormat;

/// How deep elements may nest.
const DEEPEST: usize = 100;

/// An element: its text, and its attributes and children by their names.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its own text.
    pub(super) text: String,
    /// What is in it, in the order of the file.
    pub(super) parts: Vec<(String, Element)>,
}

impl Element {
    /// Reads the element that a record is.
    ///
    /// # Errors
    /// It is not well formed.
    pub(super) fn parse(bytes: &[u8], format: &XmlFormat) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let mut reader = Reader::from_str(text);
        let mut open: Vec<(String, Self)> = Vec::new();
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => {
                    if open.len() >= DEEPEST {
                        return Err(format!("elements are nested more than {DEEPEST} deep"));
                    }
                    open.push(opened(&start, format)?);
                }
                Event::Empty(start) => {
                    let (name, element) = opened(&start, format)?;
                    if let Some((_, parent)) = open.last_mut() {
                        parent.parts.push((name, element));
                    }
                }
                Event::End(_) => {
                    let Some((name, mut element)) = open.pop() else { continue };
                    element.close(format);
                    match open.last_mut() {
                        Some((_, parent)) => parent.parts.push((name, element)),
                        None => return Ok(element),
                    }
                }
                Event::Text(text) => add(&mut open, &text.decode().map_err(|error| error.to_string())?),
                Event::CData(text) => add(&mut open, &text.decode().map_err(|error| error.to_string())?),
                Event::GeneralRef(name) => {
                    let character = name.resolve_char_ref().map_err(|error| error.to_string())?;
                    let name = name.decode().map_err(|error| error.to_string())?;
                    match (character, resolve_xml_entity(&name)) {
                        (Some(character), _) => add(&mut open, character.encode_utf8(&mut [0; 4])),
                        (None, Some(text)) => add(&mut open, text),
                        // Entities of a document's own are not looked up.
                        (None, None) => add(&mut open, &format!("&{name};")),
                    }
                }
                Event::Eof => return Err("it is cut off".to_owned()),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => {}
            }
        }
    }

    fn close(&mut self, format: &XmlFormat) {
        // White space between children is no text.
        if (format.trim || !self.parts.is_empty()) && self.text.trim() != self.text {
            self.text = self.text.trim().to_owned();
        }
    }

    /// The parts of a name: as it is or, if there are none, in any case.
    pub(super) fn named<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Self> + use<'a, 'n> {
        let same = self.parts.iter().any(|(part, _)| part == name);
        let fits = move |part: &str| if same { part == name } else { part.eq_ignore_ascii_case(name) };
        self.parts.iter().filter(move |(part, _)| fits(part)).map(|(_, element)| element)
    }
}

fn add(open: &mut [(String, Element)], text: &str) {
    if let Some((_, element)) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn opened(start: &BytesStart<'_>, format: &XmlFormat) -> Result<(String, Element), String> {
    let mut element = Element::default();
    if !format.exclude_attribute {
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let text = attribute.unescape_value().map_err(|error| error.to_string())?.into_owned();
            element
                .parts
                .push((format!("{}{name}", format.attribute_prefix), Element { text, parts: vec![] }));
        }
    }
    Ok((String::from_utf8_lossy(start.name().as_ref()).into_owned(), element))
}
