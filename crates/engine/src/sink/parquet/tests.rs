use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use bytes::Bytes;
use datafusion::arrow::array::types::{Date32Type, Float64Type, Int32Type, Int64Type};
use datafusion::arrow::array::{
    Array, BooleanArray, Float32Array, ListArray, PrimitiveArray, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{cast, concat_batches};

use super::*;

/// Numbers without an end, the same for the same seed.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |last| {
        Some(last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    })
    .map(|number| number >> 33)
    .skip(1)
}

/// Values of which `nulls` in a hundred are not there, of `kinds` different ones; alike ones stand together in places.
fn column<T>(seed: u64, rows: usize, nulls: u64, kinds: u64, value: impl Fn(u64) -> T) -> Vec<Option<T>> {
    let mut last = 0;
    numbers(seed)
        .take(rows)
        .enumerate()
        .map(|(at, number)| {
            if at % 1000 > 200 {
                last = number % kinds;
            }
            (number % 100 >= nulls).then(|| value(last))
        })
        .collect()
}

fn batch(seed: u64, rows: usize, nulls: u64) -> RecordBatch {
    let signed = |number: u64| number as i64 - 5;
    let float =
        |number: u64| [f64::NAN, 0.0, -0.0, 1.5].get(number as usize).copied().unwrap_or(number as f64);
    let text = |number: u64| match number % 4 {
        0 => format!("{number}"),
        1 => format!("a text of number {number}"),
        2 => "ö".repeat(number as usize % 90),
        _ => String::new(),
    };
    let times = column(seed + 6, rows, nulls, 1 << 40, signed);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("few", Arc::new(PrimitiveArray::<Int32Type>::from(column(seed, rows, nulls, 3, |n| n as i32)))),
        ("many", Arc::new(PrimitiveArray::<Int64Type>::from(column(seed + 1, rows, nulls, 1 << 30, signed)))),
        (
            "plain",
            Arc::new(PrimitiveArray::<Int64Type>::from(column(seed + 1, rows, nulls, 1 << 30, signed))),
        ),
        (
            "day",
            Arc::new(PrimitiveArray::<Date32Type>::from(column(seed + 2, rows, nulls, 999, |n| n as i32))),
        ),
        ("real", Arc::new(PrimitiveArray::<Float64Type>::from(column(seed + 3, rows, nulls, 60, float)))),
        ("small", Arc::new(Float32Array::from(column(seed + 4, rows, nulls, 1 << 20, |n| n as f32)))),
        ("time", Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))),
        ("word", Arc::new(StringViewArray::from_iter(column(seed + 7, rows, nulls, 50, text)))),
        ("story", Arc::new(StringViewArray::from_iter(column(seed + 8, rows, nulls, 1 << 30, text)))),
        ("truth", Arc::new(BooleanArray::from(column(seed + 9, rows, nulls, 2, |n| n == 1)))),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(column(
                seed + 10,
                rows,
                nulls,
                9,
                |n| (0..n as i32).map(Some).collect::<Vec<_>>(),
            ))),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn written(batches: &[RecordBatch], compression: Compression) -> (Bytes, ParquetMetaData) {
    let plain: Dictionaries = ["plain".to_owned(), "story".to_owned()].into();
    let mut encoder = Box::new(ParquetEncoder::new(batches[0].schema_ref(), compression, &plain).unwrap());
    let mut bytes = Vec::new();
    for batch in batches {
        encoder.write(batch).unwrap();
        assert!(encoder.memory() > 0);
        bytes.extend(encoder.ready());
    }
    let ended = encoder.finish().unwrap();
    bytes.extend(ended.bytes);
    (bytes.into(), *ended.footer.unwrap())
}

#[test]
fn what_is_written_is_read_again() {
    let all = [Compression::Snappy, Compression::None, Compression::Zstd].as_slice();
    // The last has more rows than a row group.
    let cases = [
        (1, 0, all),
        (7, 50, all),
        (25_000, 0, all),
        (9_000, 3, all),
        (99, 100, all),
        (90_000, 1, &all[..1]),
    ];
    for (seed, (rows, nulls, compressions)) in cases.into_iter().enumerate() {
        let batches: Vec<_> = (0..3).map(|n| batch(seed as u64 * 100 + n, rows, nulls)).collect();
        let whole = concat_batches(batches[0].schema_ref(), &batches).unwrap();
        for compression in compressions {
            let (bytes, footer) = written(&batches, *compression);
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
            let groups = |footer: &ParquetMetaData| -> Vec<i64> {
                footer.row_groups().iter().map(RowGroupMetaData::num_rows).collect()
            };
            assert_eq!(groups(reader.metadata()), groups(&footer));
            let schema = Arc::clone(reader.schema());
            let read: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
            let read = concat_batches(&schema, &read).unwrap();
            for (found, known) in read.columns().iter().zip(whole.columns()) {
                assert_eq!(
                    cast(found, known.data_type()).unwrap().as_ref(),
                    known.as_ref(),
                    "{rows} {nulls}"
                );
            }
        }
    }
}

#[test]
fn files_tell_what_arrows_own_writer_tells() {
    for (rows, nulls) in [(1, 0), (20_000, 0), (20_000, 40), (100, 100)] {
        let batch = batch(rows as u64, rows, nulls);
        let (_, ours) = written(std::slice::from_ref(&batch), Compression::Snappy);
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let theirs = writer.close().unwrap();
        for (ours, theirs) in ours.row_group(0).columns().iter().zip(theirs.row_group(0).columns()) {
            let name = ours.column_path().string();
            let (ours, theirs) = (ours.statistics().unwrap(), theirs.statistics().unwrap());
            assert_eq!(ours.null_count_opt(), theirs.null_count_opt(), "{name}");
            assert_eq!(ours.min_bytes_opt(), theirs.min_bytes_opt(), "{name}");
            assert_eq!(ours.min_is_exact(), theirs.min_is_exact(), "{name}");
            if theirs.max_is_exact() {
                assert_eq!(ours.max_bytes_opt(), theirs.max_bytes_opt(), "{name}");
            }
        }
    }
}
