use mastic_core::{AccountId, Arn, Region, Timestamp};

/// Why bytes are no key of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes end too early.
    #[error("the key is cut short")]
    Short,
    /// The bytes go on after the last part.
    #[error("the key is too long")]
    Long,
    /// A part is of another type.
    #[error("expected {expected}, found a part tagged {found:#04x}")]
    Tag {
        /// What was expected.
        expected: &'static str,
        /// The tag byte in its place.
        found: u8,
    },
    /// A part's content is not of its type's form.
    #[error("a part of the key is not {0}")]
    Form(&'static str),
}

// Each part begins with a tag, so that a key can be shown without knowing its type.
const TEXT: u8 = 0x10;
const BYTES: u8 = 0x11;
const UNSIGNED: u8 = 0x20;
const SIGNED: u8 = 0x21;
const FALSE: u8 = 0x30;
const TRUE: u8 = 0x31;
const NONE: u8 = 0x40;
const SOME: u8 = 0x41;

/// Ends a text; within one, a zero byte is followed by [`ESCAPE`]. As the end sorts below the
/// escape and both below any other content, texts sort as their bytes do.
const END: [u8; 2] = [0x00, 0x01];
const ESCAPE: u8 = 0xff;

/// Collects the bytes of a key; their order is the order of the values written.
#[derive(Debug, Default)]
pub struct KeyWriter(Vec<u8>);

impl KeyWriter {
    /// An empty key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on after bytes that are there already.
    pub(crate) fn onto(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes so far.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Writes a whole text.
    pub fn text(&mut self, text: &str) {
        self.text_start(text);
        self.0.extend_from_slice(&END);
    }

    /// Writes the beginning of a text: what is written is a prefix of every key whose text
    /// at this place starts so.
    pub fn text_start(&mut self, text: &str) {
        self.0.push(TEXT);
        self.escaped(text.as_bytes());
    }

    /// Writes bytes of any content and length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.push(BYTES);
        self.escaped(bytes);
        self.0.extend_from_slice(&END);
    }

    fn escaped(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0.push(*byte);
            if *byte == 0 {
                self.0.push(ESCAPE);
            }
        }
    }

    /// Writes a number without sign.
    pub fn unsigned(&mut self, number: u64) {
        self.0.push(UNSIGNED);
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// Writes a number with sign.
    pub fn signed(&mut self, number: i64) {
        self.0.push(SIGNED);
        // The flipped sign bit puts the negative numbers first.
        self.0.extend_from_slice(&(number.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    }

    /// Writes a truth value; false comes first.
    pub fn flag(&mut self, flag: bool) {
        self.0.push(if flag { TRUE } else { FALSE });
    }

    /// Writes whether a part follows; keys without it come first.
    pub fn presence(&mut self, present: bool) {
        self.0.push(if present { SOME } else { NONE });
    }
}

/// Takes a key apart again.
#[derive(Debug)]
pub struct KeyReader<'a>(&'a [u8]);

impl<'a> KeyReader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    fn byte(&mut self) -> Result<u8, KeyError> {
        let (first, rest) = self.0.split_first().ok_or(KeyError::Short)?;
        self.0 = rest;
        Ok(*first)
    }

    fn tag(&mut self, tag: u8, expected: &'static str) -> Result<(), KeyError> {
        let found = self.byte()?;
        if found == tag { Ok(()) } else { Err(KeyError::Tag { expected, found }) }
    }

    fn unescaped(&mut self) -> Result<Vec<u8>, KeyError> {
        let mut out = Vec::new();
        loop {
            let zero = self.0.iter().position(|b| *b == 0).ok_or(KeyError::Short)?;
            let (content, rest) = self.0.split_at(zero);
            out.extend_from_slice(content);
            self.0 = rest;
            self.byte()?;
            match self.byte()? {
                ESCAPE => out.push(0),
                1 => return Ok(out),
                _ => return Err(KeyError::Form("a text")),
            }
        }
    }

    fn eight(&mut self) -> Result<[u8; 8], KeyError> {
        let (bytes, rest) = self.0.split_first_chunk::<8>().ok_or(KeyError::Short)?;
        self.0 = rest;
        Ok(*bytes)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// If something else stands here.
    pub fn text(&mut self) -> Result<String, KeyError> {
        self.tag(TEXT, "a text")?;
        String::from_utf8(self.unescaped()?).map_err(|_| KeyError::Form("UTF-8"))
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// If something else stands here.
    pub fn bytes(&mut self) -> Result<Vec<u8>, KeyError> {
        self.tag(BYTES, "bytes")?;
        self.unescaped()
    }

    /// Reads a number without sign.
    ///
    /// # Errors
    /// If something else stands here.
    pub fn unsigned(&mut self) -> Result<u64, KeyError> {
        self.tag(UNSIGNED, "a number without sign")?;
        Ok(u64::from_be_bytes(self.eight()?))
    }

    /// Reads a number with sign.
    ///
    /// # Errors
    /// If something else stands here.
    pub fn signed(&mut self) -> Result<i64, KeyError> {
        self.tag(SIGNED, "a number with sign")?;
        Ok((u64::from_be_bytes(self.eight()?) ^ (1 << 63)).cast_signed())
    }

    /// Reads a truth value.
    ///
    /// # Errors
    /// If something else stands here.
    pub fn flag(&mut self) -> Result<bool, KeyError> {
        match self.byte()? {
            FALSE => Ok(false),
            TRUE => Ok(true),
            found => Err(KeyError::Tag { expected: "a truth value", found }),
        }
    }

    /// Reads whether a part follows.
    ///
    /// # Errors
    /// If something else stands here.
    pub fn presence(&mut self) -> Result<bool, KeyError> {
        match self.byte()? {
            NONE => Ok(false),
            SOME => Ok(true),
            found => Err(KeyError::Tag { expected: "an optional part", found }),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If something is left.
    pub fn finish(self) -> Result<(), KeyError> {
        if self.0.is_empty() { Ok(()) } else { Err(KeyError::Long) }
    }

    fn show(&mut self) -> Result<String, KeyError> {
        match self.0.first().copied().ok_or(KeyError::Short)? {
            TEXT => self.text(),
            BYTES => Ok(self.bytes()?.escape_ascii().to_string()),
            UNSIGNED => Ok(self.unsigned()?.to_string()),
            SIGNED => Ok(self.signed()?.to_string()),
            FALSE | TRUE => Ok(self.flag()?.to_string()),
            NONE => self.presence().map(|_| "-".to_owned()),
            SOME => {
                self.presence()?;
                self.show()
            }
            found => Err(KeyError::Tag { expected: "a part of a key", found }),
        }
    }
}

/// A key as people read it: its parts with a slash between them.
pub(crate) fn readable(bytes: &[u8]) -> String {
    let mut reader = KeyReader::new(bytes);
    let mut parts = Vec::new();
    while !reader.rest().is_empty() {
        let rest = reader.rest();
        if let Ok(part) = reader.show() {
            parts.push(part);
        } else {
            parts.push(rest.escape_ascii().to_string());
            break;
        }
    }
    parts.join("/")
}

/// Something that is written as a key of type `K`: a `K` itself, a borrowed form of it (`str` for
/// `String`), a reference, or a tuple of such.
///
/// ```
/// use mastic_store::{KeyFor, KeyWriter};
/// fn bytes<K>(key: &impl KeyFor<K>) -> Vec<u8> {
///     let mut writer = KeyWriter::new();
///     key.encode(&mut writer);
///     writer.into_bytes()
/// }
/// assert_eq!(bytes::<(String, u64)>(&("a", 7)), bytes::<(String, u64)>(&("a".to_owned(), 7)));
/// ```
pub trait KeyFor<K> {
    /// Writes the key's parts in order.
    fn encode(&self, writer: &mut KeyWriter);
}

/// A key's type: a part (text, number, account, ...) or a tuple of up to six keys.
///
/// The order of the encoded bytes is the order of the values, tuples by their first part first;
/// and no key of a type is a prefix of another of the same type.
pub trait Key: KeyFor<Self> + Sized {
    /// Reads the parts that `encode` wrote.
    ///
    /// # Errors
    /// If the bytes are not of this type.
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError>;
}

impl<K, T: KeyFor<K> + ?Sized> KeyFor<K> for &T {
    fn encode(&self, writer: &mut KeyWriter) {
        (**self).encode(writer);
    }
}

/// A part's type: how to write it, how to read it, and its own prefix (none).
macro_rules! part {
    ($type:ty, |$self:ident, $writer:ident| $encode:expr, |$reader:ident| $decode:expr) => {
        impl KeyFor<$type> for $type {
            fn encode(&self, $writer: &mut KeyWriter) {
                let $self = self;
                $encode;
            }
        }

        impl Key for $type {
            fn decode($reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                $decode
            }
        }

        impl crate::PrefixFor<$type> for () {
            type Next = $type;

            fn encode_prefix(&self, _: &mut KeyWriter) {}
        }
    };
}

part!(String, |s, w| w.text(s), |r| r.text());
part!(Vec<u8>, |s, w| w.bytes(s), |r| r.bytes());
part!(u64, |s, w| w.unsigned(*s), |r| r.unsigned());
part!(u32, |s, w| w.unsigned(u64::from(*s)), |r| {
    u32::try_from(r.unsigned()?).map_err(|_| KeyError::Form("a 32-bit number"))
});
part!(i64, |s, w| w.signed(*s), |r| r.signed());
part!(bool, |s, w| w.flag(*s), |r| r.flag());
part!(Timestamp, |s, w| w.signed(s.micros()), |r| r.signed().map(Self::from_micros));
part!(AccountId, |s, w| w.text(s.as_str()), |r| {
    r.text()?.parse().map_err(|_| KeyError::Form("an account id"))
});
part!(Region, |s, w| w.text(s.as_str()), |r| r.text()?.parse().map_err(|_| KeyError::Form("a region")));
part!(Arn, |s, w| w.text(s.as_str()), |r| r.text()?.parse().map_err(|_| KeyError::Form("an ARN")));

impl KeyFor<String> for str {
    fn encode(&self, writer: &mut KeyWriter) {
        writer.text(self);
    }
}

impl KeyFor<Vec<u8>> for [u8] {
    fn encode(&self, writer: &mut KeyWriter) {
        writer.bytes(self);
    }
}

impl<K, T: KeyFor<K>> KeyFor<Option<K>> for Option<T> {
    fn encode(&self, writer: &mut KeyWriter) {
        writer.presence(self.is_some());
        if let Some(part) = self {
            part.encode(writer);
        }
    }
}

impl<K: Key> Key for Option<K> {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        reader.presence()?.then(|| K::decode(reader)).transpose()
    }
}

/// The key of a keyspace that holds one record.
impl KeyFor<()> for () {
    fn encode(&self, _: &mut KeyWriter) {}
}

impl Key for () {
    fn decode(_: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        Ok(())
    }
}

macro_rules! tuple {
    ($($k:ident $t:ident $n:tt),+) => {
        impl<$($k, $t: KeyFor<$k>),+> KeyFor<($($k,)+)> for ($($t,)+) {
            fn encode(&self, writer: &mut KeyWriter) {
                $(self.$n.encode(writer);)+
            }
        }

        impl<$($k: Key),+> Key for ($($k,)+) {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                Ok(($($k::decode(reader)?,)+))
            }
        }
    };
}

tuple!(A TA 0);
tuple!(A TA 0, B TB 1);
tuple!(A TA 0, B TB 1, C TC 2);
tuple!(A TA 0, B TB 1, C TC 2, D TD 3);
tuple!(A TA 0, B TB 1, C TC 2, D TD 3, E TE 4);
tuple!(A TA 0, B TB 1, C TC 2, D TD 3, E TE 4, F TF 5);
