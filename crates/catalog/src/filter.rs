//! Which partitions of a table a `GetPartitions` asks for.

use mastic_api_glue::glue::types::{Column, Segment};
use mastic_core::Fault;
use mastic_hive::{BoundExpression, Expression};
use mastic_store::Range;

use crate::errors;
use crate::keys::{PartitionKey, Shelf};

/// An expression and a segment, each optional.
pub(crate) struct Filter {
    expression: Option<BoundExpression>,
    segment: Option<(u64, u64)>,
}

impl Filter {
    pub(crate) fn new(
        expression: Option<&str>,
        segment: Option<&Segment>,
        keys: &[Column],
    ) -> Result<Self, Fault> {
        Ok(Self {
            expression: expression
                .filter(|text| !text.trim().is_empty())
                .map(|text| bound(text, keys))
                .transpose()?,
            segment: segment.map(part).transpose()?,
        })
    }

    /// The stretches of the table's partitions that hold all that is asked for, in order.
    pub(crate) fn ranges(&self, shelf: &Shelf) -> Vec<Range<PartitionKey>> {
        match &self.expression {
            Some(expression) => expression.scan_plan().iter().map(|stretch| shelf.range(stretch)).collect(),
            None => vec![shelf.all()],
        }
    }

    /// Whether a partition is asked for.
    pub(crate) fn admits(&self, values: &[String]) -> Result<bool, Fault> {
        if self.segment.is_some_and(|(number, total)| digest(values) % total != number) {
            return Ok(false);
        }
        match &self.expression {
            Some(expression) => {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                Ok(expression.matches(&values)?)
            }
            None => Ok(true),
        }
    }
}

/// An expression over these partition keys; a key without a type is a string.
pub(crate) fn bound(expression: &str, keys: &[Column]) -> Result<BoundExpression, Fault> {
    let keys: Vec<(&str, &str)> =
        keys.iter().map(|key| (key.name.as_str(), key.r#type.as_deref().unwrap_or("string"))).collect();
    Ok(Expression::parse(expression)?.bind(&keys)?)
}

fn part(segment: &Segment) -> Result<(u64, u64), Fault> {
    match (u64::try_from(segment.segment_number), u64::try_from(segment.total_segments)) {
        (Ok(number), Ok(total)) if number < total => Ok((number, total)),
        _ => Err(errors::invalid("SegmentNumber must be less than TotalSegments.")),
    }
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
