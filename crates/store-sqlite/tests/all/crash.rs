use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use mastic_store::{Keyspace, Record, Scope, Store, StoreError, overlay};
use mastic_store_sqlite::open;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Number(u64);

impl Record for Number {
    const VERSION: u16 = 1;
}

/// Every write puts a row into each of these two and adds one to the total.
const LEFT: Keyspace<(u64, u64), Number> = Keyspace::new("test.left");
const RIGHT: Keyspace<(u64, u64), Number> = Keyspace::new("test.right");
const TOTAL: Keyspace<(), Number> = Keyspace::new("test.total");
/// Every tenth write also publishes a stage of two rows of this.
const PUBLISHED: Keyspace<(u64, u64, u64), Number> = Keyspace::new("test.published").staged();

const THREADS: u64 = 16;
const ROUNDS: u64 = 10;

fn write(store: &Store, thread: u64, n: u64) -> Result<(), StoreError> {
    let run = format!("jr_{thread}_{n}");
    let publishes = n.is_multiple_of(10);
    if publishes {
        store.scoped(Scope::staged(&run)).write_blocking(move |tx| {
            (0..2).try_for_each(|half| PUBLISHED.put(tx, &(thread, n, half), &Number(n)))
        })?;
    }
    store
        .write_blocking(move |tx| {
            LEFT.put(tx, &(thread, n), &Number(n))?;
            RIGHT.put(tx, &(thread, n), &Number(n))?;
            let Number(total) = TOTAL.get(tx, &())?.unwrap_or(Number(0));
            TOTAL.put(tx, &(), &Number(total + 1))?;
            if publishes {
                overlay::publish(tx, &run)?;
            }
            Ok::<_, overlay::PublishError>(())
        })
        .map_err(|error| match error {
            overlay::PublishError::Store(error) => error,
            overlay::PublishError::Conflict(conflict) => panic!("{conflict}"),
        })
}

/// The child: reads a directory and the first number from its input, then writes until it is killed.
#[test]
#[ignore = "the child process of `nothing_acknowledged_is_lost`"]
fn storm() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let (first, directory) = line.trim_end().split_once(' ').unwrap();
    let first: u64 = first.parse().unwrap();
    let store = open(Path::new(directory)).unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                for n in first.. {
                    write(store, thread, n).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ack {thread} {n} .").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn nothing_acknowledged_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<(u64, u64)> = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::storm", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{} {}", round * 1_000_000, directory.path().display())
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Some rounds end within the first commits, others after checkpoints.
        let enough = 1 + (round * round * 97) % 1_500;
        let mut seen = 0;
        while seen < enough {
            let line = lines.next().unwrap().unwrap();
            acknowledged.extend(acknowledgement(&line));
            seen += u64::from(line.starts_with("ack"));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| acknowledgement(&line)));
        check(&open(directory.path()).unwrap(), &acknowledged);
    }
    assert!(acknowledged.len() > 1_000);
}

/// A line that the kill cut short has no full stop.
fn acknowledgement(line: &str) -> Option<(u64, u64)> {
    let (thread, n) = line.strip_prefix("ack ")?.strip_suffix(" .")?.split_once(' ')?;
    Some((thread.parse().ok()?, n.parse().ok()?))
}

fn check(store: &Store, acknowledged: &[(u64, u64)]) {
    store
        .read(|tx| {
            for key in acknowledged {
                assert_eq!(LEFT.get(tx, key)?, Some(Number(key.1)), "{key:?} was acknowledged");
            }
            let left = LEFT.scan(tx, LEFT.all()).collect::<Result<Vec<_>, _>>()?;
            let right = RIGHT.scan(tx, RIGHT.all()).collect::<Result<Vec<_>, _>>()?;
            assert!(left == right, "half a transaction is there");
            let total = TOTAL.get(tx, &())?.map_or(0, |total| total.0);
            assert_eq!(total, left.len() as u64);
            let expected: Vec<_> = left
                .iter()
                .filter(|((_, n), _)| n.is_multiple_of(10))
                .flat_map(|((thread, n), _)| [(*thread, *n, 0), (*thread, *n, 1)])
                .collect();
            let published: Vec<_> = PUBLISHED
                .scan(tx, PUBLISHED.all())
                .map(|row| row.map(|(key, _)| key))
                .collect::<Result<_, _>>()?;
            assert!(published == expected, "half a publication is there");
            Ok::<_, StoreError>(())
        })
        .unwrap();
}
