//! The run's memory, shared among operators that can go over to the disk and those that cannot.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// What consumers that hold much leave to all others, as a part of the pool.
const LEFT: usize = 3;
/// What all that can spill leave to those that cannot, as a part of the pool.
const KEPT: usize = 8;
/// A consumer that holds less than this part of the pool takes no share: most of a plan's wait for their turn.
const LIGHT: usize = 64;
/// Bytes by which operators correct what they thought to need. They do not expect to be refused them, so they get them.
const CORRECTION: usize = 4 << 10;
/// A first batch of at most this part of the pool is let in always: who holds nothing cannot spill either.
const FIRST: usize = 16;
/// How the consumers begin that merge the sorted files of a sort: they take what they can get, and merge fewer at once
/// with less.
const MERGE: &str = "ExternalSorterMerge";
/// What one such merge may have, as a part of the pool; together they leave a third as well.
const MERGE_SHARE: usize = 4;
/// What each of them may have in any case, as a part of the pool.
const MERGE_LEAST: usize = 32;

/// How the consumers begin that hold what a sort has not spilled yet.
const SORT: &str = "ExternalSorter[";
/// What one such sort may have, as a part of the pool: it is counted twice until it is merged, and the keys by which it is
/// merged, which may be all of it and more, must fit into the share of a merge.
const SORT_SHARE: usize = 3;

/// A pool in which consumers that can spill share what the others leave.
///
/// DataFusion's own fair pool gives every registered consumer the same share, those too that hold nothing yet: a plan of
/// many operators then spills with most of its memory idle, and at last fails because a share is too small to work in.
/// Here only the consumers that hold much count.
#[derive(Debug)]
pub(crate) struct RunPool {
    size: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of consumers that cannot spill.
    fixed: usize,
    /// How many of them are of merges.
    merging: usize,
    /// Bytes of each of those that can, by the consumer's id.
    spillable: HashMap<usize, usize>,
}

impl State {
    fn spillable(&self) -> usize {
        self.spillable.values().sum()
    }

    fn add(&mut self, consumer: &MemoryConsumer, additional: usize) {
        if consumer.can_spill() {
            *self.spillable.entry(consumer.id()).or_default() += additional;
        } else {
            self.fixed += additional;
            self.merging += if is_merge(consumer) { additional } else { 0 };
        }
    }
}

fn is_merge(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with(MERGE)
}

impl RunPool {
    /// A pool of so many bytes.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that the consumer may still take when it wants so many more.
    fn room(&self, state: &State, reservation: &MemoryReservation, additional: usize) -> usize {
        let consumer = reservation.consumer();
        let spillable = state.spillable();
        let free = self.size.saturating_sub(state.fixed + spillable);
        let held = state.spillable.get(&consumer.id()).copied().unwrap_or_default();
        let heavy = |bytes: usize| bytes >= self.size / LIGHT;
        if is_merge(consumer) {
            let own = reservation.size();
            let each = (self.size / MERGE_SHARE).saturating_sub(own);
            let all = self.size - self.size / LEFT;
            let shared = each.min(all.saturating_sub(state.merging)).min(free);
            // The one that begins last has to go on too, if only with two files.
            return shared.max((self.size / MERGE_LEAST).saturating_sub(own));
        }
        if !consumer.can_spill() {
            return free;
        }
        if additional <= CORRECTION || (held == 0 && additional <= self.size / FIRST) {
            return additional;
        }
        if !heavy(held + additional) {
            return free.saturating_sub(self.size / KEPT);
        }
        let others =
            state.spillable.iter().filter(|(id, bytes)| **id != consumer.id() && heavy(**bytes)).count();
        let shared = self.size.saturating_sub(state.fixed + self.size / LEFT);
        let share = shared / (others + 1);
        let sorts = consumer.name().starts_with(SORT);
        let share = if sorts { share.min(self.size / SORT_SHARE) } else { share };
        share.saturating_sub(held).min(shared.saturating_sub(spillable))
    }
}

impl MemoryPool for RunPool {
    fn unregister(&self, consumer: &MemoryConsumer) {
        self.state().spillable.remove(&consumer.id());
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.state().add(reservation.consumer(), additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let (mut state, consumer) = (self.state(), reservation.consumer());
        if let Some(bytes) = state.spillable.get_mut(&consumer.id()) {
            *bytes = bytes.saturating_sub(shrink);
        } else {
            state.fixed = state.fixed.saturating_sub(shrink);
            state.merging = state.merging.saturating_sub(if is_merge(consumer) { shrink } else { 0 });
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let consumer = reservation.consumer();
        let room = self.room(&state, reservation, additional);
        if additional > room {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} holds {} bytes and cannot have {additional} more: {room} of the run's {} are left for it",
                consumer.name(),
                reservation.size(),
                self.size,
            )));
        }
        state.add(consumer, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        let state = self.state();
        state.fixed + state.spillable()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.size)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SIZE: usize = 3 << 20;
    const MORE: usize = CORRECTION + 1;
    const SHARED: usize = SIZE - SIZE / LEFT;

    fn consumer(pool: &Arc<dyn MemoryPool>, spills: bool) -> MemoryReservation {
        MemoryConsumer::new("test").with_can_spill(spills).register(pool)
    }

    #[test]
    fn idle_consumers_take_no_share() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let _idle: Vec<_> = (0..100).map(|_| consumer(&pool, true)).collect();
        let busy = consumer(&pool, true);
        busy.try_grow(SHARED).unwrap();
        assert!(busy.try_grow(MORE).is_err(), "a third is left to the others");
        consumer(&pool, false).try_grow(SIZE - SHARED).unwrap();
        assert_eq!(pool.reserved(), SHARED, "what was dropped is free again");
    }

    #[test]
    fn the_second_gets_as_much_once_the_first_has_spilled() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let (first, second) = (consumer(&pool, true), consumer(&pool, true));
        first.try_grow(SHARED / 4 * 3).unwrap();
        second.try_grow(SHARED / 8).unwrap();
        assert!(first.try_grow(MORE).is_err(), "its share is smaller now");
        assert!(second.try_grow(SHARED / 4).is_err(), "nothing is free");
        first.free();
        second.try_grow(SHARED / 4).unwrap();
        first.try_grow(SHARED / 2).unwrap();
        assert!(first.try_grow(MORE).is_err());
    }

    #[test]
    fn the_light_may_use_what_is_left() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let (first, light) = (consumer(&pool, true), consumer(&pool, true));
        first.try_grow(SHARED).unwrap();
        light.try_grow(SIZE / LIGHT / 2).unwrap();
        assert!(light.try_grow(SIZE / LIGHT / 2).is_err(), "it would be heavy");
    }

    #[test]
    fn the_first_batch_is_let_in() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let all = consumer(&pool, false);
        all.try_grow(SIZE).unwrap();
        assert!(consumer(&pool, false).try_grow(1).is_err());
        let sort = consumer(&pool, true);
        assert!(sort.try_grow(SIZE / FIRST + 1).is_err());
        sort.try_grow(SIZE / FIRST).unwrap();
        assert!(sort.try_grow(MORE).is_err());
    }

    #[test]
    fn a_sort_leaves_memory_to_its_merge() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let sort = MemoryConsumer::new(format!("{SORT}0]")).with_can_spill(true).register(&pool);
        sort.try_grow(SIZE / SORT_SHARE).unwrap();
        assert!(sort.try_grow(MORE).is_err());
    }

    #[test]
    fn a_merge_leaves_memory_to_the_other_side() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let merge = MemoryConsumer::new(format!("{MERGE}[0]")).register(&pool);
        merge.try_grow(SIZE / MERGE_SHARE).unwrap();
        assert!(merge.try_grow(1).is_err());
    }

    #[test]
    fn the_last_of_many_merges_gets_something() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let greedy = |_| {
            let merge = MemoryConsumer::new(format!("{MERGE}[0]")).register(&pool);
            while merge.try_grow(SIZE / 128).is_ok() {}
            merge
        };
        let merges: Vec<_> = (0..6).map(greedy).collect();
        assert!(merges.iter().all(|merge| merge.size() >= SIZE / MERGE_LEAST));
    }

    #[test]
    fn what_is_split_off_counts_for_its_consumer() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RunPool::new(SIZE));
        let whole = consumer(&pool, true);
        whole.try_grow(SIZE / 2).unwrap();
        let half = whole.split(SIZE / 4);
        drop(half);
        assert_eq!(pool.reserved(), SIZE / 4);
        drop(whole);
        assert_eq!(pool.reserved(), 0);
    }
}
