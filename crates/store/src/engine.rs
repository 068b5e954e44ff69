//! What an engine must do: the narrow waist below the facade. Services never see it.

use crate::StoreError;

/// One stored pair: key, value.
pub type Row = (Vec<u8>, Vec<u8>);

/// A key, and where the engine finds its value within the same snapshot.
pub type KeyAt = (Vec<u8>, i64);

/// The keys from `start` on, up to but without `end`; no end means all that follow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// The first key.
    pub start: Vec<u8>,
    /// The first key after the span.
    pub end: Option<Vec<u8>>,
}

impl Span {
    /// Every key that begins with `prefix`.
    ///
    /// ```
    /// let span = mastic_store::engine::Span::prefix(b"ab".to_vec());
    /// assert_eq!(span.end.as_deref(), Some(&b"ac"[..]));
    /// ```
    #[must_use]
    pub fn prefix(prefix: Vec<u8>) -> Self {
        Self { end: successor(&prefix), start: prefix }
    }

    /// Whether no key can lie in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// What remains of the span beyond `key` when it is walked in `order`.
    #[must_use]
    pub fn beyond(mut self, key: &[u8], order: Order) -> Self {
        match order {
            Order::Ascending => {
                self.start.clear();
                self.start.extend_from_slice(key);
                self.start.push(0);
            }
            Order::Descending => self.end = Some(key.to_vec()),
        }
        self
    }
}

/// The least key greater than every key that begins with `prefix`; none if there is no such key.
#[must_use]
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if let Some(greater) = last.checked_add(1) {
            next.push(greater);
            return Some(next);
        }
    }
    None
}

/// The direction of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the least key on.
    Ascending,
    /// From the greatest key back.
    Descending,
}

/// A place where pairs are kept in the order of their keys.
pub trait Engine: Send + Sync + 'static {
    /// A consistent view, fixed at the latest by its first read. It costs microseconds.
    ///
    /// # Errors
    /// If the engine cannot read its files.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Starts the one write transaction; dropping it rolls it back. The facade calls this from its
    /// writer thread only.
    ///
    /// # Errors
    /// If the engine cannot read or write its files.
    fn begin(&self) -> Result<Box<dyn Batch + '_>, StoreError>;
}

impl Engine for Box<dyn Engine> {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        (**self).snapshot()
    }

    fn begin(&self) -> Result<Box<dyn Batch + '_>, StoreError> {
        (**self).begin()
    }
}

/// Reading at one point in time.
pub trait Snapshot {
    /// The value at `key`.
    ///
    /// # Errors
    /// If the engine cannot read its files.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first `limit` pairs of `span` in `order`.
    ///
    /// # Errors
    /// If the engine cannot read its files.
    fn page(&self, span: &Span, order: Order, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// The keys of the first `limit` pairs of `span`, from the least on. An engine that need not touch the values for
    /// that does not.
    ///
    /// # Errors
    /// If the engine cannot read its files.
    fn keys(&self, span: &Span, limit: usize) -> Result<Vec<KeyAt>, StoreError> {
        Ok(self.page(span, Order::Ascending, limit)?.into_iter().map(|(key, _)| (key, 0)).collect())
    }

    /// The value of a key that [`Snapshot::keys`] gave.
    ///
    /// # Errors
    /// If the engine cannot read its files.
    fn value(&self, (key, _): &KeyAt) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(key)
    }

    /// How many pairs `span` holds.
    ///
    /// # Errors
    /// If the engine cannot read its files.
    fn count(&self, span: &Span) -> Result<u64, StoreError>;
}

/// The write transaction; it reads what it wrote. There is one savepoint at most at a time.
///
/// After an error from `savepoint`, `keep` or `undo` the batch is good for nothing but dropping.
pub trait Batch: Snapshot {
    /// Stores a pair in place of any other of that key.
    ///
    /// # Errors
    /// If the engine cannot write; the pair is then not stored.
    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Removes a pair; whether it was there.
    ///
    /// # Errors
    /// If the engine cannot write.
    fn delete(&self, key: &[u8]) -> Result<bool, StoreError>;

    /// Marks the point to which `undo` returns.
    ///
    /// # Errors
    /// If the transaction is lost.
    fn savepoint(&self) -> Result<(), StoreError>;

    /// Forgets the savepoint; the writes since then stay.
    ///
    /// # Errors
    /// If the transaction is lost.
    fn keep(&self) -> Result<(), StoreError>;

    /// Takes back the writes since the savepoint and forgets it.
    ///
    /// # Errors
    /// If the transaction is lost.
    fn undo(&self) -> Result<(), StoreError>;

    /// Makes the writes durable and visible.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`] if they may be there after a restart all the same; after any
    /// other error they surely are not.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
