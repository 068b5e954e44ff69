use quick_xml::Reader;
use quick_xml::events::Event;

use crate::WireError;
use crate::base::DEEPEST;

/// An XML element: its local name, text and children; attributes and namespaces carry nothing here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The local name.
    pub name: String,
    /// The text directly inside.
    pub text: String,
    /// The elements directly inside.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document; gives its root.
    ///
    /// # Errors
    /// [`WireError::Xml`] for what is not well-formed or nests too deep.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let bad = |what: &str| WireError::Xml(format!("The answer is not valid XML: {what}."));
        let mut reader = Reader::from_reader(bytes);
        let mut open: Vec<Self> = vec![Self::default()];
        let named =
            |name: &[u8]| Self { name: String::from_utf8_lossy(name).into_owned(), ..Self::default() };
        loop {
            let event = reader.read_event().map_err(|e| bad(&e.to_string()))?;
            match event {
                Event::Start(start) => open.push(named(start.local_name().as_ref())),
                Event::Empty(start) => {
                    let element = named(start.local_name().as_ref());
                    open.last_mut().ok_or_else(|| bad("it has no root"))?.children.push(element);
                }
                Event::End(_) => {
                    let done = open.pop().ok_or_else(|| bad("an element ends twice"))?;
                    open.last_mut().ok_or_else(|| bad("an element ends twice"))?.children.push(done);
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|e| bad(&e.to_string()))?;
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                Event::CData(text) => {
                    let text = text.decode().map_err(|e| bad(&e.to_string()))?;
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    let c = match reference.resolve_char_ref().map_err(|e| bad(&e.to_string()))? {
                        Some(c) => c,
                        None => match reference.as_ref() {
                            b"amp" => '&',
                            b"lt" => '<',
                            b"gt" => '>',
                            b"quot" => '"',
                            b"apos" => '\'',
                            _ => return Err(bad("it holds an unknown entity")),
                        },
                    };
                    if let Some(element) = open.last_mut() {
                        element.text.push(c);
                    }
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
            if open.len() > DEEPEST {
                return Err(bad("it nests too deep"));
            }
        }
        match (open.pop(), open.is_empty()) {
            (Some(root), true) => root.children.into_iter().next().ok_or_else(|| bad("it is empty")),
            _ => Err(bad("it ends early")),
        }
    }

    /// The first child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of this name, at any depth.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|c| if c.name == name { Some(c) } else { c.find(name) })
    }
}
