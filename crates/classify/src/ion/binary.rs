//! Ion's binary encoding.

use mastic_hive::HiveType;

use super::{MARKER, MAX_DEPTH, Stop, Values, decimal};
use crate::numbers::integer_type;
use crate::shape::{Object, Shape};

/// The names that every symbol table begins with, from number 1.
const SYSTEM: [&str; 9] = [
    "$ion",
    "$ion_1_0",
    "$ion_symbol_table",
    "name",
    "version",
    "imports",
    "symbols",
    "max_id",
    "$ion_shared_symbol_table",
];
/// Numbers of some of these.
const SYMBOL_TABLE: u64 = 3;
const IMPORTS: u64 = 6;
const SYMBOLS: u64 = 7;
const MAX_ID: u64 = 8;
/// How many symbols of tables that are elsewhere may be imported.
const MAX_IMPORTED: u64 = 1_000_000;

pub(super) struct Reader<'a> {
    all: usize,
    rest: &'a [u8],
    symbols: Symbols,
}

/// The symbol table: the system's names, numbers of imported ones, whose names are elsewhere, and a file's own.
#[derive(Default)]
struct Symbols {
    imported: u64,
    own: Vec<String>,
}

impl Symbols {
    fn name(&self, number: u64) -> String {
        let below =
            |number: u64, less: u64| number.checked_sub(less).and_then(|place| usize::try_from(place).ok());
        let system = below(number, 1).and_then(|place| SYSTEM.get(place)).map(|name| (*name).to_owned());
        let own = || {
            below(number, SYSTEM.len() as u64 + 1 + self.imported)
                .and_then(|place| self.own.get(place))
                .cloned()
        };
        system.or_else(own).unwrap_or_else(|| format!("${number}"))
    }
}

/// A value's type, and its bytes; none for a null.
struct Value<'a> {
    kind: u8,
    length: u8,
    bytes: Option<&'a [u8]>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { all: bytes.len(), rest: bytes, symbols: Symbols::default() }
    }
}

impl Values for Reader<'_> {
    fn next(&mut self) -> Result<Option<Shape>, Stop> {
        if let Some(after) = self.rest.strip_prefix(MARKER) {
            self.rest = after;
            self.symbols = Symbols::default();
            return Ok(Some(Shape::Empty));
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let value = value(&mut self.rest)?;
        if let (0xe, Some(mut bytes)) = (value.kind, value.bytes) {
            let (first, inner) = annotation(&mut bytes)?;
            if first == SYMBOL_TABLE {
                self.symbols.read(inner)?;
                return Ok(Some(Shape::Empty));
            }
            return shape(&inner, &self.symbols, MAX_DEPTH).map(Some);
        }
        shape(&value, &self.symbols, MAX_DEPTH).map(Some)
    }

    fn position(&self) -> usize {
        self.all - self.rest.len()
    }
}

impl Symbols {
    /// Reads a local symbol table, which takes the place of the one before or adds to it.
    fn read(&mut self, table: Value<'_>) -> Result<(), Stop> {
        let mut new = Self::default();
        let mut own = Vec::new();
        let mut rest = table.bytes.filter(|_| table.kind == 0xd).unwrap_or_default();
        while !rest.is_empty() {
            let field = inside(var_uint(&mut rest))?;
            let value = inside(value(&mut rest))?;
            match (field, value.kind) {
                (SYMBOLS, 0xb) => {
                    let mut names = value.bytes.unwrap_or_default();
                    while !names.is_empty() {
                        let name = inside(self::value(&mut names))?;
                        own.push(String::from_utf8_lossy(name.bytes.unwrap_or_default()).into_owned());
                    }
                }
                (IMPORTS, 0x7) => std::mem::swap(&mut new, self),
                (IMPORTS, 0xb) => {
                    let mut tables = value.bytes.unwrap_or_default();
                    while !tables.is_empty() {
                        let table = inside(self::value(&mut tables))?;
                        new.imported = new.imported.saturating_add(max_id(&table)?).min(MAX_IMPORTED);
                    }
                }
                _ => {}
            }
        }
        new.own.append(&mut own);
        *self = new;
        Ok(())
    }
}

/// How many symbols an import brings.
fn max_id(table: &Value<'_>) -> Result<u64, Stop> {
    let mut rest = table.bytes.filter(|_| table.kind == 0xd).unwrap_or_default();
    let mut found = 0;
    while !rest.is_empty() {
        let field = inside(var_uint(&mut rest))?;
        let value = inside(value(&mut rest))?;
        if let (MAX_ID, 0x2, Some(bytes)) = (field, value.kind, value.bytes) {
            found = magnitude(bytes).unwrap_or(MAX_IMPORTED);
        }
    }
    Ok(found)
}

/// What ends early inside of a value whose length is known is broken.
fn inside<T>(read: Result<T, Stop>) -> Result<T, Stop> {
    read.map_err(|_| Stop::Broken)
}

fn var_uint(rest: &mut &[u8]) -> Result<u64, Stop> {
    let mut number = 0u64;
    for _ in 0..9 {
        let (byte, after) = rest.split_first().ok_or(Stop::Early)?;
        *rest = after;
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            return Ok(number);
        }
    }
    Err(Stop::Broken)
}

fn value<'a>(rest: &mut &'a [u8]) -> Result<Value<'a>, Stop> {
    let (descriptor, after) = rest.split_first().ok_or(Stop::Early)?;
    *rest = after;
    let (kind, length) = (descriptor >> 4, descriptor & 0xf);
    if kind == 0xf || (kind == 0x1 && !matches!(length, 0 | 1 | 15)) {
        return Err(Stop::Broken);
    }
    let bytes = match (kind, length) {
        (_, 15) => return Ok(Value { kind, length, bytes: None }),
        (0x1, _) => 0,
        (_, 14) | (0xd, 1) => var_uint(rest)?,
        (_, length) => u64::from(length),
    };
    let count = usize::try_from(bytes).map_err(|_| Stop::Broken)?;
    let (bytes, after) = rest.split_at_checked(count).ok_or(Stop::Early)?;
    *rest = after;
    Ok(Value { kind, length, bytes: Some(bytes) })
}

/// The first annotation's number, and the value that is annotated.
fn annotation<'a>(bytes: &mut &'a [u8]) -> Result<(u64, Value<'a>), Stop> {
    let length = usize::try_from(inside(var_uint(bytes))?).map_err(|_| Stop::Broken)?;
    let (mut annotations, after) = bytes.split_at_checked(length).ok_or(Stop::Broken)?;
    *bytes = after;
    let first = inside(var_uint(&mut annotations))?;
    let inner = inside(value(bytes))?;
    if inner.kind == 0xe || !bytes.is_empty() { Err(Stop::Broken) } else { Ok((first, inner)) }
}

/// A magnitude of at most eight bytes, the highest first.
fn magnitude(bytes: &[u8]) -> Option<u64> {
    let significant =
        bytes.iter().position(|byte| *byte != 0).map_or(&[][..], |at| bytes.get(at..).unwrap_or_default());
    (significant.len() <= 8)
        .then(|| significant.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn shape(value: &Value<'_>, symbols: &Symbols, depth: usize) -> Result<Shape, Stop> {
    let depth = depth.checked_sub(1).ok_or(Stop::Broken)?;
    let Some(mut rest) = value.bytes else { return Ok(Shape::Empty) };
    Ok(Shape::Scalar(match value.kind {
        // What is padding has a length.
        0x0 => return Ok(Shape::Empty),
        0x1 => HiveType::Boolean,
        0x2 | 0x3 => match magnitude(rest).map(i64::try_from) {
            Some(Ok(number)) => integer_type(Some(number)),
            _ => HiveType::Decimal { precision: 38, scale: 0 },
        },
        0x4 if matches!(value.length, 0 | 4 | 8) => HiveType::Double,
        0x5 => return Ok(decimal()),
        0x6 => HiveType::Timestamp,
        0x7 | 0x8 => HiveType::String,
        0x9 | 0xa => HiveType::Binary,
        0xb | 0xc => {
            let mut elements = Shape::default();
            while !rest.is_empty() {
                elements.absorb(shape(&inside(self::value(&mut rest))?, symbols, depth)?);
            }
            return Ok(Shape::Array(Box::new(elements)));
        }
        0xd => {
            let mut object = Object::default();
            while !rest.is_empty() {
                let field = inside(var_uint(&mut rest))?;
                let inner = inside(self::value(&mut rest))?;
                let padding = inner.kind == 0 && inner.bytes.is_some();
                if !padding {
                    object.absorb(symbols.name(field), shape(&inner, symbols, depth)?);
                }
            }
            return Ok(Shape::Object(object));
        }
        0xe => {
            let (_, inner) = annotation(&mut rest)?;
            return shape(&inner, symbols, depth);
        }
        _ => return Err(Stop::Broken),
    }))
}
