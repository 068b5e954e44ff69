//! Walks over a block's records before they are decoded.
//!
//! Arrow's reader believes what a block says: of one that does not have as many records as it says it never comes to an end,
//! and lists may say that they have any number of items that take no bytes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cursor::Bytes;

/// How deep values may nest.
const DEEPEST: usize = 100;
/// The most items of a list that take no bytes.
const EMPTY: usize = 1024;

/// How a value is stored.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// In so many bytes.
    Fixed(usize),
    /// As a number of as many bytes as it takes.
    Number,
    /// With its length before it.
    Sized,
    /// Items in blocks, with the shape of each: a map's have a key before them.
    Items(Vec<Shape>),
    /// The number of one of these, and that.
    Union(Vec<Shape>),
    /// One after the other.
    Record(Vec<Shape>),
    /// The type of that number.
    Named(usize),
}

/// How the records of a file are stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Records {
    shape: Shape,
    named: Vec<Shape>,
}

impl Records {
    /// Reads a file's schema ("Schema Declaration", Apache Avro Specification).
    ///
    /// # Errors
    /// Says what of it is wrong.
    pub(super) fn of(schema: &[u8]) -> Result<Self, String> {
        let schema: Value =
            serde_json::from_slice(schema).map_err(|error| format!("its schema is no JSON: {error}"))?;
        let mut names = Names::default();
        let shape = names.shape(&schema, "")?;
        Ok(Self { shape, named: names.shapes })
    }

    /// Checks that a block has as many records as it says, and nothing else.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn check(&self, block: &[u8], count: i64) -> Result<(), String> {
        let size = block.len();
        let said = || format!("it says that it has {count} records in {size} bytes");
        if usize::try_from(count).map_or(true, |count| count > size) {
            return Err(said());
        }
        let mut bytes = Bytes::new(block, 0);
        for number in 1..=count {
            if self.walk(&self.shape, &mut bytes, 0)?.is_none() {
                return Err(format!("{}, which end in record {number}", said()));
            }
        }
        match bytes.left() {
            0 => Ok(()),
            left => Err(format!("{}, but {left} follow the last", said())),
        }
    }

    /// Goes past a value; nothing is answered where the bytes end within it.
    fn walk(&self, shape: &Shape, bytes: &mut Bytes<'_>, depth: usize) -> Result<Option<()>, String> {
        if depth > DEEPEST {
            return Err(format!("values are nested more than {DEEPEST} deep"));
        }
        Ok(match shape {
            Shape::Fixed(size) => bytes.take(*size).map(|_| ()),
            Shape::Number => bytes.long()?.map(|_| ()),
            Shape::Sized => bytes.value()?.map(|_| ()),
            Shape::Record(fields) => {
                for field in fields {
                    if self.walk(field, bytes, depth + 1)?.is_none() {
                        return Ok(None);
                    }
                }
                Some(())
            }
            Shape::Union(branches) => {
                let Some(number) = bytes.long()? else { return Ok(None) };
                let branch = usize::try_from(number).ok().and_then(|number| branches.get(number));
                let branch = branch.ok_or_else(|| format!("a union has no type {number}"))?;
                self.walk(branch, bytes, depth + 1)?
            }
            Shape::Named(number) => match self.named.get(*number) {
                Some(shape) => self.walk(shape, bytes, depth + 1)?,
                None => return Err(format!("its schema has no type {number}")),
            },
            Shape::Items(parts) => loop {
                let Some(count) = bytes.long()? else { break None };
                // Behind a negative count is the number of bytes, for who wants to skip them.
                if count < 0 && bytes.long()?.is_none() {
                    break None;
                }
                let count = count.unsigned_abs();
                if count == 0 {
                    break Some(());
                }
                let room = bytes.left().max(EMPTY) as u64;
                for number in 0..count {
                    let before = bytes.at;
                    for part in parts {
                        if self.walk(part, bytes, depth + 1)?.is_none() {
                            return Ok(None);
                        }
                    }
                    if count > room || (number >= EMPTY as u64 && bytes.at == before) {
                        return Err(format!("a list says that it has {count} items"));
                    }
                }
            },
        })
    }
}

/// The types of a schema that have names.
#[derive(Default)]
struct Names {
    numbers: BTreeMap<String, usize>,
    shapes: Vec<Shape>,
}

impl Names {
    fn shape(&mut self, schema: &Value, space: &str) -> Result<Shape, String> {
        match schema {
            Value::String(name) => self.named(name, space),
            Value::Array(branches) => Ok(Shape::Union(
                branches.iter().map(|branch| self.shape(branch, space)).collect::<Result<_, _>>()?,
            )),
            Value::Object(object) => match object.get("type") {
                Some(Value::String(of)) => self.declared(of, schema, space),
                Some(inner) => self.shape(inner, space),
                None => Err("a type of its schema has no `type`".to_owned()),
            },
            _ => Err(format!("its schema has no type `{schema}`")),
        }
    }

    fn named(&self, name: &str, space: &str) -> Result<Shape, String> {
        Ok(match name {
            "null" => Shape::Fixed(0),
            "boolean" => Shape::Fixed(1),
            "float" => Shape::Fixed(4),
            "double" => Shape::Fixed(8),
            "int" | "long" => Shape::Number,
            "bytes" | "string" => Shape::Sized,
            name => {
                let number = self.numbers.get(&full(name, space)).or_else(|| self.numbers.get(name));
                Shape::Named(*number.ok_or_else(|| format!("its schema has no type `{name}`"))?)
            }
        })
    }

    fn declared(&mut self, of: &str, schema: &Value, space: &str) -> Result<Shape, String> {
        let part = |name: &str| {
            schema.get(name).ok_or_else(|| format!("its schema has a type `{of}` without `{name}`"))
        };
        match of {
            "array" => Ok(Shape::Items(vec![self.shape(part("items")?, space)?])),
            "map" => Ok(Shape::Items(vec![Shape::Sized, self.shape(part("values")?, space)?])),
            "record" | "error" | "enum" | "fixed" => {
                let name = part("name")?.as_str().unwrap_or_default();
                let own = schema.get("namespace").and_then(Value::as_str);
                let name = full(name, own.unwrap_or(space));
                let space = name.rsplit_once('.').map_or("", |(space, _)| space).to_owned();
                let number = self.shapes.len();
                // Its own fields may be of it.
                self.numbers.insert(name, number);
                self.shapes.push(Shape::Named(number));
                let shape = match of {
                    "enum" => Shape::Number,
                    "fixed" => {
                        let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                        Shape::Fixed(size.ok_or("its schema has a type `fixed` whose size is no number")?)
                    }
                    _ => {
                        let fields =
                            part("fields")?.as_array().ok_or("its schema has fields that are no list")?;
                        let fields = fields.iter().map(|field| {
                            let of = field.get("type").ok_or("its schema has a field without `type`")?;
                            self.shape(of, &space)
                        });
                        Shape::Record(fields.collect::<Result<_, String>>()?)
                    }
                };
                if let Some(place) = self.shapes.get_mut(number) {
                    *place = shape;
                }
                Ok(Shape::Named(number))
            }
            of => self.named(of, space),
        }
    }
}

fn full(name: &str, space: &str) -> String {
    if space.is_empty() || name.contains('.') { name.to_owned() } else { format!("{space}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"record","name":"r","namespace":"a.b","fields":[
        {"name":"l","type":"long"},{"name":"u","type":["null",{"type":"fixed","name":"f","size":2}]},
        {"name":"v","type":["null","f"]},{"name":"m","type":{"type":"map","values":"a.b.f"}},
        {"name":"t","type":{"type":"array","items":{"type":"enum","name":"e","symbols":["x"]}}}]}"#;

    #[test]
    fn a_block_has_what_it_says() {
        let records = Records::of(SCHEMA.as_bytes()).unwrap();
        let one = [2, 2, 7, 7, 0, 2, 2, b'k', 9, 9, 0, 1, 2, 0, 0];
        let two = [&one[..], &[4, 0, 0, 0, 0]].concat();
        records.check(&one, 1).unwrap();
        records.check(&two, 2).unwrap();
        for (block, count, what) in [
            (&two[..], 1, "it says that it has 1 records in 20 bytes, but 5 follow the last"),
            (&two, 3, "it says that it has 3 records in 20 bytes, which end in record 3"),
            (&one[..7], 1, "which end in record 1"),
            (&[], i64::MAX, "it says that it has 9223372036854775807 records in 0 bytes"),
            (&one, -1, "it says that it has -1 records in 15 bytes"),
            (&[2, 4], 1, "a union has no type 2"),
            (&[2, 0, 0, 0, 126, 0], 1, "which end in record 1"),
            (
                &[2, 0, 0, 0, 254, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0],
                1,
                "9223372036854775807 items",
            ),
        ] {
            let error = records.check(block, count).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn records_without_bytes_are_not_believed() {
        let records =
            Records::of(br#"{"type":"record","name":"r","fields":[{"name":"n","type":"null"}]}"#).unwrap();
        assert!(records.check(&[0], 1).unwrap_err().contains("but 1 follow"));
        assert!(records.check(&[], 5).is_err());
        records.check(&[], 0).unwrap();
        let lists =
            r#"{"type":"record","name":"r","fields":[{"name":"n","type":{"type":"array","items":"null"}}]}"#;
        let lists = Records::of(lists.as_bytes()).unwrap();
        lists.check(&[6, 0], 1).unwrap();
        assert!(lists.check(&[128, 128, 128, 2, 0], 1).unwrap_err().contains("2097152 items"));
        let nested = r#"{"type":"record","name":"r","fields":[{"name":"n","type":"r"}]}"#;
        assert!(Records::of(nested.as_bytes()).unwrap().check(&[0], 1).unwrap_err().contains("deep"));
        assert!(Records::of(br#"{"type":"gone"}"#).unwrap_err().contains("no type `gone`"));
    }
}
