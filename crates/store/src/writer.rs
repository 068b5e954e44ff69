//! The writer thread: it takes all writes that wait, runs each in a savepoint of one transaction, and
//! commits them together, so that they share one wait for the disk.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use mastic_core::failpoint;
use parking_lot::RwLock;
use tokio::sync::Notify;

use crate::engine::{Batch, Engine};
use crate::tx::Effects;
use crate::{Scope, StoreError, WriteTx};

/// The most writes in one transaction; it bounds how long the first of them waits for the last.
const LARGEST_GROUP: usize = 1024;

/// How often the store has changed since it was opened.
#[derive(Default)]
pub(crate) struct Generations {
    store: AtomicU64,
    keyspaces: RwLock<HashMap<Cow<'static, str>, u64>>,
    advanced: Notify,
}

impl Generations {
    pub(crate) fn store(&self) -> u64 {
        self.store.load(Ordering::Acquire)
    }

    pub(crate) fn keyspace(&self, name: &str) -> u64 {
        self.keyspaces.read().get(name).copied().unwrap_or(0)
    }

    /// Waits until one of the keyspaces is of a later generation than `seen`.
    pub(crate) async fn changed(&self, names: &[&str], seen: u64) -> u64 {
        loop {
            let advanced = self.advanced.notified();
            let now = names.iter().map(|name| self.keyspace(name)).max().unwrap_or(0);
            if now > seen {
                return now;
            }
            advanced.await;
        }
    }

    fn advance(&self, touched: impl Iterator<Item = Cow<'static, str>>) {
        let now = self.store.fetch_add(1, Ordering::AcqRel) + 1;
        let mut keyspaces = self.keyspaces.write();
        for keyspace in touched {
            keyspaces.insert(keyspace, now);
        }
        drop(keyspaces);
        self.advanced.notify_waiters();
    }
}

/// A queued write.
pub(crate) trait Job: Send {
    fn scope(&self) -> Scope;

    /// Runs the closure; whether its writes are to be kept.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool;

    /// Answers the caller: with the closure's own result, or with the error of the commit.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// The closure of a write, its result while the commit is under way, and where the answer goes.
pub(crate) struct Call<F, R, E, P> {
    scope: Scope,
    work: Option<F>,
    result: Option<Result<R, E>>,
    reply: P,
}

impl<F, R, E, P> Call<F, R, E, P> {
    pub(crate) fn new(scope: Scope, work: F, reply: P) -> Self {
        Self { scope, work: Some(work), result: None, reply }
    }
}

impl<F, R, E, P> Job for Call<F, R, E, P>
where
    F: FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send,
    R: Send,
    E: From<StoreError> + Send,
    P: FnOnce(Result<R, E>) + Send,
{
    fn scope(&self) -> Scope {
        self.scope.clone()
    }

    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let mut result = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_| Err(StoreError::Abandoned("its closure panicked".into()).into()));
        if let (Some(failure), true) = (tx.failure(), result.is_ok()) {
            result = Err(failure.into());
        }
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let result = match (outcome, self.result) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        (self.reply)(result);
    }
}

/// Serves the queue until every sender is gone.
pub(crate) fn serve(engine: &dyn Engine, generations: &Generations, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(LARGEST_GROUP - 1));
        let outcome = run_group(engine, &mut group);
        let outcome = outcome.map(|effects| settle(generations, effects));
        for job in group {
            job.finish(outcome.clone());
        }
    }
}

fn run_group(engine: &dyn Engine, group: &mut [Box<dyn Job>]) -> Result<Vec<Effects>, StoreError> {
    let batch = engine.begin()?;
    let mut effects = Vec::with_capacity(group.len());
    for job in group {
        effects.extend(run_one(&*batch, job.as_mut())?);
    }
    failpoint::pass("store.commit").map_err(|error| StoreError::Full(error.to_string().into()))?;
    batch.commit()?;
    // As if waiting for the disk had failed after the log was written whole.
    failpoint::pass("store.committed").map_err(|error| StoreError::Uncertain(error.to_string().into()))?;
    Ok(effects)
}

/// An error from here means that the whole transaction is lost; a job's own failure is kept in the job.
fn run_one(batch: &dyn Batch, job: &mut dyn Job) -> Result<Option<Effects>, StoreError> {
    batch.savepoint()?;
    let scope = job.scope();
    let mut tx = WriteTx::new(batch, &scope);
    if job.run(&mut tx) {
        batch.keep()?;
        Ok(Some(tx.into_effects()))
    } else {
        batch.undo()?;
        Ok(None)
    }
}

fn settle(generations: &Generations, effects: Vec<Effects>) {
    let mut hooks = Vec::new();
    let touched = effects.into_iter().flat_map(|effects| {
        hooks.extend(effects.hooks);
        effects.touched
    });
    generations.advance(touched);
    for hook in hooks {
        // A hook that panics must not take the writer with it; the write itself is done.
        let _ = catch_unwind(AssertUnwindSafe(hook));
    }
}
