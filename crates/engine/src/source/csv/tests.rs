use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;
use crate::source::listing::codec_of;

async fn file(store: &Arc<InMemory>, key: &str, bytes: Vec<u8>) -> SourceFile {
    let path = Path::from(key);
    store.put(&path, bytes.into()).await.unwrap();
    let meta = store.head(&path).await.unwrap();
    let store: Arc<dyn ObjectStore> = Arc::<InMemory>::clone(store);
    SourceFile { store, bucket: "b".into(), meta, codec: codec_of(key), partition: vec![] }
}

async fn read(texts: &[&str], format: CsvFormat, columns: Option<&[(&str, DataType)]>) -> Vec<String> {
    let store = Arc::new(InMemory::new());
    let mut files = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        files.push(file(&store, &format!("f{n}.csv"), text.as_bytes().to_vec()).await);
    }
    let columns =
        columns.map(|columns| columns.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect());
    let shape = CsvShape { format: &format, columns, partitions: vec![], wanted: &|_| None, lenient: false };
    let table = csv_table("n", files, shape).await.unwrap();
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    let batches = context.read_table(Arc::new(table)).unwrap().collect().await.unwrap();
    let text = pretty_format_batches(&batches).unwrap().to_string();
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect()
}

#[tokio::test]
async fn text_by_header_in_any_order() {
    let rows = read(&["a,b\n1,x\r\n2,\n", "\u{feff}b,c,a\nq,z,3"], CsvFormat::default(), None).await;
    assert_eq!(rows, ["|a|b|c|", "|1|x||", "|2|||", "|3|q|z|"]);
}

#[tokio::test]
async fn quotes_escapes_and_short_records() {
    let text = "a,b,c\n\"x,y\",\"say \"\"hi\"\"\",1\nshort\n\n\"open,2,3\nlong,1,2,3,4\n\"q\"junk,5,6\n";
    let rows = read(&[text], CsvFormat::default(), None).await;
    assert_eq!(rows, ["|a|b|c|", "|x,y|say \"hi\"|1|", "|short|||", "|open,2,3|||", "|long|1|2|", "|q|5|6|"]);
    let format = CsvFormat { escape: Some(b'\\'), quote: None, header: false, ..CsvFormat::default() };
    assert_eq!(read(&["a\\,b,c\\\\,d\n"], format, None).await, ["|col0|col1|col2|", "|a,b|c\\|d|"]);
}

#[tokio::test]
async fn records_over_lines() {
    let format = CsvFormat { multiline: true, ..CsvFormat::default() };
    let rows = read(&["a,b\n\"x\ny\",2\nz,\"\"\"\n\"\n"], format, None).await;
    assert_eq!(rows.len(), 5, "{rows:?}");
}

#[tokio::test]
async fn types_that_do_not_fit_are_null() {
    let columns = [("n", DataType::Int64), ("x", DataType::Float64), ("s", DataType::Utf8View)];
    let format = CsvFormat { header: false, skip: 1, nulls: vec!["\\N".into()], ..CsvFormat::default() };
    let rows = read(&["whatever\n1,2.5,a\nNA,NA,NA\n\\N,,\\N\n"], format, Some(&columns)).await;
    assert_eq!(rows, ["|n|x|s|", "|1|2.5|a|", "|||NA|", "||||"]);
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_replaced() {
    let store = Arc::new(InMemory::new());
    let files = vec![file(&store, "f", b"a,b\n\xff,2\n".to_vec()).await];
    let format = CsvFormat::default();
    let shape =
        CsvShape { format: &format, columns: None, partitions: vec![], wanted: &|_| None, lenient: false };
    let table = csv_table("n", files, shape).await.unwrap();
    let batches = SessionContext::new().read_table(Arc::new(table)).unwrap().collect().await.unwrap();
    let text = pretty_format_batches(&batches).unwrap().to_string();
    assert!(text.contains('\u{fffd}'), "{text}");
}
