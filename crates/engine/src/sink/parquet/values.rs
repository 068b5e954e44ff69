//! The values of one column of a row group: plain, or as numbers into a dictionary of those that occur.

use ::parquet::basic::Encoding;
use ::parquet::data_type::ByteArray;
use ::parquet::file::statistics::{Statistics, ValueStatistics};
use datafusion::arrow::array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit, ToByteSlice};
use datafusion::common::HashMap;

use super::hybrid;

/// Bytes of a dictionary to which no page is added any more.
const LARGEST: usize = 1 << 20;
/// The longest text that is told as least or greatest; what is longer is cut.
const TOLD: usize = 64;

/// What is collected of a column.
pub(super) trait Values: Send {
    /// Takes up those of an array that are there.
    fn take(&mut self, array: &dyn Array);

    /// What is told of all of them.
    fn statistics(&self, nulls: u64) -> Statistics;

    /// The pages that they go to.
    fn pages(&self) -> &Pages;

    /// The same, to be filled and taken.
    fn pages_mut(&mut self) -> &mut Pages;
}

/// What collects values of a type; none for one that is left to Arrow's own writer.
pub(super) fn values(of: &DataType, dictionary: bool) -> Option<Box<dyn Values>> {
    Some(match of {
        DataType::Int32 => Box::new(Numbers::<Int32Type>::new(dictionary)),
        DataType::Int64 => Box::new(Numbers::<Int64Type>::new(dictionary)),
        DataType::Float32 => Box::new(Numbers::<Float32Type>::new(dictionary)),
        DataType::Float64 => Box::new(Numbers::<Float64Type>::new(dictionary)),
        DataType::Date32 => Box::new(Numbers::<Date32Type>::new(dictionary)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Box::new(Numbers::<TimestampMicrosecondType>::new(dictionary))
        }
        DataType::Utf8View => Box::new(Texts::new(dictionary)),
        _ => return None,
    })
}

/// The values that occur, as pages have them, and the numbers of those that wait for their page.
#[derive(Default)]
struct Dictionary {
    plain: Vec<u8>,
    count: u32,
    codes: Vec<u32>,
}

impl Dictionary {
    /// The number of a value that was not there yet.
    fn add(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }

    fn page(&mut self, out: &mut Vec<u8>) -> Encoding {
        let width = hybrid::width(self.count as usize).max(1);
        out.push(width as u8);
        hybrid::encode(&self.codes, width, out);
        self.codes.clear();
        Encoding::RLE_DICTIONARY
    }
}

/// The pages to come of a column.
pub(super) struct Pages {
    dictionary: Option<Dictionary>,
    /// Whether what comes is numbers into the dictionary.
    coded: bool,
    plain: Vec<u8>,
}

impl Pages {
    fn new(dictionary: bool) -> Self {
        Self { dictionary: dictionary.then(Dictionary::default), coded: dictionary, plain: Vec::new() }
    }

    /// The dictionary, as long as values go there.
    fn open(&mut self) -> Option<&mut Dictionary> {
        self.dictionary.as_mut().filter(|_| self.coded)
    }

    /// Bytes that wait for their page, about.
    pub(super) fn held(&self) -> usize {
        self.plain.len() + self.dictionary.as_ref().map_or(0, |dictionary| dictionary.codes.len() * 4)
    }

    /// Appends what waits to a page.
    pub(super) fn page(&mut self, out: &mut Vec<u8>) -> Encoding {
        if let Some(dictionary) = self.open() {
            let encoding = dictionary.page(out);
            self.coded = dictionary.plain.len() < LARGEST;
            return encoding;
        }
        out.extend_from_slice(&self.plain);
        self.plain.clear();
        Encoding::PLAIN
    }

    /// The dictionary, as a page has it, and how many values it has.
    pub(super) fn dictionary(&self) -> Option<(&[u8], usize)> {
        self.dictionary.as_ref().map(|dictionary| (dictionary.plain.as_slice(), dictionary.count as usize))
    }
}

/// A number of a width that Parquet has.
trait Number: ArrowPrimitiveType {
    /// Its bits, by which it is known in the dictionary.
    fn bits(value: Self::Native) -> u64;

    /// What Parquet tells of values between these.
    fn statistics(extremes: Option<(Self::Native, Self::Native)>, nulls: u64) -> Statistics;
}

macro_rules! number {
    ($($of:ty, $bits:expr, $told:expr;)*) => {
        $(impl Number for $of {
            fn bits(value: Self::Native) -> u64 {
                $bits(value)
            }

            fn statistics(extremes: Option<(Self::Native, Self::Native)>, nulls: u64) -> Statistics {
                let extremes = extremes.map($told);
                let (least, most) = extremes.unzip();
                ValueStatistics::new(least, most, None, Some(nulls), false)
                    .with_backwards_compatible_min_max(true)
                    .into()
            }
        })*
    };
}

number! {
    Int32Type, |value: i32| u64::from(value.cast_unsigned()), |found| found;
    Date32Type, |value: i32| u64::from(value.cast_unsigned()), |found| found;
    Int64Type, i64::cast_unsigned, |found| found;
    TimestampMicrosecondType, i64::cast_unsigned, |found| found;
    // Readers must not rely on the sign of a zero.
    Float32Type, |value: f32| u64::from(value.to_bits()),
        |(least, most)| (if least == 0.0 { -0.0 } else { least }, if most == 0.0 { 0.0 } else { most });
    Float64Type, f64::to_bits,
        |(least, most)| (if least == 0.0 { -0.0 } else { least }, if most == 0.0 { 0.0 } else { most });
}

struct Numbers<T: Number> {
    pages: Pages,
    known: HashMap<u64, u32>,
    extremes: Option<(T::Native, T::Native)>,
}

impl<T: Number> Numbers<T> {
    fn new(dictionary: bool) -> Self {
        Self { pages: Pages::new(dictionary), known: HashMap::default(), extremes: None }
    }

    fn widen(&mut self, values: &[T::Native]) {
        // What is no number is told of nowhere.
        let mut values = values.iter().copied().filter(|value| value.partial_cmp(value).is_some());
        let first = self.extremes.or_else(|| values.next().map(|value| (value, value)));
        self.extremes = first.map(|first| {
            values.fold(first, |(least, most), value| {
                (if value < least { value } else { least }, if value > most { value } else { most })
            })
        });
    }
}

impl<T: Number> Values for Numbers<T> {
    fn take(&mut self, array: &dyn Array) {
        let array = array.as_primitive::<T>();
        let dense: Vec<T::Native>;
        let values: &[T::Native] = if array.null_count() == 0 {
            array.values()
        } else {
            dense = array.iter().flatten().collect();
            &dense
        };
        let Some(dictionary) = self.pages.open() else {
            self.pages.plain.extend_from_slice(values.to_byte_slice());
            self.widen(values);
            return;
        };
        let mut fresh = Vec::new();
        dictionary.codes.reserve(values.len());
        for value in values {
            let code = *self.known.entry(T::bits(*value)).or_insert_with(|| {
                fresh.push(*value);
                dictionary.plain.extend_from_slice(value.to_byte_slice());
                dictionary.add()
            });
            dictionary.codes.push(code);
        }
        self.widen(&fresh);
    }

    fn pages(&self) -> &Pages {
        &self.pages
    }

    fn pages_mut(&mut self) -> &mut Pages {
        &mut self.pages
    }

    fn statistics(&self, nulls: u64) -> Statistics {
        T::statistics(self.extremes, nulls)
    }
}

/// The least and the greatest text.
#[derive(Default)]
struct Extremes {
    found: Option<(Vec<u8>, Vec<u8>)>,
    /// How they begin: mostly that is enough to see that a text is between them.
    least: u64,
    most: u64,
}

impl Extremes {
    #[inline]
    fn widen(&mut self, text: &[u8]) {
        let begin = match text.first_chunk() {
            Some(begin) => u64::from_be_bytes(*begin),
            None => text.iter().rev().fold(0, |begin, byte| (begin >> 8) | (u64::from(*byte) << 56)),
        };
        if self.found.is_none() || begin <= self.least || begin >= self.most {
            self.replace(text, begin);
        }
    }

    fn replace(&mut self, text: &[u8], begin: u64) {
        match &mut self.found {
            None => {
                self.found = Some((text.to_vec(), text.to_vec()));
                (self.least, self.most) = (begin, begin);
            }
            Some((least, most)) => {
                if text < least.as_slice() {
                    (*least, self.least) = (text.to_vec(), begin);
                }
                if text > most.as_slice() {
                    (*most, self.most) = (text.to_vec(), begin);
                }
            }
        }
    }

    fn statistics(&self, nulls: u64) -> Statistics {
        let told = |bytes: Vec<u8>| Some(ByteArray::from(bytes));
        let found = self.found.as_ref().map(|(least, most)| (below(least), above(most)));
        let Some(((least, is_least), (most, is_most))) = found else {
            return ValueStatistics::<ByteArray>::new(None, None, None, Some(nulls), false).into();
        };
        ValueStatistics::new(told(least), told(most), None, Some(nulls), false)
            .with_min_is_exact(is_least)
            .with_max_is_exact(is_most)
            .into()
    }
}

/// The bytes of the first characters of a text.
fn cut(text: &[u8]) -> &[u8] {
    let ends = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let end = (0..=TOLD.min(text.len())).rev().find(ends).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// A text that is not greater, and whether it is the same.
fn below(text: &[u8]) -> (Vec<u8>, bool) {
    let short = cut(text);
    (short.to_vec(), short.len() == text.len())
}

/// A text that is not less, and whether it is the same.
fn above(text: &[u8]) -> (Vec<u8>, bool) {
    let short = cut(text);
    // The last ASCII character before the end that has another behind it takes that one's place.
    let last = short.iter().rposition(|byte| *byte < 0x7f);
    match last.and_then(|last| short.get(..=last)) {
        Some([before @ .., last]) if short.len() < text.len() => ([before, &[last + 1]].concat(), false),
        _ => (text.to_vec(), true),
    }
}

struct Texts {
    pages: Pages,
    /// Texts by their views, if those hold them whole.
    short: HashMap<u128, u32>,
    long: HashMap<Box<[u8]>, u32>,
    extremes: Extremes,
}

/// The bytes that a view holds itself.
const INLINE: usize = 12;

impl Texts {
    fn new(dictionary: bool) -> Self {
        Self {
            pages: Pages::new(dictionary),
            short: HashMap::default(),
            long: HashMap::default(),
            extremes: Extremes::default(),
        }
    }
}

fn put(out: &mut Vec<u8>, text: &[u8]) {
    // Arrow's own texts are shorter than this can tell.
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text);
}

impl Values for Texts {
    fn take(&mut self, array: &dyn Array) {
        let array = array.as_string_view();
        let Some(dictionary) = self.pages.open() else {
            for text in array.iter().flatten() {
                put(&mut self.pages.plain, text.as_bytes());
                self.extremes.widen(text.as_bytes());
            }
            return;
        };
        let extremes = &mut self.extremes;
        for (text, view) in array.iter().zip(array.views()) {
            let Some(text) = text.map(str::as_bytes) else { continue };
            let known = if text.len() <= INLINE { self.short.get(view) } else { self.long.get(text) };
            let code = known.copied().unwrap_or_else(|| {
                extremes.widen(text);
                put(&mut dictionary.plain, text);
                let code = dictionary.add();
                if text.len() <= INLINE {
                    self.short.insert(*view, code);
                } else {
                    self.long.insert(text.into(), code);
                }
                code
            });
            dictionary.codes.push(code);
        }
    }

    fn pages(&self) -> &Pages {
        &self.pages
    }

    fn pages_mut(&mut self) -> &mut Pages {
        &mut self.pages
    }

    fn statistics(&self, nulls: u64) -> Statistics {
        self.extremes.statistics(nulls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_told_by_shorter_ones() {
        let long = "z".repeat(100);
        assert_eq!(below(long.as_bytes()), (vec![b'z'; 64], false));
        let (most, same) = above(long.as_bytes());
        assert!(most.as_slice() > long.as_bytes() && most.len() == 64 && !same);
        let wide = "ö".repeat(50);
        let (least, _) = below(format!("a{wide}").as_bytes());
        assert_eq!(std::str::from_utf8(&least).unwrap().chars().count(), 32);
        assert_eq!(above(format!("a{wide}").as_bytes()), (b"b".to_vec(), false));
        assert_eq!(above(wide.as_bytes()), (wide.clone().into_bytes(), true));
        assert_eq!(above(b"short"), (b"short".to_vec(), true));
    }

    #[test]
    fn extremes_are_those_of_bytes() {
        let texts =
            ["m", "", "ma", "mariahilf", "mariahilfer", "\u{0}", "ö", "zzzzzzzz", "zzzzzzzzz", "\u{10ffff}"];
        let mut extremes = Extremes::default();
        for (count, text) in texts.iter().enumerate() {
            extremes.widen(text.as_bytes());
            let so_far = texts.iter().take(count + 1);
            let known = (so_far.clone().min().unwrap(), so_far.max().unwrap());
            let (least, most) = extremes.found.as_ref().unwrap();
            assert_eq!((least.as_slice(), most.as_slice()), (known.0.as_bytes(), known.1.as_bytes()));
        }
    }
}
