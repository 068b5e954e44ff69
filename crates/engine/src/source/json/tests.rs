use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;

async fn read(
    text: &str,
    path: Option<&str>,
    columns: Option<&[(&str, DataType)]>,
) -> Result<Vec<String>, String> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let key = Path::from("f.json");
    store.put(&key, text.to_owned().into()).await.unwrap();
    let meta = store.head(&key).await.unwrap();
    let file = SourceFile { store, bucket: "b".into(), meta, codec: None, partition: vec![Some("7".into())] };
    let columns =
        columns.map(|columns| columns.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect());
    let partitions = vec![("p".to_owned(), DataType::Int32)];
    let shape = JsonShape { path, multiline: false, columns, partitions, width: 2, tolerant: false };
    let table = json_table("n", vec![file], shape).await.map_err(|error| error.to_string())?;
    let frame = SessionContext::new().read_table(Arc::new(table)).unwrap();
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let text = pretty_format_batches(&batches).unwrap().to_string();
    let rows = text.lines().filter(|line| line.starts_with('|'));
    Ok(rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect())
}

#[tokio::test]
async fn lines_with_inferred_columns() {
    let rows =
        read("{\"b\":1,\"a\":\"x\"}\n\n{\"b\":2.5,\"c\":{\"d\":[1,null]}}\n", None, None).await.unwrap();
    assert_eq!(rows, ["|a|b|c|p|", "|x|1.0||7|", "||2.5|{d: [1, ]}|7|"]);
}

#[tokio::test]
async fn arrays_over_lines() {
    let rows = read("[ {\"a\": \"],{\\\"\"},\n {\"a\":\n \"2\"} ]\n", None, None).await.unwrap();
    assert_eq!(rows, ["|a|p|", "|],{\"|7|", "|2|7|"]);
}

#[tokio::test]
async fn records_at_a_path() {
    let text = "{\"data\":{\"rows\":[{\"a\":1},{\"a\":2}]}}";
    let expected = ["|a|p|", "|1|7|", "|2|7|"];
    assert_eq!(read(text, Some("$.data.rows[*]"), None).await.unwrap(), expected);
    assert_eq!(read(text, Some("$['data'].rows"), None).await.unwrap(), expected);
    assert!(read(text, Some("$..a"), None).await.unwrap_err().contains("JsonPath"));
}

#[tokio::test]
async fn what_does_not_fit_is_null() {
    let columns = [("a", DataType::Int64), ("b", DataType::Utf8View)];
    let rows = read("{\"a\":\"NA\",\"b\":5}\n{\"a\":\"12\"}\n", None, Some(&columns)).await.unwrap();
    assert_eq!(rows, ["|a|b|p|", "||5|7|", "|12||7|"]);
}

#[tokio::test]
async fn a_broken_file_is_named() {
    let error = read("{\"a\":1}\n{broken\n", None, Some(&[("a", DataType::Int64)])).await.unwrap_err();
    assert!(error.contains("s3://b/f.json") && error.contains("node `n`"), "{error}");
    let error = read("{\"a\":1}\n5\n", None, None).await.unwrap_err();
    assert!(error.contains("s3://b/f.json") && error.contains("not an object"), "{error}");
}

#[tokio::test]
async fn values_that_disagree_are_a_choice() {
    let text = "{\"a\":1,\"b\":[1,\"x\"]}\n{\"a\":\"two\",\"b\":[{\"c\":2}]}\n{\"a\":null}\n{\"a\":3.5}\n";
    let rows = read(text, None, None).await.unwrap();
    assert_eq!(
        rows,
        [
            "|a|b|p|",
            "|{double: 1.0, string: }|[{long: 1, string: , struct: }, {long: , string: x, struct: }]|7|",
            "|{double: , string: two}|[{long: , string: , struct: {c: 2}}]|7|",
            "|||7|",
            "|{double: 3.5, string: }||7|",
        ]
    );
}
