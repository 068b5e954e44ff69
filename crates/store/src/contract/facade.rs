//! The facade over the engine: closures, groups, hooks, typed keyspaces.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::{COUNTS, Count, Failure, NOTES, Subject, note, same};
use crate::{Store, StoreError};

/// An error returned from a write takes back that write and no other of its group.
///
/// # Errors
/// If the engine does not do so.
pub fn a_failed_write_is_rolled_back_alone(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let results: Vec<_> = thread::scope(|scope| {
        let writers: Vec<_> = (0..20_u64)
            .map(|n| {
                let store = store.clone();
                scope.spawn(move || {
                    store.write_blocking(move |tx| {
                        COUNTS.put(tx, &(n,), &Count(n))?;
                        if n % 2 == 0 { Ok(()) } else { Err(Failure::new("odd")) }
                    })
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().is_ok_and(|result| result.is_ok())).collect()
    });
    same(results, (0..20).map(|n| n % 2 == 0).collect())?;
    let kept: Vec<u64> = store.read(|tx| {
        COUNTS.scan(tx, COUNTS.all()).map(|row| Ok(row?.1.0)).collect::<Result<_, StoreError>>()
    })?;
    same(kept, (0..20).step_by(2).collect())
}

/// A closure that panics is rolled back, its caller hears of it, and the store goes on.
///
/// # Errors
/// If the engine does not do so.
pub fn a_panic_is_rolled_back(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let result: Result<(), StoreError> = store.write_blocking(|tx| {
        COUNTS.put(tx, &(1,), &Count(1))?;
        std::panic::resume_unwind(Box::new("on purpose"))
    });
    same(matches!(result, Err(StoreError::Abandoned(_))), true)?;
    same(store.write_blocking(|tx| COUNTS.get(tx, &(1,)))?, None)
}

/// Hooks run once, after the write can be read, before its caller goes on; never for a write
/// that is taken back.
///
/// # Errors
/// If the engine does not do so.
pub fn hooks_run_after_the_commit(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let seen = Arc::new(AtomicUsize::new(0));
    let failed: Result<(), Failure> = store.write_blocking({
        let seen = Arc::clone(&seen);
        move |tx| {
            tx.after_commit(move || {
                seen.fetch_add(100, Ordering::SeqCst);
            });
            Err(Failure::new("taken back"))
        }
    });
    same(failed.is_err(), true)?;
    store.write_blocking({
        let (seen, reader) = (Arc::clone(&seen), store.clone());
        move |tx| {
            tx.after_commit(move || {
                let visible = reader.read(|tx| COUNTS.contains(tx, &(1,)));
                seen.fetch_add(if visible == Ok(true) { 1 } else { 10 }, Ordering::SeqCst);
            });
            COUNTS.put(tx, &(1,), &Count(1))
        }
    })?;
    same(seen.load(Ordering::SeqCst), 1)
}

/// Writes of many threads are as if made one after the other.
///
/// # Errors
/// If the engine does not do so.
pub fn writes_of_many_threads_follow_each_other(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let add = |store: &Store| {
        store.write_blocking(|tx| {
            let Count(count) = COUNTS.get(tx, &(0,))?.unwrap_or(Count(0));
            COUNTS.put(tx, &(0,), &Count(count + 1))
        })
    };
    let failures: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..25).map(|_| add(&store)).filter(Result::is_err).count()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(25)).sum()
    });
    same(failures, 0)?;
    same(store.read(|tx| COUNTS.get(tx, &(0,)))?, Some(Count(200)))
}

/// While two records are written together again and again, no reader finds them different.
///
/// # Errors
/// If the engine does not do so.
pub fn readers_see_whole_transactions(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let done = AtomicBool::new(false);
    let (written, differed) = thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut differed = 0;
                    while !done.load(Ordering::SeqCst) {
                        let pair = store
                            .read(|tx| Ok::<_, StoreError>((COUNTS.get(tx, &(1,))?, COUNTS.get(tx, &(2,))?)));
                        differed += usize::from(!pair.is_ok_and(|(a, b)| a == b));
                    }
                    differed
                })
            })
            .collect();
        let written = (0..100).try_for_each(|n| {
            store.write_blocking(move |tx| {
                COUNTS.put(tx, &(1,), &Count(n))?;
                COUNTS.put(tx, &(2,), &Count(n))
            })
        });
        done.store(true, Ordering::SeqCst);
        (written, readers.into_iter().map(|reader| reader.join().unwrap_or(1)).sum::<usize>())
    });
    written?;
    same(differed, 0)
}

/// A keyspace's generation moves with its own changes only.
///
/// # Errors
/// If the engine does not do so.
pub fn generations_tell_of_changes(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    same((store.generation(), store.keyspace_generation(COUNTS.name())), (0, 0))?;
    store.write_blocking(|tx| COUNTS.put(tx, &(1,), &Count(1)))?;
    let counts = store.keyspace_generation(COUNTS.name());
    same(counts, store.generation())?;
    store.write_blocking(|tx| NOTES.put(tx, &("a", "b"), &note("x")))?;
    store.write_blocking(|tx| COUNTS.delete(tx, &(9,)))?;
    same(store.keyspace_generation(COUNTS.name()), counts)?;
    store.write_blocking(|tx| COUNTS.delete(tx, &(1,)))?;
    same(store.keyspace_generation(COUNTS.name()) > counts, true)
}

/// Scans cross pages, start after a key, go back, and skip a prefix, as a listing with a delimiter does.
///
/// # Errors
/// If the engine does not do so.
pub fn scans_page_and_seek(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    store.write_blocking(|tx| {
        for bucket in ["a", "b", "c"] {
            for n in 0..400 {
                NOTES.put(tx, &(bucket, &*format!("x/{n:03}")), &note(bucket))?;
            }
            NOTES.put(tx, &(bucket, "y"), &note(bucket))?;
        }
        Ok::<_, StoreError>(())
    })?;
    store.read(|tx| {
        let names = |scan: crate::Scan<'_, (String, String), _>| {
            scan.map(|row| Ok(row?.0.1)).collect::<Result<Vec<_>, StoreError>>()
        };
        same(NOTES.count(tx, NOTES.all())?, 1203)?;
        same(names(NOTES.scan_prefix(tx, ("b",)))?.len(), 401)?;
        same(NOTES.count(tx, NOTES.prefix_text(("b",), "x/"))?, 400)?;
        let after = NOTES.prefix(("b",)).after(&("b", "x/397"));
        same(names(NOTES.scan(tx, after))?, vec!["x/398".into(), "x/399".into(), "y".into()])?;
        let from = NOTES.prefix(("b",)).from(&("b", "x/399"));
        same(names(NOTES.scan(tx, from))?, vec!["x/399".into(), "y".into()])?;
        let past = NOTES.prefix(("b",)).past_text(("b",), "x/");
        same(names(NOTES.scan(tx, past))?, vec!["y".into()])?;
        same(names(NOTES.scan(tx, NOTES.all().past(("b",))))?.len(), 401)?;
        let back = NOTES.prefix(("b",)).before(&("b", "x/002"));
        same(names(NOTES.scan_reverse(tx, back))?, vec!["x/001".into(), "x/000".into()])?;
        same(names(NOTES.scan_reverse(tx, NOTES.all()))?.len(), 1203)
    })
}

/// A scan that skips, further and further or now and then, sees what a scan that does not skip sees.
///
/// # Errors
/// If the engine does not do so.
pub fn scans_skip(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    store.write_blocking(|tx| {
        // Every third is not there, so that some skips lead to what is missing.
        for n in (0..1200).filter(|n| n % 3 != 2) {
            COUNTS.put(tx, &(n,), &Count(n + 7))?;
        }
        Ok::<_, StoreError>(())
    })?;
    store.read(|tx| {
        for (stride, rest) in [(1, 0), (3, 1), (5, 3), (13, 0), (40, 10), (100, 99), (700, 1)] {
            let mut scan = COUNTS.scan(tx, COUNTS.all());
            let mut seen = Vec::new();
            while let Some(row) = scan.next_unread() {
                let row = row?;
                let (n,) = row.key;
                if n % stride <= rest {
                    seen.push((n, row.read()?.1.0));
                } else {
                    scan.skip_to(&((n / stride + 1) * stride,));
                }
            }
            let wanted = (0..1200).filter(|n| n % 3 != 2 && n % stride <= rest).map(|n| (n, n + 7));
            same(seen, wanted.collect())?;
        }
        Ok(())
    })
}

/// Clearing removes all of a range, or what of it is to go, and nothing beside it.
///
/// # Errors
/// If the engine does not do so.
pub fn clearing_removes_a_range(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let cleared = store.write_blocking(|tx| {
        for n in 0..2500 {
            COUNTS.put(tx, &(n,), &Count(n))?;
        }
        COUNTS.clear(tx, COUNTS.all().from(&(10,)).before(&(2490,)))
    })?;
    same(cleared, 2480)?;
    same(store.read(|tx| COUNTS.count(tx, COUNTS.all()))?, 20)?;
    store.write_blocking(|tx| COUNTS.clear_where(tx, COUNTS.all().from(&(5,)), |count| count.0 % 2 == 0))?;
    same(store.read(|tx| COUNTS.count(tx, COUNTS.all()))?, 13)
}

/// A write that would wait for itself is refused.
///
/// # Errors
/// If the engine does not do so.
pub fn a_waiting_write_inside_a_write_is_refused(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let inner = store.clone();
    let nested = store.write_blocking(move |_| {
        Ok::<_, StoreError>(inner.write_blocking(|tx| COUNTS.put(tx, &(1,), &Count(1))))
    })?;
    same(nested, Err(StoreError::Nested))
}

/// Writes from asynchronous callers are answered, many at a time.
///
/// # Errors
/// If the engine does not do so.
pub fn asynchronous_writes_are_answered(subject: Subject) -> Result<(), Failure> {
    let (store, _keep) = subject.store()?;
    let failures: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..10_u64)
            .map(|n| {
                let store = &store;
                scope.spawn(move || wait_for(store.write(move |tx| COUNTS.put(tx, &(n,), &Count(n)))))
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).filter(Result::is_err).count()
    });
    same(failures, 0)?;
    same(store.read(|tx| COUNTS.count(tx, COUNTS.all()))?, 10)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park();
    }
}
