use std::cell::RefCell;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};
use rpds::RedBlackTreeMapSync;

use crate::StoreError;
use crate::engine::{Batch, Engine, Order, Row, Snapshot, Span};

type Map = RedBlackTreeMapSync<Vec<u8>, Arc<[u8]>>;

/// An engine that forgets, for tests. A snapshot is a cheap copy of a persistent map.
#[derive(Default)]
pub struct MemoryEngine {
    committed: RwLock<Map>,
    writer: Mutex<()>,
}

impl MemoryEngine {
    /// An empty engine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Engine for MemoryEngine {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(self.committed.read().clone()))
    }

    fn begin(&self) -> Result<Box<dyn Batch + '_>, StoreError> {
        let alone = self.writer.lock();
        let map = RefCell::new(self.committed.read().clone());
        Ok(Box::new(MemoryBatch { engine: self, _alone: alone, map, saved: RefCell::default() }))
    }
}

impl Snapshot for Map {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(key).map(|value| value.to_vec()))
    }

    fn page(&self, span: &Span, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        // The map's range panics where the bounds are crossed.
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.range::<[u8], _>(bounds(span)).map(|(key, value)| (key.clone(), value.to_vec()));
        Ok(match order {
            Order::Ascending => rows.take(limit).collect(),
            Order::Descending => rows.rev().take(limit).collect(),
        })
    }

    fn count(&self, span: &Span) -> Result<u64, StoreError> {
        Ok(if span.is_empty() { 0 } else { self.range::<[u8], _>(bounds(span)).count() as u64 })
    }
}

fn bounds(span: &Span) -> (Bound<&[u8]>, Bound<&[u8]>) {
    let end = span.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    (Bound::Included(&span.start), end)
}

struct MemoryBatch<'a> {
    engine: &'a MemoryEngine,
    _alone: MutexGuard<'a, ()>,
    map: RefCell<Map>,
    saved: RefCell<Option<Map>>,
}

impl Snapshot for MemoryBatch<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Snapshot::get(&*self.map.borrow(), key)
    }

    fn page(&self, span: &Span, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.map.borrow().page(span, order, limit)
    }

    fn count(&self, span: &Span) -> Result<u64, StoreError> {
        self.map.borrow().count(span)
    }
}

impl Batch for MemoryBatch<'_> {
    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.map.borrow_mut().insert_mut(key.to_vec(), value.into());
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.map.borrow_mut().remove_mut(key))
    }

    fn savepoint(&self) -> Result<(), StoreError> {
        *self.saved.borrow_mut() = Some(self.map.borrow().clone());
        Ok(())
    }

    fn keep(&self) -> Result<(), StoreError> {
        *self.saved.borrow_mut() = None;
        Ok(())
    }

    fn undo(&self) -> Result<(), StoreError> {
        if let Some(saved) = self.saved.borrow_mut().take() {
            *self.map.borrow_mut() = saved;
        }
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        *self.engine.committed.write() = self.map.into_inner();
        Ok(())
    }
}
