//! Durable small writes per second with 1 and with 64 writers; how long a point read, a page of a
//! listing and a first start take. Give a directory as the argument to measure its disk.

#![expect(clippy::print_stdout, reason = "printing figures is what a benchmark is for")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mastic_store::{Keyspace, Record, Store, StoreError};
use mastic_store_sqlite::open;

/// As large as a usual table or partition.
#[derive(serde::Serialize, serde::Deserialize)]
struct Row(String);

impl Record for Row {
    const VERSION: u16 = 1;
}

const ROWS: Keyspace<(String, u64), Row> = Keyspace::new("bench.row");
const SPAN: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parent = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let directory = match parent {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    starts(directory.path())?;
    let store = open(&directory.path().join("store"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    for writers in [1, 64] {
        let (count, worst) = runtime.block_on(storm(&store, writers))?;
        println!(
            "{writers:3} writers: {:.0} durable writes/s, slowest {:.1} ms",
            count as f64 / SPAN.as_secs_f64(),
            worst.as_secs_f64() * 1e3
        );
    }
    reads(&store)?;
    Ok(())
}

fn starts(directory: &Path) -> Result<(), StoreError> {
    for n in 0..5 {
        let data = directory.join(format!("start{n}"));
        let start = Instant::now();
        let store = open(&data)?;
        let first = start.elapsed();
        drop(store);
        let start = Instant::now();
        let store = open(&data)?;
        let again = start.elapsed();
        store.write_blocking(|tx| ROWS.put(tx, &("a", 1), &Row("x".repeat(300))))?;
        println!("start: first {first:.1?}, again {again:.1?}, with a write {:.1?}", start.elapsed());
    }
    Ok(())
}

async fn storm(store: &Store, writers: u64) -> Result<(u64, Duration), StoreError> {
    let end = Instant::now() + SPAN;
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let name = format!("writer {writer}");
                let (mut count, mut worst) = (0, Duration::ZERO);
                while Instant::now() < end {
                    let start = Instant::now();
                    let name = name.clone();
                    store.write(move |tx| ROWS.put(tx, &(name, count), &Row("x".repeat(300)))).await?;
                    worst = worst.max(start.elapsed());
                    count += 1;
                }
                Ok::<_, StoreError>((count, worst))
            })
        })
        .collect();
    let mut total = (0, Duration::ZERO);
    for task in tasks {
        let (count, worst) = task.await.map_err(|_| StoreError::Closed)??;
        total = (total.0 + count, total.1.max(worst));
    }
    Ok(total)
}

fn reads(store: &Store) -> Result<(), StoreError> {
    const READS: u32 = 20_000;
    let start = Instant::now();
    for n in 0..READS {
        store.read(|tx| ROWS.contains(tx, &("writer 1", u64::from(n % 100))))?;
    }
    println!("point read: {:.1?}", start.elapsed() / READS);
    let start = Instant::now();
    for _ in 0..READS / 100 {
        store.read(|tx| ROWS.scan(tx, ROWS.all()).take(100).try_for_each(|row| row.map(drop)))?;
    }
    println!("listing of 100 rows: {:.1?}", start.elapsed() / (READS / 100));
    let start = Instant::now();
    let rows = store.read(|tx| ROWS.count(tx, ROWS.all()))?;
    println!("count of {rows} rows: {:.1?}", start.elapsed());
    Ok(())
}
