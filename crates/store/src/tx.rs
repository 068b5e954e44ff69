use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Deref;

use crate::engine::{Batch, Snapshot};
use crate::{Scope, StoreError};

/// What runs after a commit.
pub(crate) type Hook = Box<dyn FnOnce() + Send>;

/// A consistent view of the store, read through [`crate::Keyspace`]s.
pub struct ReadTx<'a> {
    rows: &'a dyn Snapshot,
    scope: &'a Scope,
}

impl<'a> ReadTx<'a> {
    pub(crate) fn new(rows: &'a dyn Snapshot, scope: &'a Scope) -> Self {
        Self { rows, scope }
    }

    pub(crate) fn rows(&self) -> &'a dyn Snapshot {
        self.rows
    }

    /// Whose view this is.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.scope
    }
}

/// A write transaction; it reads what it wrote, so all that takes a [`ReadTx`] takes it too.
pub struct WriteTx<'a> {
    read: ReadTx<'a>,
    batch: &'a dyn Batch,
    effects: Effects,
    failure: Option<StoreError>,
}

/// What a write leaves to be done once it is committed.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) touched: BTreeSet<Cow<'static, str>>,
    pub(crate) hooks: Vec<Hook>,
}

impl<'a> WriteTx<'a> {
    pub(crate) fn new(batch: &'a dyn Batch, scope: &'a Scope) -> Self {
        Self { read: ReadTx::new(batch, scope), batch, effects: Effects::default(), failure: None }
    }

    /// Runs `hook` on the writer thread once this write is durable, before its caller hears of it; never if it
    /// is rolled back. It must be short: the next group of writes waits for it.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.effects.hooks.push(Box::new(hook));
    }

    pub(crate) fn touch(&mut self, keyspace: impl Into<Cow<'static, str>>) {
        self.effects.touched.insert(keyspace.into());
    }

    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let result = self.batch.put(key, value);
        self.remember(result)
    }

    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<bool, StoreError> {
        let result = self.batch.delete(key);
        self.remember(result)
    }

    /// A write that failed spoils the transaction even if the closure swallows the error: half a
    /// transaction must never be committed.
    fn remember<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.failure.get_or_insert_with(|| error.clone());
        }
        result
    }

    pub(crate) fn failure(&mut self) -> Option<StoreError> {
        self.failure.take()
    }

    pub(crate) fn into_effects(self) -> Effects {
        self.effects
    }
}

impl<'a> Deref for WriteTx<'a> {
    type Target = ReadTx<'a>;

    fn deref(&self) -> &ReadTx<'a> {
        &self.read
    }
}
