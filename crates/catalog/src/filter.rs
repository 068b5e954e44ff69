//! Which partitions of a table a `GetPartitions` asks for.

use mastic_api_glue::glue::types::{Column, Segment};
use mastic_core::Fault;
use mastic_hive::{BoundExpression, Expression};

use crate::errors;

/// One of the disjoint parts that `Segment` divides a table's partitions into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    number: u64,
    of: u64,
}

impl Part {
    pub(crate) fn new(segment: &Segment) -> Result<Self, Fault> {
        match (u64::try_from(segment.segment_number), u64::try_from(segment.total_segments)) {
            (Ok(number), Ok(of)) if number < of => Ok(Self { number, of }),
            _ => Err(errors::invalid("SegmentNumber must be less than TotalSegments.")),
        }
    }

    /// Whether the partition of these values, as they sort, is in it.
    pub(crate) fn has(self, sorted: &[String]) -> bool {
        digest(sorted) % self.of == self.number
    }
}

/// An expression over these partition keys; without one every partition passes. A key without a type is a string.
pub(crate) fn bound(expression: Option<&str>, keys: &[Column]) -> Result<BoundExpression, Fault> {
    let expression = Expression::parse(expression.unwrap_or_default())?;
    let keys: Vec<(&str, &str)> =
        keys.iter().map(|key| (key.name.as_str(), key.r#type.as_deref().unwrap_or("string"))).collect();
    Ok(expression.bind(&keys)?)
}

/// FNV-1a over the values: the same in every process, as page tokens outlive one.
fn digest(values: &[String]) -> u64 {
    fnv(values.iter().flat_map(|value| value.bytes().chain([0])))
}

pub(crate) fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let hash = bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The low bits of FNV alone are uneven for short texts.
    hash ^ (hash >> 32)
}
