use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int8Array, Int16Array, Int32Array, Int64Array, ListArray, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Field, Schema};
use orc_rust::{ArrowReaderBuilder, TimestampPrecision};

use super::runs::{Bits, Integers};
use super::*;

fn batch(rows: usize) -> RecordBatch {
    let count = i64::try_from(rows).unwrap();
    let gap = |n: i64| n % 5 != 3;
    let longs: Int64Array = (0..count).map(|n| gap(n).then_some(n * n - 50)).collect();
    let runs: Int32Array = (0..count).map(|n| Some(i32::try_from(n / 200).unwrap())).collect();
    let shorts: Int16Array = (0..count).map(|n| Some(i16::try_from(n % 100 - 50).unwrap())).collect();
    let bytes: Int8Array = (0..count).map(|n| Some(i8::try_from(n % 3).unwrap())).collect();
    let truths: BooleanArray = (0..count).map(|n| gap(n).then_some(n % 7 == 0)).collect();
    let floats: Float32Array = (0..count).map(|n| Some(n as f32 / 3.0)).collect();
    let doubles: Float64Array = (0..count).map(|n| gap(n).then_some(n as f64 / 7.0)).collect();
    let texts: StringArray = (0..count).map(|n| gap(n).then(|| format!("té{n}"))).collect();
    let raw: BinaryArray =
        (0..count).map(|n| gap(n).then(|| vec![0u8; usize::try_from(n % 4).unwrap()])).collect();
    let days: Date32Array = (0..count).map(|n| Some(i32::try_from(n - 500).unwrap())).collect();
    let times = (0..count).map(|n| gap(n).then_some((n - 300) * 1_000_000_000 + n * 1001));
    let times: TimestampMicrosecondArray = times.collect();
    let decimals: Decimal128Array = (0..count).map(|n| Some(i128::from(n - 7) * 1_000_000_007)).collect();
    let decimals = decimals.with_precision_and_scale(30, 4).unwrap();
    let lengths: Vec<usize> = (0..rows).map(|n| n % 4).collect();
    let items: StringArray =
        (0..lengths.iter().sum()).map(|n: usize| (!n.is_multiple_of(3)).then(|| n.to_string())).collect();
    let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
    let set: NullBuffer = (0..count).map(gap).collect();
    let lists = ListArray::new(item, OffsetBuffer::from_lengths(lengths), Arc::new(items), Some(set.clone()));
    let inner = vec![
        Arc::new(Field::new("a", DataType::Int64, true)),
        Arc::new(Field::new("l", lists.data_type().clone(), true)),
    ];
    let columns: Vec<ArrayRef> = vec![Arc::new(longs.clone()), Arc::new(lists.clone())];
    let structs = StructArray::new(inner.into(), columns, Some(set));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(longs),
        Arc::new(runs),
        Arc::new(shorts),
        Arc::new(bytes),
        Arc::new(truths),
        Arc::new(floats),
        Arc::new(doubles),
        Arc::new(texts),
        Arc::new(raw),
        Arc::new(days),
        Arc::new(times),
        Arc::new(decimals),
        Arc::new(lists),
        Arc::new(structs),
    ];
    let fields =
        columns.iter().enumerate().map(|(n, of)| Field::new(format!("c{n}"), of.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, columns).unwrap()
}

fn written(batches: &[RecordBatch], compression: Compression) -> Bytes {
    let mut encoder = Box::new(OrcEncoder::new(batches[0].schema_ref(), compression).unwrap());
    let mut out = Vec::new();
    for batch in batches {
        encoder.write(batch).unwrap();
        encoder.flush().unwrap();
        out.extend(encoder.ready());
    }
    out.extend(encoder.finish().unwrap().bytes);
    out.into()
}

#[test]
fn every_type_and_compression_there_and_back() {
    let made = batch(1000);
    for compression in
        [Compression::None, Compression::Deflate, Compression::Snappy, Compression::Lz4, Compression::Zstd]
    {
        let bytes = written(&[made.slice(0, 10), made.slice(10, 990)], compression);
        let reader = ArrowReaderBuilder::try_new(bytes).unwrap();
        assert_eq!(reader.file_metadata().stripe_metadatas().len(), 2);
        let reader = reader.with_timestamp_precision(TimestampPrecision::Microsecond).build();
        let found: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        let found = concat_batches(&found[0].schema(), &found).unwrap();
        for (number, (made, found)) in made.columns().iter().zip(found.columns()).enumerate() {
            assert_eq!(made.null_count(), found.null_count(), "c{number}");
            assert_eq!(format!("{made:?}").len(), format!("{found:?}").len(), "c{number}");
            if !made.data_type().is_nested() {
                assert_eq!(made.as_ref(), found.as_ref(), "c{number} {compression:?}");
            }
        }
    }
}

#[test]
fn a_file_without_rows() {
    let none = batch(0);
    let reader = ArrowReaderBuilder::try_new(written(&[none], Compression::Snappy)).unwrap();
    assert_eq!(reader.file_metadata().number_of_rows(), 0);
}

#[test]
fn runs_are_short() {
    let mut numbers = Integers::new(true);
    (0..130).for_each(|n| numbers.push(7 - n * 3));
    // A run of 130 with the step -3 from 7 (zigzag 14).
    assert_eq!(numbers.take(), [127, 0xfd, 14]);
    [5, 9, 1].into_iter().for_each(|n| numbers.push(n));
    assert_eq!(numbers.take(), [0xfd, 10, 18, 2]);
    let mut bits = Bits::default();
    [true, false, true].into_iter().for_each(|bit| bits.push(bit));
    assert_eq!(bits.take(), [0xff, 0b1010_0000]);
}
