//! Times the benchmark's first job over a local folder: lineitem as CSV, every column renamed and cast, filtered,
//! written as Snappy Parquet partitioned by ship year and ship mode.
//!
//! `lineitem IN OUT [streams] [memory in MiB]`: reads `IN/*.csv`, writes below `OUT`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use mastic_api_glue::glue::types::{Partition, PartitionInput, Table, TableInput};
use mastic_core::{SystemClock, SystemEntropy};
use mastic_engine::plan::*;
use mastic_engine::{CatalogClient, Environment, JobGraph, Stores, run};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Folders {
    input: Arc<dyn ObjectStore>,
    output: Arc<dyn ObjectStore>,
}

impl Stores for Folders {
    fn bucket(&self, name: &str) -> Result<Arc<dyn ObjectStore>, String> {
        match name {
            "in" => Ok(Arc::clone(&self.input)),
            "out" => Ok(Arc::clone(&self.output)),
            _ => Err("there is no such bucket".to_owned()),
        }
    }
}

struct NoCatalog;

#[async_trait::async_trait]
impl CatalogClient for NoCatalog {
    async fn get_table(&self, _: &str, _: &str) -> Result<Option<Table>, String> {
        Ok(None)
    }

    async fn get_partitions(&self, _: &str, _: &str, _: Option<&str>) -> Result<Vec<Partition>, String> {
        Ok(vec![])
    }

    async fn create_table(&self, _: &str, _: TableInput) -> Result<(), String> {
        Err("there is no catalog".to_owned())
    }

    async fn update_table(&self, _: &str, _: TableInput) -> Result<(), String> {
        Err("there is no catalog".to_owned())
    }

    async fn swap_table(&self, _: &str, _: TableInput, _: Option<&str>) -> Result<bool, String> {
        Err("there is no catalog".to_owned())
    }

    async fn create_partitions(&self, _: &str, _: &str, _: Vec<PartitionInput>) -> Result<(), String> {
        Err("there is no catalog".to_owned())
    }
}

/// Every column: its name in the file, its new name, its type.
const COLUMNS: [(&str, &str, &str); 16] = [
    ("l_orderkey", "order_key", "bigint"),
    ("l_partkey", "part_key", "bigint"),
    ("l_suppkey", "supplier_key", "bigint"),
    ("l_linenumber", "line_number", "int"),
    ("l_quantity", "quantity", "double"),
    ("l_extendedprice", "extended_price", "double"),
    ("l_discount", "discount", "double"),
    ("l_tax", "tax", "double"),
    ("l_returnflag", "return_flag", "string"),
    ("l_linestatus", "line_status", "string"),
    ("l_shipdate", "ship_date", "date"),
    ("l_commitdate", "commit_date", "date"),
    ("l_receiptdate", "receipt_date", "date"),
    ("l_shipinstruct", "ship_instruct", "string"),
    ("l_shipmode", "l_shipmode", "string"),
    ("l_comment", "comment", "string"),
];

fn nodes() -> Vec<Node> {
    let node = |id: &str, kind, inputs: &[&str]| Node {
        id: id.to_owned(),
        name: id.to_owned(),
        kind,
        inputs: inputs.iter().map(|input| (*input).to_owned()).collect(),
    };
    let mapping = |(from, to, of): (&str, &str, &str)| Mapping {
        from: vec![from.to_owned()],
        to: to.to_owned(),
        to_type: Some(of.to_owned()),
        ..Mapping::default()
    };
    let files = S3Files { paths: vec!["s3://in/".to_owned()], recurse: true, ..S3Files::default() };
    let filter = Filter {
        any: false,
        conditions: vec![Condition {
            operation: Comparison::Greater,
            negated: false,
            operands: vec![Operand::Field(vec!["quantity".to_owned()]), Operand::Constant("0".to_owned())],
        }],
    };
    let query = SqlQuery {
        query: "SELECT *, year(ship_date) AS ship_year FROM lines".to_owned(),
        aliases: vec![("filtered".to_owned(), "lines".to_owned())],
        schema: None,
    };
    let target = S3Target {
        csv: CsvWriting::default(),
        path: "s3://out/lineitem/".to_owned(),
        format: Format::Parquet,
        compression: None,
        files: None,
        partition_keys: vec![vec!["ship_year".to_owned()], vec!["l_shipmode".to_owned()]],
        table: None,
    };
    vec![
        node("source", Kind::Csv(CsvSource { files, format: CsvFormat::default(), schema: None }), &[]),
        node("mapped", Kind::ApplyMapping(COLUMNS.map(mapping).to_vec()), &["source"]),
        node("filtered", Kind::Filter(filter), &["mapped"]),
        node("with_year", Kind::Sql(query), &["filtered"]),
        node("target", Kind::S3Target(target), &["with_year"]),
    ]
}

#[expect(clippy::print_stdout, reason = "this is what the example is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: lineitem IN OUT [streams] [memory in MiB]".into());
    };
    let streams: usize = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let memory: usize = arguments.next().map_or(Ok(1024), |text| text.parse())?;
    std::fs::create_dir_all(&output)?;
    let environment = Environment {
        stores: Arc::new(Folders {
            input: Arc::new(LocalFileSystem::new_with_prefix(input)?),
            output: Arc::new(LocalFileSystem::new_with_prefix(output)?),
        }),
        catalog: Arc::new(NoCatalog),
        bookmarks: None,
        databases: mastic_engine::Databases::default(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy::new()),
        memory_limit: memory << 20,
        target_partitions: streams,
        spill_folder: None,
        spill_limit: None,
        null_values: vec![],
        error_rows: None,
        held: BTreeMap::new(),
        progress: Arc::new(|_| {}),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(streams).enable_all().build()?;
    let summary = runtime.block_on(run(&JobGraph::new(nodes())?, &environment))?;
    for output in &summary.outputs {
        println!(
            "{} rows, {} files, {} MB, {} partitions in {:.2} s",
            output.rows,
            output.files.len(),
            output.bytes / 1_000_000,
            output.partitions.len(),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
