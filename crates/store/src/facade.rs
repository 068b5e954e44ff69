use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::writer::{Call, Generations, Job, serve};
use crate::{MemoryEngine, ReadTx, StoreError, WriteTx, overlay};

/// How many staged changes one transaction discards.
const DISCARDED_AT_ONCE: usize = 4096;

/// Whose view of the store a handle has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// What is true for all.
    #[default]
    Plain,
    /// What the job run of that id has staged, over what is true.
    Staged(Arc<str>),
}

impl Scope {
    /// The view of a job run.
    #[must_use]
    pub fn staged(run: &str) -> Self {
        Self::Staged(run.into())
    }

    /// The run's id, in the scope of one.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        match self {
            Self::Plain => None,
            Self::Staged(run) => Some(run),
        }
    }
}

/// A handle on the store; copies share it. When the last one goes, the writes that wait are
/// finished and the engine is closed.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    scope: Scope,
}

struct Shared {
    engine: Arc<dyn Engine>,
    generations: Arc<Generations>,
    queue: Option<Sender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens a store over an engine and starts its writer thread.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn new(engine: impl Engine) -> Result<Self, StoreError> {
        let engine: Arc<dyn Engine> = Arc::new(engine);
        let generations = Arc::new(Generations::default());
        let (queue, waiting) = mpsc::channel();
        let writer = thread::Builder::new().name("store-writer".to_owned()).spawn({
            let (engine, generations) = (Arc::clone(&engine), Arc::clone(&generations));
            move || serve(&*engine, &generations, &waiting)
        });
        let writer = writer.map_err(|error| StoreError::Io(error.to_string().into()))?;
        let shared = Shared { engine, generations, queue: Some(queue), writer: Some(writer) };
        Ok(Self { shared: Arc::new(shared), scope: Scope::Plain })
    }

    /// An empty store in memory, for tests.
    ///
    /// # Errors
    /// If the writer thread cannot be started.
    pub fn memory() -> Result<Self, StoreError> {
        Self::new(MemoryEngine::new())
    }

    /// The same store seen in `scope`, whatever the scope of this handle is.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> Self {
        Self { shared: Arc::clone(&self.shared), scope }
    }

    /// Whose view this handle has.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Reads on one consistent snapshot. It does not wait for writers; a point read takes microseconds.
    ///
    /// # Errors
    /// What `work` returns, or that the engine cannot read.
    pub fn read<R, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let snapshot = self.shared.engine.snapshot()?;
        work(&ReadTx::new(&*snapshot, &self.scope))
    }

    /// Writes, and waits until the write is durable. `work` runs on the writer thread, sees all earlier writes,
    /// and must neither wait for anything nor take long; if it returns an error, nothing of
    /// it is kept. Dropping the future does not take a queued write back.
    ///
    /// # Errors
    /// What `work` returns, or a failure of the engine, in which case the write did not happen
    /// unless [`StoreError::surely_undone`] says otherwise.
    pub async fn write<R, E, F>(&self, work: F) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // A caller that has gone does not want the answer.
        self.submit(work, move |result| drop(reply.send(result)))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// As [`Store::write`], blocking the thread.
    ///
    /// # Errors
    /// As [`Store::write`]; [`StoreError::Nested`] if called from inside a write.
    pub fn write_blocking<R, E, F>(&self, work: F) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send + 'static,
    {
        if self.shared.on_writer_thread() {
            return Err(StoreError::Nested.into());
        }
        let (reply, answer) = mpsc::sync_channel(1);
        self.submit(work, move |result| drop(reply.send(result)))?;
        answer.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    fn submit<R, E, F, P>(&self, work: F, reply: P) -> Result<(), StoreError>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send + 'static,
        P: FnOnce(Result<R, E>) + Send + 'static,
    {
        let queue = self.shared.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(Box::new(Call::new(self.scope.clone(), work, reply))).map_err(|_| StoreError::Closed)
    }

    /// Throws away all that `run` has staged, in as many transactions as it takes to keep each short.
    ///
    /// # Errors
    /// If the engine fails; calling it again goes on.
    pub async fn discard(&self, run: &str) -> Result<(), StoreError> {
        loop {
            let run = run.to_owned();
            if self.write(move |tx| overlay::discard(tx, &run, DISCARDED_AT_ONCE)).await? < DISCARDED_AT_ONCE
            {
                return Ok(());
            }
        }
    }

    /// How many groups of writes have been committed since the store was opened. Read it before the data that a
    /// cache keeps: as long as it stays the same, so does the data.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.generations.store()
    }

    /// The generation at which the true rows of a keyspace last changed; 0 if they have not
    /// since the store was opened.
    #[must_use]
    pub fn keyspace_generation(&self, name: &str) -> u64 {
        self.shared.generations.keyspace(name)
    }

    /// Waits until the true rows of one of these keyspaces have changed after the generation `seen`; when they
    /// last did.
    pub async fn changed(&self, keyspaces: &[&str], seen: u64) -> u64 {
        self.shared.generations.changed(keyspaces, seen).await
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Shared {
    fn on_writer_thread(&self) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.thread().id() == thread::current().id())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue = None;
        // A hook or closure may hold the last handle; the writer cannot wait for itself.
        if !self.on_writer_thread()
            && let Some(writer) = self.writer.take()
        {
            // The thread catches panics, so there is nothing to learn from how it ended.
            let _ = writer.join();
        }
    }
}
