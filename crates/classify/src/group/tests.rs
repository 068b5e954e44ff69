use std::collections::BTreeMap;
use std::sync::Arc;

use mastic_hive::{Configuration, Format, HiveType};

use super::{FoundFile, Grouping, group, is_hidden};
use crate::classified::{Classified, Column, CsvDetails, Details, RecordCounts};
use crate::compression::Compression;
use crate::describe::{Counts, TableFound};

/// A CSV file of 1,000 bytes with the given columns, all `bigint`.
fn csv(key: &str, columns: &str) -> FoundFile {
    let column = |name: &str| Column { name: name.to_owned(), ty: HiveType::BigInt };
    let classified = Classified {
        columns: columns.split_whitespace().map(column).collect(),
        details: Details::Csv(CsvDetails { delimiter: ',', quote: '"', header: true, quoted: false }),
        ..Classified::new(Format::Csv, Compression::None)
    };
    let counts = RecordCounts { records: 100, average_size: 10 };
    FoundFile { key: key.to_owned(), size: 1000, classified: Arc::new(classified), counts }
}

fn json(key: &str, columns: &str) -> FoundFile {
    let mut file = csv(key, columns);
    let fields = columns.split_whitespace().map(str::to_uppercase).collect();
    let classified = Arc::make_mut(&mut file.classified);
    classified.format = Some(Format::Json);
    classified.classification = "json".into();
    classified.details = Details::Json { fields, path: None };
    file
}

fn grouped(prefix: &str, configuration: Configuration, files: &[FoundFile]) -> Vec<TableFound> {
    let target = Grouping { bucket: "b", prefix, table_prefix: "", configuration };
    group(&target, files)
}

/// Tables as `name location keys [values,...]`.
fn shown(tables: &[TableFound]) -> Vec<String> {
    let show = |table: &TableFound| {
        let values: Vec<String> = table.partitions.iter().map(|p| p.values.join("/")).collect();
        format!("{} {} {} [{}]", table.name, table.location, table.partition_keys.join("/"), values.join(" "))
    };
    tables.iter().map(show).collect()
}

fn parameters(form: BTreeMap<String, String>, counts: Counts) -> Vec<String> {
    let all: BTreeMap<String, String> = form.into_iter().chain(counts.parameters()).collect();
    all.into_iter().map(|(k, v)| format!("{k}={v}")).collect()
}

fn plain(prefix: &str, files: &[FoundFile]) -> Vec<String> {
    shown(&grouped(prefix, Configuration::default(), files))
}

#[test]
fn hive_folders_are_partitions() {
    let files = [csv("t/year=2024/Month=02/a.csv", "a b c"), csv("t/year=2023/Month=1%2F2/a.csv", "a b c d")];
    let found = grouped("t/", Configuration::default(), &files);
    assert_eq!(shown(&found), ["t s3://b/t/ year/month [2023/1/2 2024/02]"]);
    assert_eq!(found[0].partitions[0].values, ["2023", "1/2"]);
    assert_eq!(found[0].partitions[0].location, "s3://b/t/year=2023/Month=1%2F2/");
}

#[test]
fn other_folders_are_partitions_by_place() {
    let files = [csv("t/x/1/a.csv", "a b"), csv("t/y/2/a.csv", "a b"), csv("t/y/2/b.csv", "a b")];
    assert_eq!(plain("t", &files), ["t s3://b/t/ partition_0/partition_1 [x/1 y/2]"]);
    assert_eq!(plain("", &files[..1]), ["b s3://b/ partition_0/partition_1/partition_2 [t/x/1]"]);
}

#[test]
fn similar_siblings_are_one_table_and_unlike_ones_are_two() {
    let alike = [csv("f/table1/p=1/x", "a b c"), csv("f/table2/p=1/x", "a b c")];
    assert_eq!(plain("f", &alike), ["f s3://b/f/ partition_0/p [table1/1 table2/1]"]);
    let unlike = [csv("f/table1/p=1/x", "a b c"), csv("f/table2/p=1/x", "d e f")];
    assert_eq!(plain("f", &unlike), ["table1 s3://b/f/table1/ p [1]", "table2 s3://b/f/table2/ p [1]"]);
}

#[test]
fn unlike_partitions_become_tables_unless_combined() {
    let files = [json("d/year=2017/x.json", "a b"), json("d/year=2018/x.json", "c d")];
    let found = grouped("d", Configuration::default(), &files);
    assert_eq!(shown(&found), ["year_2017 s3://b/d/year=2017/  []", "year_2018 s3://b/d/year=2018/  []"]);
    assert!(found[0].reasons.iter().any(|r| r.contains("0% similar")), "{:?}", found[0].reasons);
    let combine = Configuration { combine_compatible_schemas: true, ..Configuration::default() };
    let found = grouped("d", combine, &files);
    assert_eq!(shown(&found), ["d s3://b/d/ year [2017 2018]"]);
    let names: Vec<&str> = found[0].form.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(found[0].form.serde_parameters["paths"], "A,B,C,D");
    assert_eq!(found[0].partitions[1].form.serde_parameters["paths"], "C,D");
}

#[test]
fn a_large_majority_carries_a_few_strangers() {
    let mut files: Vec<FoundFile> = (0..8).map(|n| csv(&format!("t/p={n}/x"), "a b c")).collect();
    files.push(csv("t/p=8/x", "q"));
    files.push(csv("t/p=9/x", "r"));
    assert_eq!(plain("t", &files).len(), 1);
    files.push(csv("t/pa=9/x", "a b c"));
    assert_eq!(plain("t", &files).len(), 11);
    let many: Vec<FoundFile> = (0..30)
        .map(|n| csv(&format!("t/p={n}/x"), if n < 25 { "a" } else { ["q", "r", "s", "u", "v"][n - 25] }))
        .collect();
    let found = grouped("t", Configuration::default(), &many);
    assert_eq!(found.len(), 30);
    assert!(found[0].reasons[1].contains("more than 5 different schemas"), "{:?}", found[0].reasons);
}

#[test]
fn unlike_formats_are_never_one_table() {
    let files = [csv("t/p=1/x", "a b"), json("t/p=2/x", "a b")];
    let combine = Configuration { combine_compatible_schemas: true, ..Configuration::default() };
    let found = grouped("t", combine, &files);
    assert_eq!(found.len(), 2);
    assert!(found[1].reasons[1].contains("`p=1` is csv, `p=2` is json"), "{:?}", found[1].reasons);
}

#[test]
fn files_that_do_not_fit_are_tables_of_their_own() {
    assert_eq!(plain("t", &[csv("t/one.csv", "a b")]), ["t s3://b/t/  []"]);
    assert_eq!(plain("t", &[csv("t/one.csv", "a b"), csv("t/two.csv", "a b")]), ["t s3://b/t/  []"]);
    assert_eq!(
        plain("t", &[csv("t/one.csv", "a b"), csv("t/two.csv", "c d")]),
        ["one_csv s3://b/t/one.csv  []", "two_csv s3://b/t/two.csv  []"]
    );
    assert_eq!(
        plain("t", &[csv("t/one.csv", "a b"), csv("t/p/two.csv", "a b")]),
        ["one_csv s3://b/t/one.csv  []", "p s3://b/t/p/  []"]
    );
    assert_eq!(plain("t/one.csv", &[csv("t/one.csv", "a b")]), ["one_csv s3://b/t/one.csv  []"]);
}

#[test]
fn names_are_made_unique_and_prefixed() {
    let files =
        [csv("x/s/a.csv", "a b"), csv("x/q.csv", "a"), csv("y/s/a.csv", "c d"), csv("y/q.csv", "c d")];
    let target =
        Grouping { bucket: "b", prefix: "", table_prefix: "Raw-", configuration: Configuration::default() };
    let found = group(&target, &files);
    let names: Vec<&str> = found.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names[..2], ["raw_q_csv", "raw_s"]);
    assert!(names[2].starts_with("raw_q_csv_") && names[2].len() == 42, "{names:?}");
}

#[test]
fn tables_begin_at_the_configured_level() {
    let files = [csv("d/y/m1/x", "a"), csv("d/y/m2/x", "b"), csv("d/z/m1/x", "a")];
    let at = |level| Configuration { table_level: Some(level), ..Configuration::default() };
    assert_eq!(
        shown(&grouped("", at(3), &files)),
        ["y s3://b/d/y/ partition_0 [m1 m2]", "z s3://b/d/z/ partition_0 [m1]"]
    );
    assert_eq!(shown(&grouped("", at(2), &files)), ["d s3://b/d/ partition_0/partition_1 [y/m1 y/m2 z/m1]"]);
    assert_eq!(shown(&grouped("d", at(1), &files)).len(), 1);
}

#[test]
fn a_key_named_like_a_column_is_named_by_its_place() {
    assert_eq!(plain("t", &[csv("t/month=1/x", "month b")]), ["t s3://b/t/ partition_0 [1]"]);
    assert_eq!(plain("t", &[csv("t/P=1/x", "a"), csv("t/p=1/x", "a")]).len(), 2);
}

#[test]
fn hidden_files_are_passed_over() {
    for (key, hidden) in [
        ("_SUCCESS", true),
        ("d/.crc", true),
        ("_delta_log/x", true),
        ("d/", true),
        ("p=_x/a", false),
        ("_p=1/a", false),
        ("a_b/c", false),
    ] {
        assert_eq!(is_hidden(key), hidden, "{key}");
    }
    assert_eq!(plain("t", &[csv("t/a", "a"), csv("t/_SUCCESS", "x")]), ["t s3://b/t/  []"]);
    assert_eq!(plain("_t", &[csv("_t/a", "a")]), ["_t s3://b/_t/  []"]);
    assert!(plain("t", &[csv("other/a", "a")]).is_empty());
}

#[test]
fn an_empty_file_beside_folders_splits_them() {
    let mut marker = csv("t/p=1_$folder$", "");
    marker.size = 0;
    let mut inside = marker.clone();
    inside.key = "t/p=1/empty".to_owned();
    let files = [csv("t/p=1/a", "a"), csv("t/p=2/a", "a"), inside];
    assert_eq!(plain("t", &files), ["t s3://b/t/ p [1 2]"]);
    let [a, b, _] = files;
    let found = grouped("t", Configuration::default(), &[a, b, marker]);
    assert_eq!(shown(&found), ["p_1 s3://b/t/p=1/  []", "p_2 s3://b/t/p=2/  []"]);
    assert!(found[0].reasons[1].contains("empty file `p=1_$folder$`"), "{:?}", found[0].reasons);
}

#[test]
fn parameters_are_those_of_aws() {
    let files = [csv("t/p=1/x", "a b"), csv("t/p=1/y", "a b"), csv("t/p=2/x", "a b")];
    let found = grouped("t", Configuration::default(), &files);
    let shown: Vec<String> = parameters(found[0].form.parameters.clone(), found[0].counts);
    assert_eq!(
        shown,
        [
            "CrawlerSchemaDeserializerVersion=1.0",
            "CrawlerSchemaSerializerVersion=1.0",
            "areColumnsQuoted=false",
            "averageRecordSize=10",
            "classification=csv",
            "columnsOrdered=true",
            "compressionType=none",
            "delimiter=,",
            "objectCount=3",
            "recordCount=300",
            "sizeKey=3000",
            "skip.header.line.count=1",
            "typeOfData=file",
        ]
    );
    assert_eq!(found[0].partitions[0].counts.objects, 2);
    assert_eq!(found[0].form.serde_parameters["field.delim"], ",");
}
