use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::TryStreamExt;
use mastic_api_glue::glue::types::{Partition, PartitionInput, Table, TableInput};
use mastic_core::{SeededEntropy, SystemClock};
use mastic_engine::plan::*;
use mastic_engine::{CatalogClient, EngineError, Environment, JobGraph, RunSummary, Stores, run};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// One in-memory bucket, `b`.
#[derive(Clone)]
pub struct World {
    pub store: Arc<dyn ObjectStore>,
    pub catalog: Arc<MemoryCatalog>,
    pub memory: usize,
}

struct One(Arc<dyn ObjectStore>);

impl Stores for One {
    fn bucket(&self, name: &str) -> Result<Arc<dyn ObjectStore>, String> {
        if name == "b" { Ok(Arc::clone(&self.0)) } else { Err("there is no such bucket".to_owned()) }
    }
}

#[derive(Default)]
pub struct MemoryCatalog {
    pub tables: Mutex<BTreeMap<String, Table>>,
    pub partitions: Mutex<BTreeMap<String, Vec<Partition>>>,
    /// The expressions with which partitions were asked for.
    pub asked: Mutex<Vec<Option<String>>>,
}

#[async_trait]
impl CatalogClient for MemoryCatalog {
    async fn get_table(&self, database: &str, table: &str) -> Result<Option<Table>, String> {
        Ok(self.tables.lock().unwrap().get(&format!("{database}.{table}")).cloned())
    }

    async fn get_partitions(
        &self,
        database: &str,
        table: &str,
        expression: Option<&str>,
    ) -> Result<Vec<Partition>, String> {
        self.asked.lock().unwrap().push(expression.map(str::to_owned));
        Ok(self.partitions.lock().unwrap().get(&format!("{database}.{table}")).cloned().unwrap_or_default())
    }

    async fn create_table(&self, database: &str, table: TableInput) -> Result<(), String> {
        self.update_table(database, table).await
    }

    async fn update_table(&self, database: &str, table: TableInput) -> Result<(), String> {
        let key = format!("{database}.{}", table.name);
        let mut tables = self.tables.lock().unwrap();
        let version = tables.get(&key).and_then(|known| known.version_id.as_deref()?.parse().ok());
        let table = Table {
            name: table.name,
            database_name: Some(database.to_owned()),
            version_id: Some(version.map_or(0, |version: u64| version + 1).to_string()),
            storage_descriptor: table.storage_descriptor,
            partition_keys: table.partition_keys,
            parameters: table.parameters,
            table_type: table.table_type,
            ..Table::default()
        };
        tables.insert(key, table);
        Ok(())
    }

    async fn swap_table(
        &self,
        database: &str,
        table: TableInput,
        version: Option<&str>,
    ) -> Result<bool, String> {
        let known = self.get_table(database, &table.name).await?.and_then(|known| known.version_id);
        if known.as_deref() != version {
            return Ok(false);
        }
        self.update_table(database, table).await.map(|()| true)
    }

    async fn create_partitions(
        &self,
        database: &str,
        table: &str,
        new: Vec<PartitionInput>,
    ) -> Result<(), String> {
        let mut all = self.partitions.lock().unwrap();
        let known = all.entry(format!("{database}.{table}")).or_default();
        for partition in new {
            if !known.iter().any(|found| found.values == partition.values) {
                known.push(Partition {
                    values: partition.values,
                    storage_descriptor: partition.storage_descriptor,
                    parameters: partition.parameters,
                    ..Partition::default()
                });
            }
        }
        Ok(())
    }
}

impl World {
    pub fn new() -> Self {
        Self { store: Arc::new(InMemory::new()), catalog: Arc::default(), memory: 256 << 20 }
    }

    pub async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.store.put(&Path::parse(key).unwrap(), bytes.into().into()).await.unwrap();
    }

    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let path = Path::parse(prefix).unwrap();
        let mut keys: Vec<String> = self
            .store
            .list(Some(&path))
            .map_ok(|meta| meta.location.to_string())
            .try_collect()
            .await
            .unwrap();
        keys.sort();
        keys
    }

    pub async fn delete(&self, key: &str) {
        self.store.delete(&Path::parse(key).unwrap()).await.unwrap();
    }

    pub async fn text(&self, key: &str) -> String {
        let bytes = self.store.get(&Path::parse(key).unwrap()).await.unwrap().bytes().await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    pub fn environment(&self) -> Environment {
        Environment {
            stores: Arc::new(One(Arc::clone(&self.store))),
            catalog: Arc::<MemoryCatalog>::clone(&self.catalog),
            bookmarks: None,
            databases: mastic_engine::Databases::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SeededEntropy::new(self.keys_seed())),
            memory_limit: self.memory,
            target_partitions: 2,
            spill_folder: None,
            spill_limit: None,
            null_values: vec![],
            error_rows: None,
            held: BTreeMap::new(),
            progress: Arc::new(|_| {}),
        }
    }

    fn keys_seed(&self) -> u64 {
        7
    }

    pub async fn run(&self, nodes: Vec<Node>) -> Result<RunSummary, EngineError> {
        run(&JobGraph::new(nodes)?, &self.environment()).await
    }

    /// Runs the nodes, of which the last is written as JSON, and answers its rows, sorted.
    pub async fn rows(&self, mut nodes: Vec<Node>) -> Vec<String> {
        let last = nodes.last().unwrap().id.clone();
        nodes.push(node("out", json_target("s3://b/out/"), &[&last]));
        for key in self.keys("out").await {
            self.store.delete(&Path::parse(key).unwrap()).await.unwrap();
        }
        self.run(nodes).await.unwrap();
        let mut rows = Vec::new();
        for key in self.keys("out").await {
            rows.extend(self.text(&key).await.lines().map(str::to_owned));
        }
        rows.sort();
        rows
    }

    /// The error of a run of these nodes, of which the last is written as JSON.
    pub async fn error(&self, mut nodes: Vec<Node>) -> String {
        let last = nodes.last().unwrap().id.clone();
        nodes.push(node("out", json_target("s3://b/out/"), &[&last]));
        self.run(nodes).await.unwrap_err().to_string()
    }
}

pub fn node(id: &str, kind: Kind, inputs: &[&str]) -> Node {
    let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
    Node { id: id.to_owned(), name: format!("The {id}"), kind, inputs }
}

pub fn files(path: &str) -> S3Files {
    S3Files { paths: vec![path.to_owned()], recurse: true, ..S3Files::default() }
}

pub fn csv(path: &str) -> Kind {
    Kind::Csv(CsvSource { files: files(path), format: CsvFormat::default(), schema: None })
}

pub fn typed_csv(path: &str, schema: &[(&str, &str)]) -> Kind {
    let schema = schema.iter().map(|(name, of)| ((*name).to_owned(), (*of).to_owned())).collect();
    Kind::Csv(CsvSource { files: files(path), format: CsvFormat::default(), schema: Some(schema) })
}

pub fn json(path: &str) -> Kind {
    Kind::Json(JsonSource { files: files(path), path: None, multiline: false, schema: None })
}

pub fn parquet(path: &str) -> Kind {
    Kind::Parquet(ParquetSource { files: files(path) })
}

pub fn target(path: &str, format: Format, keys: &[&str]) -> S3Target {
    S3Target {
        csv: CsvWriting::default(),
        path: path.to_owned(),
        format,
        compression: None,
        files: None,
        partition_keys: keys.iter().map(|key| path_of(key)).collect(),
        table: None,
    }
}

pub fn json_target(path: &str) -> Kind {
    Kind::S3Target(target(path, Format::Json, &[]))
}

pub fn path_of(text: &str) -> FieldPath {
    text.split('.').map(str::to_owned).collect()
}

pub fn map(from: &str, to: &str, of: &str) -> Mapping {
    Mapping { from: path_of(from), to: to.to_owned(), to_type: Some(of.to_owned()), ..Mapping::default() }
}
