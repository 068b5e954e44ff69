use std::collections::BTreeMap;

use mastic_store::overlay::{PublishError, discard, publish, staged_runs};
use mastic_store::{Keyspace, ReadTx, Record, Scope, Store, StoreError};
use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Value(u8);

impl Record for Value {
    const VERSION: u16 = 1;
}

const ROWS: Keyspace<(String, String), Value> = Keyspace::new("test.row").staged();

type Model = BTreeMap<(String, String), u8>;

#[derive(Debug, Clone)]
enum Op {
    Put((String, String), u8),
    InsertNew((String, String), u8),
    Delete((String, String)),
}

impl Op {
    fn key(&self) -> &(String, String) {
        match self {
            Self::Put(key, _) | Self::InsertNew(key, _) | Self::Delete(key) => key,
        }
    }

    /// What the model says the operation returns.
    fn on_model(&self, model: &mut Model) -> bool {
        match self {
            Self::Put(key, value) => {
                model.insert(key.clone(), *value);
                true
            }
            Self::InsertNew(key, value) => {
                let new = !model.contains_key(key);
                model.entry(key.clone()).or_insert(*value);
                new
            }
            Self::Delete(key) => model.remove(key).is_some(),
        }
    }

    fn on_store(&self, store: &Store) -> bool {
        let op = self.clone();
        store
            .write_blocking(move |tx| match op {
                Self::Put(key, value) => ROWS.put(tx, &key, &Value(value)).map(|()| true),
                Self::InsertNew(key, value) => ROWS.insert_new(tx, &key, &Value(value)),
                Self::Delete(key) => ROWS.delete(tx, &key),
            })
            .unwrap()
    }
}

fn key() -> impl Strategy<Value = (String, String)> {
    ("[ab]", "[ab/]{0,3}")
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (key(), 0..3_u8).prop_map(|(key, value)| Op::Put(key, value)),
        (key(), 0..3_u8).prop_map(|(key, value)| Op::InsertNew(key, value)),
        key().prop_map(Op::Delete),
    ]
}

fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 0..most)
}

fn rows(tx: &ReadTx<'_>) -> Model {
    ROWS.scan(tx, ROWS.all()).map(|row| row.map(|(key, value)| (key, value.0)).unwrap()).collect()
}

fn seen(store: &Store) -> Model {
    store.read(|tx| Ok::<_, StoreError>(rows(tx))).unwrap()
}

/// Compares every way of reading with the model.
fn reads_agree(store: &Store, model: &Model, probe: &(String, String), text: &str) {
    store
        .read(|tx| {
            let names = |scan: mastic_store::Scan<'_, _, Value>| -> Vec<(String, String)> {
                scan.map(|row| row.unwrap().0).collect()
            };
            let expected = |keep: &dyn Fn(&(String, String)) -> bool| -> Vec<(String, String)> {
                model.keys().filter(|key| keep(key)).cloned().collect()
            };
            let reversed = |mut keys: Vec<_>| {
                keys.reverse();
                keys
            };
            let (part, _) = probe;
            assert_eq!(&rows(tx), model);
            assert_eq!(ROWS.get(tx, probe)?.map(|value| value.0), model.get(probe).copied());
            assert_eq!(ROWS.contains(tx, probe)?, model.contains_key(probe));
            assert_eq!(ROWS.count(tx, ROWS.all())?, model.len() as u64);
            assert_eq!(names(ROWS.scan_reverse(tx, ROWS.all())), reversed(expected(&|_| true)));
            assert_eq!(names(ROWS.scan(tx, ROWS.all().after(probe))), expected(&|key| key > probe));
            assert_eq!(names(ROWS.scan(tx, ROWS.all().from(probe))), expected(&|key| key >= probe));
            assert_eq!(
                names(ROWS.scan_reverse(tx, ROWS.all().before(probe))),
                reversed(expected(&|key| key < probe))
            );
            let mut scan = ROWS.scan(tx, ROWS.all());
            let first = scan.next().transpose()?.map(|row| row.0);
            scan.skip_to(probe);
            assert_eq!(names(scan), expected(&|key| key >= probe && Some(key) != first.as_ref()));
            let mut scan = ROWS.scan(tx, ROWS.all());
            let mut unread = Model::new();
            scan.skip_to(probe);
            while let Some(row) = scan.next_unread().transpose()? {
                let (key, value) = row.read()?;
                unread.insert(key, value.0);
            }
            assert!(unread.iter().eq(model.range(probe.clone()..)));
            assert_eq!(names(ROWS.scan_prefix(tx, (part,))), expected(&|key| key.0 == *part));
            assert_eq!(
                names(ROWS.scan(tx, ROWS.prefix_text((part,), text))),
                expected(&|key| key.0 == *part && key.1.starts_with(text))
            );
            assert_eq!(
                names(ROWS.scan(tx, ROWS.prefix((part,)).past_text((part,), text))),
                expected(&|key| key.0 == *part && *key.1 > *text && !key.1.starts_with(text))
            );
            assert_eq!(
                ROWS.count(tx, ROWS.prefix((part,)))?,
                model.keys().filter(|key| key.0 == *part).count() as u64
            );
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_run_sees_its_writes_over_the_truth(before in ops(20), staged in ops(20), probe in key(), text in "[ab/]{0,2}") {
        let store = Store::memory().unwrap();
        let mut model = Model::new();
        for op in &before {
            prop_assert_eq!(op.on_store(&store), op.on_model(&mut model));
        }
        reads_agree(&store, &model, &probe, &text);

        let run = store.scoped(Scope::staged("jr"));
        let truth = model.clone();
        for op in &staged {
            prop_assert_eq!(op.on_store(&run), op.on_model(&mut model));
        }
        reads_agree(&run, &model, &probe, &text);
        reads_agree(&store, &truth, &probe, &text);

        store.write_blocking(|tx| publish(tx, "jr")).unwrap();
        reads_agree(&store, &model, &probe, &text);
        prop_assert!(store.read(staged_runs).unwrap().is_empty());
    }

    #[test]
    fn others_writes_are_never_overwritten(before in ops(10), staged in ops(6), others in ops(6)) {
        let store = Store::memory().unwrap();
        let mut truth = Model::new();
        for op in &before {
            op.on_store(&store);
            op.on_model(&mut truth);
        }
        let mut wanted = truth.clone();
        let mut now = truth.clone();
        for op in &staged {
            op.on_store(&store.scoped(Scope::staged("jr")));
            op.on_model(&mut wanted);
        }
        for op in &others {
            op.on_store(&store);
            op.on_model(&mut now);
        }
        let touched: Vec<_> = store
            .read(|tx| ROWS.staged_entries(tx, "jr").map(|entry| Ok::<_, StoreError>(entry?.0)).collect())
            .unwrap();
        for key in staged.iter().map(Op::key).filter(|key| !touched.contains(key)) {
            // What has no entry was left as it had been.
            prop_assert_eq!(wanted.get(key), truth.get(key));
        }
        let conflict = touched.iter().any(|key| now.get(key) != truth.get(key) && now.get(key) != wanted.get(key));
        let result = store.write_blocking(|tx| publish(tx, "jr"));
        prop_assert_eq!(matches!(result, Err(PublishError::Conflict(_))), conflict);
        if !conflict {
            for key in touched {
                match wanted.get(&key) {
                    Some(value) => now.insert(key, *value),
                    None => now.remove(&key),
                };
            }
        }
        prop_assert_eq!(seen(&store), now);
    }
}

#[test]
fn a_large_stage_is_discarded_in_steps() {
    let store = Store::memory().unwrap();
    let run = store.scoped(Scope::staged("jr"));
    run.write_blocking(|tx| (0..600).try_for_each(|n| ROWS.put(tx, &("a", &*format!("{n:04}")), &Value(1))))
        .unwrap();
    assert_eq!(run.read(|tx| ROWS.count(tx, ROWS.all())), Ok(600));
    assert_eq!(store.write_blocking(|tx| discard(tx, "jr", 500)), Ok(500));
    assert_eq!(store.write_blocking(|tx| discard(tx, "jr", 500)), Ok(100));
    assert!(store.read(staged_runs).unwrap().is_empty());
}

#[test]
fn a_conflict_leaves_the_transaction_usable() {
    let store = Store::memory().unwrap();
    store.scoped(Scope::staged("jr")).write_blocking(|tx| ROWS.put(tx, &("a", "1"), &Value(1))).unwrap();
    store.write_blocking(|tx| ROWS.put(tx, &("a", "1"), &Value(2))).unwrap();
    let conflict = store
        .write_blocking(|tx| {
            let result = publish(tx, "jr");
            ROWS.put(tx, &("runs", "jr"), &Value(9))?;
            Ok::<_, StoreError>(result)
        })
        .unwrap();
    assert_eq!(
        conflict.unwrap_err().to_string(),
        "`a/1` of `test.row` was changed by another while it was being written"
    );
    assert_eq!(store.read(|tx| ROWS.get(tx, &("runs", "jr"))), Ok(Some(Value(9))));
    assert_eq!(store.read(|tx| ROWS.get(tx, &("a", "1"))), Ok(Some(Value(2))));
}
