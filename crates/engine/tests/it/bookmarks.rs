use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mastic_engine::plan::*;
use mastic_engine::{
    Bookmarks, Documents, EngineError, Environment, JobGraph, KnownFile, LedgerPage, RunSummary, Taken,
    plan_reading, run,
};

use crate::support::*;

type Columns = Vec<(String, String)>;

/// A bookmark whose runs all succeed. Every node has its own id for a context.
#[derive(Default)]
struct Kept {
    files: Mutex<HashMap<String, BTreeMap<String, KnownFile>>>,
    columns: Mutex<HashMap<String, &'static Columns>>,
    keeps: Mutex<usize>,
}

#[async_trait]
impl Bookmarks for Kept {
    fn context(&self, node: &str) -> Option<String> {
        Some(node.to_owned())
    }

    fn replays(&self) -> bool {
        false
    }

    async fn ledger(&self, context: &str, from: &str) -> Result<LedgerPage, String> {
        let files = self.files.lock().unwrap().get(context).cloned().unwrap_or_default();
        let files = files.range(from.to_owned()..).map(|(_, file)| file.clone()).collect();
        Ok(LedgerPage { files, next: None })
    }

    async fn take(&self, context: &str, taken: Taken) -> Result<(), String> {
        let mut all = self.files.lock().unwrap();
        let known = all.entry(context.to_owned()).or_default();
        for file in taken.files {
            let path = format!("{}/{}", file.bucket, file.key);
            known.insert(path.clone(), KnownFile { path, mark: file.mark, run: "jr".to_owned() });
        }
        known.retain(|_, file| !taken.gone.contains(file));
        Ok(())
    }

    fn columns(&self, context: &str) -> Option<&[(String, String)]> {
        self.columns.lock().unwrap().get(context).map(|columns| columns.as_slice())
    }

    async fn keep_columns(&self, context: &str, columns: Columns) -> Result<(), String> {
        *self.keeps.lock().unwrap() += 1;
        self.columns.lock().unwrap().insert(context.to_owned(), Box::leak(Box::new(columns)));
        Ok(())
    }

    fn documents(&self, _: &str) -> Documents {
        Documents::default()
    }

    async fn keep(&self, _: &str, _: String) -> Result<(), String> {
        Err("no such source".to_owned())
    }
}

struct Marked(World, Arc<Kept>);

impl Marked {
    fn new() -> Self {
        Self(World::new(), Arc::default())
    }

    fn environment(&self) -> Environment {
        Environment { bookmarks: Some(Arc::<Kept>::clone(&self.1)), ..self.0.environment() }
    }

    async fn run(&self, nodes: &[Node]) -> Result<RunSummary, EngineError> {
        run(&JobGraph::new(nodes.to_vec())?, &self.environment()).await
    }

    /// The rows that a run writes, and how many files.
    async fn rows(&self, nodes: &[Node]) -> (u64, usize) {
        let summary = self.run(nodes).await.unwrap();
        let files = summary.outputs.iter().map(|output| output.files.len());
        (summary.outputs.iter().map(|output| output.rows).sum(), files.sum())
    }
}

fn sql(query: &str) -> Kind {
    let aliases = vec![("s".to_owned(), "t".to_owned())];
    Kind::Sql(SqlQuery { query: query.to_owned(), aliases, schema: None })
}

fn filled(path: &str) -> Kind {
    Kind::FillMissingValues { imputed: path_of(path), filled: None }
}

#[tokio::test]
async fn nothing_new_writes_nothing_whatever_comes_after() {
    let marked = Marked::new();
    let text = "{\"id\":1,\"o\":{\"x\":null},\"l\":[{\"k\":\"a\"}]}\n{\"id\":2,\"o\":{\"x\":2.5},\"l\":[]}\n";
    marked.0.put("in/a.json", text).await;
    marked.0.put("dim/a.csv", "id,name\n1,ann\n").await;
    let mapping = vec![map("id", "id", "int"), map("o.x", "x", "double")];
    let groups = Aggregate {
        groups: vec![path_of("id")],
        aggregates: vec![(path_of("id"), AggregateFunction::Count)],
    };
    let keys = Join { kind: JoinKind::Inner, left: vec![path_of("id")], right: vec![path_of("id")] };
    let ends: Vec<(&str, Kind, &[&str])> = vec![
        ("mapped", Kind::ApplyMapping(mapping), &["s"]),
        ("dropped", Kind::DropNullFields(NullRules::default()), &["s"]),
        ("picked", Kind::SelectFields(vec![path_of("id")]), &["dropped"]),
        ("filled", filled("x"), &["mapped"]),
        ("grouped", Kind::Aggregate(groups), &["s"]),
        ("joined", Kind::Join(keys), &["s", "dim"]),
        ("flat", Kind::Relationalize { root: "r".to_owned() }, &["s"]),
        ("root", Kind::SelectFromCollection(0), &["flat"]),
        ("lines", Kind::SelectFromCollection(1), &["flat"]),
        ("asked", sql("select id, o.x, explode(l) from t"), &["s"]),
        ("distinct", Kind::DropDuplicates(vec![]), &["mapped"]),
    ];
    let mut nodes = vec![node("s", json("s3://b/in"), &[]), node("dim", csv("s3://b/dim"), &[])];
    let shown = ["picked", "filled", "grouped", "joined", "root", "lines", "asked", "distinct"];
    for (id, kind, inputs) in ends {
        nodes.push(node(id, kind, inputs));
    }
    for id in shown {
        let format = if id == "asked" { Format::Parquet } else { Format::Json };
        let to = Kind::S3Target(target(&format!("s3://b/out/{id}"), format, &[]));
        nodes.push(node(&format!("to-{id}"), to, &[id]));
    }
    let (rows, files) = marked.rows(&nodes).await;
    assert!(rows >= 12 && files >= shown.len(), "{rows} {files}");
    assert_eq!(marked.rows(&nodes).await, (0, 0));
    // What was read is gone, and nobody minds; nor is it remembered.
    marked.0.delete("in/a.json").await;
    assert_eq!(marked.rows(&nodes).await, (0, 0));
    let known = marked.1.files.lock().unwrap().clone();
    assert_eq!((known["s"].len(), known["dim"].len()), (0, 1));
}

#[tokio::test]
async fn columns_are_kept_once() {
    let marked = Marked::new();
    let nodes = [node("s", csv("s3://b/in"), &[]), node("o", json_target("s3://b/out"), &["s"])];
    let error = marked.run(&nodes).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "node `The s`: the bookmark of `s`: there are no files to read, and no run has read any"
    );
    marked.0.put("in/a.csv", "id\n1\n").await;
    assert_eq!(marked.rows(&nodes).await, (1, 1));
    marked.0.put("in/b.csv", "id\n2\n").await;
    assert_eq!(marked.rows(&nodes).await, (1, 1));
    assert_eq!(*marked.1.keeps.lock().unwrap(), 1);
    marked.0.put("in/c.csv", "id,town\n3,x\n").await;
    assert_eq!(marked.rows(&nodes).await, (1, 1));
    let typed = |name: &str| (name.to_owned(), "string".to_owned());
    assert_eq!(marked.1.columns("s"), Some(&[typed("id"), typed("town")][..]));
}

#[tokio::test]
async fn a_plan_notes_nothing() {
    let marked = Marked::new();
    marked.0.put("in/a.csv", "id\n1\n").await;
    let nodes = [node("s", csv("s3://b/in"), &[]), node("o", json_target("s3://b/out"), &["s"])];
    let graph = JobGraph::new(nodes.to_vec()).unwrap();
    for _ in 0..2 {
        let plans = plan_reading(&graph, &marked.environment()).await.unwrap();
        let [plan] = plans.as_slice() else { panic!("{plans:?}") };
        assert_eq!((plan.context.as_str(), plan.new, plan.known, plan.bytes), ("s", 1, 0, 5));
    }
    marked.run(&nodes).await.unwrap();
    marked.0.put("in/a.csv", "id\n1\n2\n").await;
    marked.0.put("in/b.csv", "id\n").await;
    let plans = plan_reading(&graph, &marked.environment()).await.unwrap();
    let changes: Vec<(&str, bool)> = plans
        .iter()
        .flat_map(|plan| &plan.some)
        .map(|file| (file.key.as_str(), file.before.is_some()))
        .collect();
    assert_eq!(changes, [("in/a.csv", true), ("in/b.csv", false)]);
}
