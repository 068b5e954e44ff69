use std::collections::BTreeMap;
use std::sync::Arc;

use mastic_api_glue::glue::types::{
    Column, DeleteBehavior, Partition, PartitionInput, S3Target, StorageDescriptor, Table, TableInput,
};
use mastic_classify::{Column as FoundColumn, Configuration, PartitionFound, TableFound};
use mastic_core::Timestamp;
use mastic_hive::Format;

use super::describe::{Crawl, DEPRECATED_BY, UPDATED_BY};
use super::listing::Include;
use super::plan::{Change, Known, Rules, TablePlan, is_gone, pair};

fn rules() -> Rules {
    Rules {
        crawl: Crawl { crawler: "c".to_owned(), id: "run-2".to_owned(), at: Timestamp::from_millis(2_000) },
        update: true,
        delete: DeleteBehavior::DeprecateInDatabase,
        configuration: Configuration::default(),
    }
}

fn parameters(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A table `t` of CSV files at `s3://b/t/` with these columns, partitioned by year.
fn found(columns: &[(&str, &str)], years: &[&str]) -> TableFound {
    let columns: Vec<FoundColumn> = columns
        .iter()
        .map(|(name, ty)| FoundColumn { name: (*name).to_owned(), ty: ty.parse().unwrap() })
        .collect();
    let counted = |count: &str| {
        parameters(&[
            ("classification", "csv"),
            ("compressionType", "none"),
            ("delimiter", ","),
            ("objectCount", count),
        ])
    };
    let partitions = years.iter().map(|year| PartitionFound {
        values: vec![(*year).to_owned()],
        location: format!("s3://b/t/year={year}/"),
        columns: columns.clone(),
        parameters: counted("1"),
        serde_parameters: parameters(&[("field.delim", ",")]),
    });
    TableFound {
        name: "t".to_owned(),
        location: "s3://b/t/".to_owned(),
        classification: "csv".into(),
        format: Some(Format::Csv),
        columns: columns.clone(),
        partition_keys: vec!["year".to_owned()],
        partitions: partitions.collect(),
        parameters: counted(&years.len().to_string()),
        serde_parameters: parameters(&[("field.delim", ",")]),
        reasons: Vec::new(),
    }
}

fn table(input: TableInput) -> Table {
    Table {
        name: input.name,
        description: input.description,
        owner: input.owner,
        retention: input.retention,
        last_access_time: input.last_access_time,
        storage_descriptor: input.storage_descriptor,
        partition_keys: input.partition_keys,
        table_type: input.table_type,
        parameters: input.parameters,
        version_id: Some("0".to_owned()),
        ..Table::default()
    }
}

fn partition(input: PartitionInput) -> Partition {
    Partition {
        values: input.values,
        last_access_time: input.last_access_time,
        storage_descriptor: input.storage_descriptor,
        parameters: input.parameters,
        ..Partition::default()
    }
}

/// The catalog after an earlier crawl that found this.
fn known(found: &TableFound) -> Known {
    let mut first = rules();
    first.crawl.id = "run-1".to_owned();
    first.crawl.at = Timestamp::from_millis(1_000);
    let plan = first.plan(found, None);
    let Change::Create(input) = plan.change else { panic!("not created") };
    Known { table: table(input), partitions: plan.create.into_iter().map(partition).collect() }
}

fn columns(descriptor: Option<&StorageDescriptor>) -> Vec<String> {
    let columns = descriptor.unwrap().columns.as_ref().unwrap();
    columns.iter().map(|c| format!("{}:{}", c.name, c.r#type.as_deref().unwrap())).collect()
}

fn values(partitions: &[PartitionInput]) -> Vec<&str> {
    partitions.iter().map(|p| p.values.as_ref().unwrap()[0].as_str()).collect()
}

fn updated(plan: &TablePlan) -> &TableInput {
    let Change::Update(input) = &plan.change else { panic!("{:?}", plan.change) };
    input
}

#[test]
fn a_new_table_has_all_that_aws_writes() {
    let plan = rules().plan(&found(&[("a", "bigint")], &["2020"]), None);
    let Change::Create(input) = &plan.change else { panic!("not created") };
    assert_eq!(input.owner.as_deref(), Some("owner"));
    assert_eq!((input.retention, input.table_type.as_deref()), (Some(0), Some("EXTERNAL_TABLE")));
    let descriptor = input.storage_descriptor.as_ref().unwrap();
    assert_eq!(descriptor.parameters, input.parameters);
    assert_eq!(input.parameters.as_ref().unwrap()[UPDATED_BY], "c");
    assert_eq!(descriptor.number_of_buckets, Some(-1));
    assert_eq!(values(&plan.create), ["2020"]);
    assert_eq!(plan.index, None);
}

#[test]
fn the_same_data_again_writes_nothing() {
    let found = found(&[("a", "bigint")], &["2020", "2021"]);
    let plan = rules().plan(&found, Some(&known(&found)));
    assert_eq!(plan, TablePlan { name: "t".to_owned(), ..TablePlan::default() });
}

#[test]
fn changes_are_written_and_comments_stay() {
    let mut old = known(&found(&[("a", "bigint"), ("gone", "string")], &["2020"]));
    old.table.description = Some("flights".to_owned());
    let descriptor = old.table.storage_descriptor.as_mut().unwrap();
    descriptor.columns.as_mut().unwrap()[0].comment = Some("first".to_owned());
    old.table.partition_keys =
        Some(vec![Column { name: "year".to_owned(), r#type: Some("int".to_owned()), ..Column::default() }]);
    let plan = rules().plan(&found(&[("a", "double"), ("b", "string")], &["2020", "2021"]), Some(&old));
    let new = updated(&plan);
    assert_eq!(columns(new.storage_descriptor.as_ref()), ["a:double", "b:string"]);
    assert_eq!(
        new.storage_descriptor.as_ref().unwrap().columns.as_ref().unwrap()[0].comment.as_deref(),
        Some("first")
    );
    assert_eq!(new.description.as_deref(), Some("flights"));
    assert_eq!(new.partition_keys, old.table.partition_keys);
    assert_eq!((values(&plan.update), values(&plan.create)), (vec!["2020"], vec!["2021"]));
}

#[test]
fn log_leaves_tables_but_adds_partitions() {
    let rules = Rules { update: false, delete: DeleteBehavior::Log, ..rules() };
    let old = known(&found(&[("a", "bigint")], &["2019", "2020"]));
    let plan = rules.plan(&found(&[("a", "double")], &["2020", "2021"]), Some(&old));
    assert_eq!(plan.change, Change::None);
    assert_eq!((values(&plan.create), plan.update.len(), plan.delete.len()), (vec!["2021"], 0, 0));
    assert_eq!(plan.lines.len(), 2);
    assert!(
        plan.lines[0].contains("partition values [2019]") && plan.lines[1].contains("UpdateBehavior is LOG")
    );
}

#[test]
fn partitions_without_data_go_as_the_policy_says() {
    let old = known(&found(&[("a", "bigint")], &["2019", "2020"]));
    let now = found(&[("a", "bigint")], &["2020"]);
    let deprecated = rules().plan(&now, Some(&old));
    assert_eq!(values(&deprecated.deprecate), ["2019"]);
    assert_eq!(deprecated.deprecate[0].parameters.as_ref().unwrap()[DEPRECATED_BY], "2000");
    let delete = Rules { delete: DeleteBehavior::DeleteFromDatabase, ..rules() };
    assert_eq!(delete.plan(&now, Some(&old)).delete, [["2019"]]);
    let mut elsewhere = old;
    let moved = elsewhere.partitions[0].storage_descriptor.as_mut().unwrap();
    moved.location = Some("s3://other/".to_owned());
    assert!(delete.plan(&now, Some(&elsewhere)).delete.is_empty());
}

#[test]
fn other_keys_replace_all_partitions() {
    let old = known(&found(&[("a", "bigint")], &["2019"]));
    let mut now = found(&[("a", "bigint")], &["2019"]);
    now.partition_keys = vec!["annum".to_owned()];
    let plan = rules().plan(&now, Some(&old));
    assert_eq!(
        (plan.delete.as_slice(), values(&plan.create)),
        (&[vec!["2019".to_owned()]][..], vec!["2019"])
    );
    let log = Rules { update: false, ..rules() };
    let plan = log.plan(&now, Some(&old));
    assert_eq!((plan.change, plan.delete.len(), plan.create.len()), (Change::None, 0, 0));
}

#[test]
fn merging_adds_columns_only_and_stops_at_a_fundamental_change() {
    let configuration = Configuration { merge_new_columns: true, ..Configuration::default() };
    let merge = Rules { configuration, update: false, ..rules() };
    let mut old = known(&found(&[("a", "string"), ("gone", "string")], &["2020"]));
    old.table.parameters.as_mut().unwrap().insert("mine".to_owned(), "1".to_owned());
    let now = found(&[("a", "bigint"), ("b", "string")], &["2020"]);
    let plan = merge.plan(&now, Some(&old));
    let new = updated(&plan);
    assert_eq!(columns(new.storage_descriptor.as_ref()), ["a:string", "gone:string", "b:string"]);
    assert_eq!(new.parameters.as_ref().unwrap()["mine"], "1");
    assert_eq!(columns(plan.update[0].storage_descriptor.as_ref()), ["a:string", "gone:string", "b:string"]);
    old.table.parameters.as_mut().unwrap().remove("compressionType");
    let plan = merge.plan(&now, Some(&old));
    assert!(matches!(plan.change, Change::Deprecate(_)) && plan.create.is_empty());
    assert_eq!(
        plan.lines,
        [
            "WARN: Cannot merge new columns into the table t as defined in the Data Catalog because the parameter \
             'compressionType' has changed. The existing value is 'null', and the crawled value is 'none'. Either \
             remove the table or resolve the inconsistent parameter value."
        ]
    );
}

#[test]
fn partitions_may_inherit_the_table_and_be_indexed() {
    let configuration =
        Configuration { inherit_from_table: true, create_partition_index: true, ..Configuration::default() };
    let rules = Rules { configuration, ..rules() };
    let mut found = found(&[("a", "bigint")], &["2020"]);
    found.columns[0].ty = "double".parse().unwrap();
    let plan = rules.plan(&found, None);
    let own = plan.create[0].storage_descriptor.as_ref().unwrap();
    assert_eq!(columns(Some(own)), ["a:double"]);
    assert_eq!(own.location.as_deref(), Some("s3://b/t/year=2020/"));
    assert_eq!(plan.index.unwrap().keys, ["year"]);
}

#[test]
fn tables_are_known_by_name_and_place() {
    let mut here = known(&found(&[("a", "bigint")], &[])).table;
    let mut tables = [found(&[], &[]), found(&[], &[])];
    tables[1].location = "s3://b/other/t/".to_owned();
    assert_eq!(pair(&mut tables, std::slice::from_ref(&here)), [Some(0), None]);
    assert!(tables[1].name.starts_with("t_") && tables[1].name.len() == 34);
    here.storage_descriptor.as_mut().unwrap().location = Some("s3://elsewhere/t".to_owned());
    assert_eq!(pair(&mut [found(&[], &[])], &[here]), [None]);
}

#[test]
fn only_own_tables_below_the_targets_can_be_gone() {
    let target = S3Target { path: Some("s3://b/".to_owned()), ..S3Target::default() };
    let includes = [Arc::new(Include::new(&target).unwrap())];
    let now = found(&[("a", "bigint")], &[]);
    let own = known(&now).table;
    assert!(is_gone(&own, "c", &includes, &[]));
    assert!(!is_gone(&own, "c", &includes, std::slice::from_ref(&now)));
    assert!(!is_gone(&own, "another", &includes, &[]));
    let plan = rules().plan_gone(&own);
    let Change::Deprecate(input) = plan.change else { panic!("not deprecated") };
    let again = rules().plan_gone(&table(input.clone()));
    assert_eq!(again.change, Change::None);
    let back = rules().plan(&now, Some(&Known { table: table(input), partitions: Vec::new() }));
    assert!(!updated(&back).parameters.as_ref().unwrap().contains_key(DEPRECATED_BY));
}
