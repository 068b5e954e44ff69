use std::time::Duration;

use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroOcfFormat;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::prelude::SessionContext;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;

async fn read(bytes: Vec<u8>) -> Result<usize, String> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let key = Path::from("f.avro");
    store.put(&key, bytes.into()).await.unwrap();
    let meta = store.head(&key).await.unwrap();
    let file = SourceFile { store, bucket: "b".into(), meta, codec: None, partition: vec![] };
    let columns = [("n".to_owned(), DataType::Int64), ("t".to_owned(), DataType::Utf8View)];
    let table = avro_table("n", vec![file], &columns, &[]);
    let frame = SessionContext::new().read_table(Arc::new(table)).unwrap();
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    Ok(batches.iter().map(RecordBatch::num_rows).sum())
}

/// A file of blocks of ten rows.
fn written(blocks: i64) -> Vec<u8> {
    let batch = |first: i64| {
        let numbers: ArrayRef = Arc::new((first..first + 10).map(Some).collect::<Int64Array>());
        let texts = (first..first + 10).map(|n| (n % 3 > 0).then(|| format!("text {n}")));
        let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
        RecordBatch::try_from_iter_with_nullable([("n", numbers, true), ("t", texts, true)]).unwrap()
    };
    let mut bytes = Vec::new();
    let builder = WriterBuilder::new(batch(0).schema().as_ref().clone());
    let mut writer = builder.build::<_, AvroOcfFormat>(&mut bytes).unwrap();
    (0..blocks).for_each(|block| writer.write(&batch(block * 10)).unwrap());
    writer.finish().unwrap();
    bytes
}

/// A file without compression whose only block has these bytes and says that it has so many records.
fn claimed(schema: &str, count: i64, block: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    write_long(&mut bytes, 1);
    for text in ["avro.schema", schema] {
        write_long(&mut bytes, i64::try_from(text.len()).unwrap());
        bytes.extend(text.bytes());
    }
    write_long(&mut bytes, 0);
    bytes.extend([7; 16]);
    write_long(&mut bytes, count);
    write_long(&mut bytes, i64::try_from(block.len()).unwrap());
    bytes.extend(block);
    bytes.extend([7; 16]);
    bytes
}

#[tokio::test]
async fn blocks_of_a_file() {
    assert_eq!(read(written(1000)).await, Ok(10_000));
}

#[tokio::test]
async fn blocks_that_lie_are_named() {
    let nothing = r#"{"type":"record","name":"r","fields":[{"name":"n","type":"null"}]}"#;
    let long = r#"{"type":"record","name":"r","fields":[{"name":"n","type":"long"}]}"#;
    for (schema, count, block, what) in [
        (nothing, i64::MAX, &[][..], "it says that it has 9223372036854775807 records in 0 bytes"),
        (nothing, i64::MAX, &[0], "it says that it has 9223372036854775807 records in 1 bytes"),
        (long, 2, &[2, 4, 6], "it says that it has 2 records in 3 bytes, but 1 follow the last"),
        (long, 0, &[2], "it says that it has 0 records in 1 bytes, but 1 follow the last"),
    ] {
        let error = read(claimed(schema, count, block)).await.unwrap_err();
        assert!(error.contains(&format!("`s3://b/f.avro`: block 1: {what}")), "{error}");
    }
    assert_eq!(read(claimed(long, 2, &[2, 4])).await, Ok(2));
}

#[tokio::test]
async fn any_bytes_come_to_an_end() {
    let whole = written(3);
    let mut seed = 7u64;
    let mut next = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % most
    };
    let (mut sound, mut broken) = (0, 0);
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..=next(3) {
            let (at, byte) = (next(bytes.len()), next(256));
            bytes[at] = u8::try_from(byte).unwrap();
        }
        bytes.truncate(bytes.len() - next(2) * next(whole.len()));
        match tokio::time::timeout(Duration::from_secs(20), read(bytes)).await.unwrap() {
            Ok(_) => sound += 1,
            Err(_) => broken += 1,
        }
    }
    assert!(sound > 0 && broken > 0, "{sound} {broken}");
}
