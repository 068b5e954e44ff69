use datafusion::arrow::array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{cast, filter};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use orc_rust::proto::stream::Kind;

use super::runs::{Bits, Bytes, Integers, varint};

/// Seconds from 1970 to 2015, from when ORC counts.
const EPOCH: i64 = 1_420_070_400;

/// One column of a stripe, and those in it.
#[derive(Debug)]
pub(super) struct Column {
    id: u32,
    children: Vec<Column>,
    /// Which rows of the stripe have a value, and whether one has none.
    present: Bits,
    gaps: bool,
    bits: Bits,
    bytes: Bytes,
    plain: Vec<u8>,
    data: Integers,
    lengths: Integers,
    second: Integers,
    /// What of these the column has.
    streams: &'static [Kind],
    values: u64,
    nulls: bool,
}

impl Column {
    /// The column with this id.
    pub(super) fn new(id: u32, children: Vec<Self>) -> Self {
        Self {
            id,
            children,
            present: Bits::default(),
            gaps: false,
            bits: Bits::default(),
            bytes: Bytes::default(),
            plain: Vec::new(),
            data: Integers::new(true),
            lengths: Integers::new(false),
            second: Integers::default(),
            streams: &[],
            values: 0,
            nulls: false,
        }
    }

    /// Bytes of memory held, about.
    pub(super) fn memory(&self) -> usize {
        let own = self.present.memory()
            + self.bits.memory()
            + self.bytes.memory()
            + self.plain.len()
            + self.data.memory()
            + self.lengths.memory()
            + self.second.memory();
        own + self.children.iter().map(Self::memory).sum::<usize>()
    }

    /// Adds rows.
    pub(super) fn add(&mut self, array: &ArrayRef) -> Result<(), String> {
        let nulls = array.logical_nulls();
        for row in 0..array.len() {
            self.present.push(nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)));
        }
        let missing = nulls.as_ref().map_or(0, |nulls| nulls.null_count());
        self.gaps |= missing > 0;
        self.nulls |= missing > 0;
        self.values += (array.len() - missing) as u64;
        let text = |error: datafusion::arrow::error::ArrowError| error.to_string();
        let array = match &nulls {
            Some(nulls) if missing > 0 => {
                &filter(array, &BooleanArray::new(nulls.inner().clone(), None)).map_err(text)?
            }
            _ => array,
        };
        match array.data_type() {
            DataType::Boolean => {
                self.streams = &[Kind::Data];
                array.as_boolean().iter().flatten().for_each(|value| self.bits.push(value));
            }
            DataType::Int8 => {
                self.streams = &[Kind::Data];
                array
                    .as_primitive::<Int8Type>()
                    .values()
                    .iter()
                    .for_each(|value| self.bytes.push(value.cast_unsigned()));
            }
            DataType::Int16 => {
                self.integers(array.as_primitive::<Int16Type>().values().iter().map(|n| i64::from(*n)))
            }
            DataType::Int32 => {
                self.integers(array.as_primitive::<Int32Type>().values().iter().map(|n| i64::from(*n)))
            }
            DataType::Date32 => {
                self.integers(array.as_primitive::<Date32Type>().values().iter().map(|n| i64::from(*n)))
            }
            DataType::Int64 => self.integers(array.as_primitive::<Int64Type>().values().iter().copied()),
            DataType::Float32 => {
                self.streams = &[Kind::Data];
                let values = array.as_primitive::<Float32Type>().values().iter();
                values.for_each(|value| self.plain.extend(value.to_le_bytes()));
            }
            DataType::Float64 => {
                self.streams = &[Kind::Data];
                let values = array.as_primitive::<Float64Type>().values().iter();
                values.for_each(|value| self.plain.extend(value.to_le_bytes()));
            }
            DataType::Utf8View => self.texts(array.as_string_view().iter().flatten().map(str::as_bytes)),
            DataType::Utf8 => self.texts(array.as_string::<i32>().iter().flatten().map(str::as_bytes)),
            DataType::LargeUtf8 => self.texts(array.as_string::<i64>().iter().flatten().map(str::as_bytes)),
            DataType::BinaryView => self.texts(array.as_binary_view().iter().flatten()),
            DataType::Binary => self.texts(array.as_binary::<i32>().iter().flatten()),
            DataType::LargeBinary => self.texts(array.as_binary::<i64>().iter().flatten()),
            DataType::Timestamp(unit, zone) => {
                let micros = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                let array = if *unit == TimeUnit::Microsecond {
                    array
                } else {
                    &cast(array, &micros).map_err(text)?
                };
                self.streams = &[Kind::Data, Kind::Secondary];
                for micros in array.as_primitive::<TimestampMicrosecondType>().values() {
                    self.timestamp(*micros);
                }
            }
            DataType::Decimal128(_, scale) => {
                self.streams = &[Kind::Data, Kind::Secondary];
                self.second.sign();
                for value in array.as_primitive::<Decimal128Type>().values() {
                    varint(&mut self.plain, ((value << 1) ^ (value >> 127)).cast_unsigned());
                    self.second.push(i64::from(*scale));
                }
            }
            DataType::Struct(_) => {
                for (child, column) in self.children.iter_mut().zip(array.as_struct().columns()) {
                    child.add(column)?;
                }
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let values = self.items(list.offsets(), list.values());
                if let [child] = self.children.as_mut_slice() {
                    child.add(&values)?;
                }
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let keys = self.items(map.offsets(), map.keys());
                let values = within(map.offsets(), map.values());
                if let [of_keys, of_values] = self.children.as_mut_slice() {
                    of_keys.add(&keys)?;
                    of_values.add(&values)?;
                }
            }
            other => return Err(format!("ORC has no type for `{other}`")),
        }
        Ok(())
    }

    fn integers(&mut self, values: impl Iterator<Item = i64>) {
        self.streams = &[Kind::Data];
        values.for_each(|value| self.data.push(value));
    }

    fn texts<'a>(&mut self, values: impl Iterator<Item = &'a [u8]>) {
        self.streams = &[Kind::Data, Kind::Length];
        for value in values {
            self.plain.extend_from_slice(value);
            self.lengths.push(i64::try_from(value.len()).unwrap_or(i64::MAX));
        }
    }

    fn timestamp(&mut self, micros: i64) {
        let (mut seconds, nanos) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000) * 1000);
        // Readers take a second off where there is more than a millisecond before 1970.
        if seconds < 0 && nanos > 999_999 {
            seconds += 1;
        }
        self.data.push(seconds - EPOCH);
        let (mut digits, mut zeros) = (nanos, 0);
        while digits != 0 && digits % 10 == 0 && zeros < 8 {
            digits /= 10;
            zeros += 1;
        }
        // The three lowest bits tell how many zeros were taken off the end, if it were two or more.
        self.second.push(if zeros >= 2 { digits << 3 | (zeros - 1) } else { nanos << 3 });
    }

    /// Takes up the lengths of lists; the items of all of them.
    fn items(&mut self, offsets: &OffsetBuffer<i32>, values: &ArrayRef) -> ArrayRef {
        self.streams = &[Kind::Length];
        offsets.lengths().for_each(|length| self.lengths.push(i64::try_from(length).unwrap_or(i64::MAX)));
        within(offsets, values)
    }

    /// Hands out the streams of the stripe; the column begins anew.
    pub(super) fn take(
        &mut self,
        put: &mut impl FnMut(u32, Kind, Vec<u8>) -> Result<(), String>,
    ) -> Result<(), String> {
        let present = self.present.take();
        if std::mem::take(&mut self.gaps) {
            put(self.id, Kind::Present, present)?;
        }
        for kind in self.streams {
            let bytes = match kind {
                Kind::Length => self.lengths.take(),
                Kind::Secondary => self.second.take(),
                // Of these the column has filled one.
                _ => {
                    let mut bytes = std::mem::take(&mut self.plain);
                    bytes.append(&mut self.bits.take());
                    bytes.append(&mut self.bytes.take());
                    bytes.append(&mut self.data.take());
                    bytes
                }
            };
            put(self.id, *kind, bytes)?;
        }
        self.children.iter_mut().try_for_each(|child| child.take(put))
    }

    /// Tells how many values each column has, and whether there are nulls, in the order of the ids.
    pub(super) fn counts(&self, tell: &mut impl FnMut(u64, bool)) {
        tell(self.values, self.nulls);
        self.children.iter().for_each(|child| child.counts(tell));
    }
}

/// What lists hold of their items: all between the first and the last, because no list is null any more.
fn within(offsets: &OffsetBuffer<i32>, values: &ArrayRef) -> ArrayRef {
    let first = offsets.first().copied().unwrap_or(0);
    let last = offsets.last().copied().unwrap_or(0);
    let (from, to) = (usize::try_from(first).unwrap_or(0), usize::try_from(last).unwrap_or(0));
    values.slice(from, to - from)
}
