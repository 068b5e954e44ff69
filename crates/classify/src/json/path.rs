//! Records inside of JSON documents, by a custom classifier's path (Writing JSON custom classifiers in the AWS Glue
//! Developer Guide).

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use mastic_hive::{JsonPath, JsonStep};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::classified;
use crate::content::{Content, MAX_RECORDS};
use crate::found::Found;
use crate::shape::{Record, Shape};

/// The one column of records that are neither objects nor arrays.
pub(super) const RECORD_COLUMN: &str = "record";

/// Classifies by the records that a path points at.
pub(crate) fn classify_path(content: &Content<'_>, path: &JsonPath, written: &Arc<str>) -> Found {
    let text = content.text();
    if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Found::No;
    }
    let mut records = Records::default();
    let (mut end, mut whole) = (text.len(), 0usize);
    let mut documents = serde_json::Deserializer::from_slice(text);
    while documents.end().is_err() {
        match (Down { steps: path.steps(), records: &mut records }).deserialize(&mut documents) {
            Ok(()) => whole += 1,
            Err(error) if records.seen >= MAX_RECORDS => {
                end = offset(text, error.line(), error.column());
                break;
            }
            Err(error) if error.is_eof() && !content.complete => {
                match records.seen {
                    // Documents that were whole had none: there is little hope for more.
                    0 if whole > 0 => return Found::No,
                    0 => return Found::Unfinished,
                    _ => break,
                }
            }
            Err(_) => return Found::No,
        }
    }
    if records.seen == 0 {
        return Found::No;
    }
    let counts = content.counts(records.seen as u64, end);
    Found::Yes(classified(content, records.shape, Some(written), counts))
}

/// Where a line, counted from 1, has a column.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let before = text.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1));
    (before.map(<[u8]>::len).sum::<usize>() + column).min(text.len())
}

#[derive(Debug, Default)]
struct Records {
    shape: Shape,
    seen: usize,
}

/// Reads a value whose records are the given steps below it.
struct Down<'a> {
    steps: &'a [JsonStep],
    records: &'a mut Records,
}

impl<'de> DeserializeSeed<'de> for Down<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.steps.is_empty() {
            return deserializer.deserialize_any(self);
        }
        if self.records.seen >= MAX_RECORDS {
            return Err(D::Error::custom("enough records"));
        }
        let record: Record = serde::Deserialize::deserialize(deserializer)?;
        self.records.shape.absorb(record.into_shape());
        self.records.seen += 1;
        Ok(())
    }
}

/// What the path does not lead into is read and left alone.
impl<'de> Visitor<'de> for Down<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Some((step, steps)) = self.steps.split_first() else { return Ok(()) };
        let mut place = 0;
        loop {
            let led = match step {
                JsonStep::All => true,
                JsonStep::Index(index) => *index == place,
                JsonStep::Child(_) => false,
            };
            let more = if led {
                elements.next_element_seed(Down { steps, records: &mut *self.records })?.is_some()
            } else {
                elements.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(());
            }
            place += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((step, steps)) = self.steps.split_first() else { return Ok(()) };
        while let Some(name) = entries.next_key::<String>()? {
            let led = match step {
                JsonStep::All => true,
                JsonStep::Child(child) => *child == name,
                JsonStep::Index(_) => false,
            };
            if led {
                entries.next_value_seed(Down { steps, records: &mut *self.records })?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
