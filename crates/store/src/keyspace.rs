use std::marker::PhantomData;

use crate::cursor::{Cursor, Found, Walk};
use crate::engine::{Order, Row, Span};
use crate::key::readable;
use crate::range::{encoded, prefix_bytes, text_prefix_bytes};
use crate::{
    Key, KeyFor, KeyReader, PrefixFor, Range, ReadTx, Record, RecordError, StoreError, WriteTx, layout,
    overlay, record,
};

/// A typed table: records of type `V` in the order of their keys `K`. It is a constant that names the place; the rows are reached
/// through a transaction.
///
/// Name it `service.noun`. Keys are given in any form that encodes as `K`: `&("a", 7)` for
/// `(String, u64)`.
///
/// ```
/// # use mastic_store::{Keyspace, Record, Store, StoreError};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Run { state: String }
/// # impl Record for Run { const VERSION: u16 = 1; }
/// const RUNS: Keyspace<(String, u64), Run> = Keyspace::new("jobs.run");
///
/// # let store = Store::memory()?;
/// store.write_blocking(|tx| {
///     for number in 1..=3 {
///         RUNS.insert_new(tx, &("nightly", number), &Run { state: "RUNNING".into() })?;
///     }
///     Ok::<(), StoreError>(())
/// })?;
/// let latest = store.read(|tx| RUNS.scan_reverse(tx, RUNS.prefix(("nightly",))).next().transpose())?;
/// assert_eq!(latest.map(|((_, number), _)| number), Some(3));
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Debug)]
pub struct Keyspace<K, V> {
    name: &'static str,
    staged: bool,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Keyspace<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Keyspace<K, V> {}

impl<K, V> Keyspace<K, V> {
    /// The keyspace of that name, which no other may have.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, staged: false, types: PhantomData }
    }

    /// The same keyspace, with the writes of a job run's scope staged until they are published.
    #[must_use]
    pub const fn staged(self) -> Self {
        Self { staged: true, ..self }
    }

    /// The name, as [`crate::Store::keyspace_generation`] takes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The run whose overlay `tx` sees here.
    fn run<'t>(&self, tx: &'t ReadTx<'_>) -> Option<&'t str> {
        if self.staged { tx.scope().run() } else { None }
    }
}

impl<K: Key, V: Record> Keyspace<K, V> {
    /// All keys.
    #[must_use]
    pub fn all(&self) -> Range<K> {
        Range::of(Span::default())
    }

    /// The keys that begin with these parts: `(account, "db")`, a tuple also for one part.
    #[must_use]
    pub fn prefix<P: PrefixFor<K>>(&self, parts: P) -> Range<K> {
        Range::of(Span::prefix(prefix_bytes(&parts)))
    }

    /// The keys that begin with these parts and whose next part, a text, starts with `text`.
    #[must_use]
    pub fn prefix_text<P: PrefixFor<K, Next = String>>(&self, parts: P, text: &str) -> Range<K> {
        Range::of(Span::prefix(text_prefix_bytes(&parts, text)))
    }

    /// The bytes of a key, for a page token; see [`Range::after_encoded`].
    #[must_use]
    pub fn encode<Q: KeyFor<K> + ?Sized>(&self, key: &Q) -> Vec<u8> {
        encoded(key)
    }

    /// The record at `key`.
    ///
    /// # Errors
    /// If the engine fails or the record does not decode.
    pub fn get<Q: KeyFor<K> + ?Sized>(&self, tx: &ReadTx<'_>, key: &Q) -> Result<Option<V>, StoreError> {
        let key = encoded(key);
        self.bytes(tx, &key)?.map(|bytes| self.decode_value(&key, &bytes)).transpose()
    }

    /// Whether there is a record at `key`.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn contains<Q: KeyFor<K> + ?Sized>(&self, tx: &ReadTx<'_>, key: &Q) -> Result<bool, StoreError> {
        Ok(self.bytes(tx, &encoded(key))?.is_some())
    }

    /// Stores a record in place of any other at `key`.
    ///
    /// # Errors
    /// If the record does not encode or the engine fails.
    pub fn put<Q: KeyFor<K> + ?Sized>(
        &self,
        tx: &mut WriteTx<'_>,
        key: &Q,
        value: &V,
    ) -> Result<(), StoreError> {
        self.put_bytes(tx, &encoded(key), value)
    }

    /// Stores a record unless there is one at `key`; whether it did.
    ///
    /// # Errors
    /// If the record does not encode or the engine fails.
    pub fn insert_new<Q: KeyFor<K> + ?Sized>(
        &self,
        tx: &mut WriteTx<'_>,
        key: &Q,
        value: &V,
    ) -> Result<bool, StoreError> {
        let key = encoded(key);
        if self.bytes(tx, &key)?.is_some() {
            return Ok(false);
        }
        self.put_bytes(tx, &key, value)?;
        Ok(true)
    }

    /// Removes the record at `key`; whether there was one.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn delete<Q: KeyFor<K> + ?Sized>(&self, tx: &mut WriteTx<'_>, key: &Q) -> Result<bool, StoreError> {
        self.delete_bytes(tx, &encoded(key))
    }

    /// Removes all records of `range`; how many there were.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn clear(&self, tx: &mut WriteTx<'_>, range: Range<K>) -> Result<u64, StoreError> {
        let mut cleared = 0;
        let mut range = range;
        loop {
            let mut walk = self.walk(tx, &range, Order::Ascending);
            let mut keys = Vec::new();
            while keys.len() < 1000
                && let Some((key, _)) = walk.next()?
            {
                keys.push(key);
            }
            let Some(last) = keys.last() else {
                return Ok(cleared);
            };
            range = range.after_encoded(last);
            for key in keys {
                self.delete_bytes(tx, &key)?;
                cleared += 1;
            }
        }
    }

    /// Removes the records of `range` that are `gone`.
    ///
    /// # Errors
    /// If the engine fails or a record does not decode.
    pub fn clear_where(
        &self,
        tx: &mut WriteTx<'_>,
        range: Range<K>,
        gone: impl Fn(&V) -> bool,
    ) -> Result<(), StoreError> {
        let mut walk = self.walk(tx, &range, Order::Ascending);
        let mut keys = Vec::new();
        while let Some((key, value)) = walk.next()? {
            if gone(&self.decode_value(&key, &value)?) {
                keys.push(key);
            }
        }
        keys.iter().try_for_each(|key| self.delete_bytes(tx, key).map(drop))
    }

    /// The records of `range` from the least key on. Rows are fetched as the iterator goes, a page at a time.
    pub fn scan<'t>(&self, tx: &'t ReadTx<'_>, range: Range<K>) -> Scan<'t, K, V> {
        Scan { keyspace: *self, walk: self.walk(tx, &range, Order::Ascending), failed: false }
    }

    /// The records of `range` from the greatest key back.
    pub fn scan_reverse<'t>(&self, tx: &'t ReadTx<'_>, range: Range<K>) -> Scan<'t, K, V> {
        Scan { keyspace: *self, walk: self.walk(tx, &range, Order::Descending), failed: false }
    }

    /// The records whose keys begin with these parts, from the least key on.
    pub fn scan_prefix<'t, P: PrefixFor<K>>(&self, tx: &'t ReadTx<'_>, parts: P) -> Scan<'t, K, V> {
        self.scan(tx, self.prefix(parts))
    }

    /// How many records `range` holds; it costs a walk over them.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn count(&self, tx: &ReadTx<'_>, range: Range<K>) -> Result<u64, StoreError> {
        if self.run(tx).is_none() {
            let head = layout::keyspace(self.name);
            let mut span = Span::prefix(layout::join(&head, &range.span.start));
            span.end = match &range.span.end {
                Some(end) => Some(layout::join(&head, end)),
                None => crate::engine::successor(&head),
            };
            return tx.rows().count(&span);
        }
        let mut walk = self.walk(tx, &range, Order::Ascending);
        let mut count = 0;
        while walk.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    /// What `run` has staged here, whoever asks: each record to come, or none where one is to go.
    /// After an error it ends.
    pub fn staged_entries<'t>(
        &self,
        tx: &'t ReadTx<'_>,
        run: &str,
    ) -> impl Iterator<Item = Result<(K, Option<V>), StoreError>> + use<'t, K, V> {
        let keyspace = *self;
        let head = layout::staged_keyspace(run, self.name);
        let mut cursor = Cursor::new(tx.rows(), &head, &Span::default(), Order::Ascending);
        let mut failed = false;
        std::iter::from_fn(move || {
            if failed {
                return None;
            }
            let row = cursor.next().and_then(|row| row.map(|row| keyspace.decode_entry(row)).transpose());
            failed = row.is_err();
            row.transpose()
        })
    }

    /// Throws away what `run` has staged here, whoever asks; the rest of its stage stays.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn discard_staged(&self, tx: &mut WriteTx<'_>, run: &str) -> Result<(), StoreError> {
        let head = layout::staged_keyspace(run, self.name);
        loop {
            let keys = tx.rows().page(&Span::prefix(head.clone()), Order::Ascending, 256)?;
            if keys.is_empty() {
                return Ok(());
            }
            for (key, _) in keys {
                tx.delete(&key)?;
            }
        }
    }

    fn walk<'t>(&self, tx: &'t ReadTx<'_>, range: &Range<K>, order: Order) -> Walk<'t> {
        let base = Cursor::new(tx.rows(), &layout::keyspace(self.name), &range.span, order);
        let staged = self
            .run(tx)
            .map(|run| Cursor::new(tx.rows(), &layout::staged_keyspace(run, self.name), &range.span, order));
        Walk::new(base, staged, order)
    }

    fn bytes(&self, tx: &ReadTx<'_>, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.run(tx) {
            Some(run) => overlay::get(tx, run, self.name, key),
            None => tx.rows().get(&layout::join(&layout::keyspace(self.name), key)),
        }
    }

    fn put_bytes(&self, tx: &mut WriteTx<'_>, key: &[u8], value: &V) -> Result<(), StoreError> {
        let bytes = record::encode(value).map_err(|source| self.unusable(key, source))?;
        match self.run(tx).map(str::to_owned) {
            Some(run) => overlay::stage(tx, &run, self.name, key, Some(&bytes)),
            None => {
                tx.touch(self.name);
                tx.put(&layout::join(&layout::keyspace(self.name), key), &bytes)
            }
        }
    }

    fn delete_bytes(&self, tx: &mut WriteTx<'_>, key: &[u8]) -> Result<bool, StoreError> {
        if let Some(run) = self.run(tx).map(str::to_owned) {
            let existed = overlay::get(tx, &run, self.name, key)?.is_some();
            if existed {
                overlay::stage(tx, &run, self.name, key, None)?;
            }
            return Ok(existed);
        }
        let existed = tx.delete(&layout::join(&layout::keyspace(self.name), key))?;
        if existed {
            tx.touch(self.name);
        }
        Ok(existed)
    }

    fn decode_key(&self, key: &[u8]) -> Result<K, StoreError> {
        let mut reader = KeyReader::new(key);
        K::decode(&mut reader)
            .and_then(|decoded| reader.finish().map(|()| decoded))
            .map_err(|source| StoreError::Key { keyspace: self.name.into(), source })
    }

    fn decode_value(&self, key: &[u8], bytes: &[u8]) -> Result<V, StoreError> {
        record::decode(bytes).map_err(|source| self.unusable(key, source))
    }

    fn unusable(&self, key: &[u8], source: RecordError) -> StoreError {
        StoreError::Record { keyspace: self.name.into(), key: readable(key).into(), source }
    }

    fn decode_entry(&self, (key, bytes): Row) -> Result<(K, Option<V>), StoreError> {
        let value = overlay::Entry::parse(&bytes)?.value;
        let value = value.map(|value| self.decode_value(&key, value)).transpose()?;
        Ok((self.decode_key(&key)?, value))
    }
}

/// The rows of a range, fetched as they are asked for. After an error it ends.
pub struct Scan<'t, K, V> {
    keyspace: Keyspace<K, V>,
    walk: Walk<'t>,
    failed: bool,
}

impl<'t, K: Key, V: Record> Scan<'t, K, V> {
    /// Leaves out what comes before `key`, without reading much of it; for scans from the least key on.
    pub fn skip_to<Q: KeyFor<K> + ?Sized>(&mut self, key: &Q) {
        self.walk.skip_to(&encoded(key));
    }

    /// As the iterator's `next`, for scans that decide by the key whether they want the record.
    pub fn next_unread(&mut self) -> Option<Result<Unread<'t, K, V>, StoreError>> {
        if self.failed {
            return None;
        }
        let keyspace = self.keyspace;
        let row = self.walk.find().and_then(|found| {
            found
                .map(|found| Ok(Unread { key: keyspace.decode_key(found.key())?, keyspace, found }))
                .transpose()
        });
        self.failed = row.is_err();
        row.transpose()
    }
}

/// A record that a scan has come to and not read.
pub struct Unread<'t, K, V> {
    /// Its key.
    pub key: K,
    keyspace: Keyspace<K, V>,
    found: Found<'t>,
}

impl<K: Key, V: Record> Unread<'_, K, V> {
    /// Reads it; its key comes with it.
    ///
    /// # Errors
    /// If the engine fails or the record does not decode.
    pub fn read(self) -> Result<(K, V), StoreError> {
        let (key, value) = self.found.row()?;
        Ok((self.key, self.keyspace.decode_value(&key, &value)?))
    }
}

impl<K: Key, V: Record> Iterator for Scan<'_, K, V> {
    type Item = Result<(K, V), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next_unread()?.and_then(Unread::read);
        self.failed = row.is_err();
        Some(row)
    }
}
