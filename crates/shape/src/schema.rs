use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// What a shape looks like on the wire and what its values must satisfy.
#[derive(Debug)]
pub struct Schema {
    /// The shape's name in AWS's model.
    pub name: &'static str,
    /// Its kind, with the constraints that go with it.
    pub kind: Kind,
    /// Whether a value must stay out of logs and audit records.
    pub sensitive: bool,
}

/// The kind of a shape.
#[derive(Debug)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// 32 bits, with its bounds.
    Integer(Bounds<i64>),
    /// 64 bits, with its bounds.
    Long(Bounds<i64>),
    /// A floating-point number, with its bounds.
    Double(Bounds<f64>),
    /// Text.
    String {
        /// Bounds of the length in characters.
        length: Bounds<i64>,
        /// The regular expression that the whole text must match.
        pattern: Option<&'static Pattern>,
        /// The permitted values of an enum; empty for free text.
        values: &'static [&'static str],
    },
    /// Bytes, with the bounds of their number.
    Blob(Bounds<i64>),
    /// A moment; epoch seconds in JSON.
    Timestamp,
    /// A moment that is ISO 8601 text in JSON too.
    Iso8601,
    /// A sequence.
    List {
        /// The members' shape.
        member: &'static Schema,
        /// The XML and Query name of one member, usually `member`.
        member_name: &'static str,
        /// Whether XML and Query forms leave out the element around the members.
        flattened: bool,
        /// Bounds of the number of members.
        length: Bounds<i64>,
    },
    /// Text keys to values.
    Map {
        /// The keys' shape.
        key: &'static Schema,
        /// The values' shape.
        value: &'static Schema,
        /// Bounds of the number of entries.
        length: Bounds<i64>,
    },
    /// Any value: the model does not say more.
    Document,
    /// Named members, in the model's order.
    Structure(&'static [Member]),
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The model's name, which [`crate::Value`] trees use.
    pub name: &'static str,
    /// The name on the wire.
    pub wire: &'static str,
    /// Its shape.
    pub schema: &'static Schema,
    /// Whether it must be present.
    pub required: bool,
}

/// Inclusive bounds; either may be open.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<T> {
    /// The least permitted value.
    pub min: Option<T>,
    /// The greatest permitted value.
    pub max: Option<T>,
}

/// A regular expression of the model, compiled when it is first needed.
#[derive(Debug)]
pub struct Pattern {
    /// As the model writes it (Java's dialect), for error texts.
    pub source: &'static str,
    /// The same in the dialect of the `regex` crate, anchored.
    pub rust: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Used by generated code: the model's text and its translation.
    #[must_use]
    pub const fn new(source: &'static str, rust: &'static str) -> Self {
        Self { source, rust, compiled: OnceLock::new() }
    }

    /// The compiled expression; `None` where the translation is not valid, which a test of every
    /// API crate rules out.
    pub fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| RegexBuilder::new(self.rust).size_limit(64 << 20).build().ok()).as_ref()
    }
}

impl<T> Bounds<T> {
    /// No bounds.
    pub const OPEN: Self = Self { min: None, max: None };
}

impl Schema {
    /// The members of a structure; none for any other kind.
    #[must_use]
    pub fn members(&self) -> &'static [Member] {
        match self.kind {
            Kind::Structure(members) => members,
            _ => &[],
        }
    }

    /// The member with this model name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members().iter().find(|m| m.name == name)
    }
}
