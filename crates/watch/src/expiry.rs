//! Retention and what is left to clear, in transactions that are short however much there is.

use mastic_core::{AccountId, Fault, Region, Timestamp};
use mastic_kernel::Background;
use mastic_store::{Key, Keyspace, Range, ReadTx, Record, StoreError, WriteTx};

use crate::place::Place;
use crate::records::{EVENTS, GROUPS, Mark, RECENT, STREAMS, UNLINKED};

/// Rows that one transaction removes at most.
const AT_ONCE: usize = 1000;

/// Clears a part of what lay under an unlinked group or stream; whether nothing is left.
pub(crate) fn clear_some(
    tx: &mut WriteTx<'_>,
    place: &Place,
    group: u64,
    stream: Option<u64>,
) -> Result<bool, StoreError> {
    let Place { account, region } = place;
    let left = match stream {
        Some(stream) => remove(tx, EVENTS, EVENTS.prefix((account, region, group, stream)), AT_ONCE)?,
        None => {
            let left = remove(tx, EVENTS, EVENTS.prefix((account, region, group)), AT_ONCE)?;
            let left = remove(tx, RECENT, RECENT.prefix((account, region, group)), left)?;
            remove(tx, STREAMS, STREAMS.prefix((account, region, group)), left)?
        }
    };
    if left == 0 {
        return Ok(false);
    }
    UNLINKED.delete(tx, &(account, region, group, stream))?;
    Ok(true)
}

/// Removes up to `most` rows of a range; how many more it could have removed.
fn remove<K: Key, V: Record>(
    tx: &mut WriteTx<'_>,
    keyspace: Keyspace<K, V>,
    range: Range<K>,
    most: usize,
) -> Result<usize, StoreError> {
    let rows = keyspace.scan(tx, range).take(most);
    let keys = rows.map(|row| row.map(|(key, _)| key)).collect::<Result<Vec<_>, _>>()?;
    for key in &keys {
        keyspace.delete(tx, key)?;
    }
    Ok(most - keys.len())
}

/// Finishes deletions and drops expired events.
pub(crate) async fn sweep(background: &Background) -> Result<(), Fault> {
    let unlinked = background.read(|tx| {
        let rows = UNLINKED.scan(tx, UNLINKED.all());
        rows.map(|row| row.map(|(key, Mark {})| key)).collect::<Result<Vec<_>, StoreError>>()
    })?;
    for (account, region, group, stream) in unlinked {
        let place = Place { account, region };
        loop {
            let place = place.clone();
            if background.write(move |tx| clear_some(tx, &place, group, stream)).await? {
                break;
            }
        }
    }
    let now = background.now();
    let groups = background.read(retaining)?;
    for (account, region, name) in groups {
        let place = Place { account, region };
        sweep_group(background, &place, &name, now).await?;
    }
    Ok(())
}

/// The groups that have a retention policy.
fn retaining(tx: &ReadTx<'_>) -> Result<Vec<(AccountId, Region, String)>, StoreError> {
    let rows = GROUPS.scan(tx, GROUPS.all());
    rows.filter(|row| row.as_ref().map_or(true, |(_, group)| group.retention.is_some()))
        .map(|row| row.map(|(key, _)| key))
        .collect()
}

async fn sweep_group(
    background: &Background,
    place: &Place,
    name: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let streams = background.read(|tx| {
        let Some(group) = place.find_group(tx, name)? else {
            return Ok(Vec::new());
        };
        let horizon = group.horizon(now);
        let rows = STREAMS.scan_prefix(tx, (&place.account, &place.region, group.number));
        rows.filter(|row| row.as_ref().map_or(true, |(_, s)| s.first.is_some_and(|first| first < horizon)))
            .map(|row| row.map(|((_, _, _, stream), _)| stream))
            .collect::<Result<Vec<_>, StoreError>>()
    })?;
    for stream in streams {
        loop {
            let (place, name, stream) = (place.clone(), name.to_owned(), stream.clone());
            if background.write(move |tx| expire_some(tx, &place, &name, &stream, now)).await? {
                break;
            }
        }
    }
    Ok(())
}

/// Drops a part of a stream's expired events; whether none is left.
fn expire_some(
    tx: &mut WriteTx<'_>,
    place: &Place,
    group_name: &str,
    name: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // Either may have been deleted since the sweep found it.
    let Some(mut group) = place.find_group(tx, group_name)? else {
        return Ok(true);
    };
    let Some(mut stream) = place.find_stream(tx, group.number, name)? else {
        return Ok(true);
    };
    let (account, region, horizon) = (&place.account, &place.region, group.horizon(now));
    let events = EVENTS.prefix((account, region, group.number, stream.number));
    let expired = events.clone().before(&(account, region, group.number, stream.number, horizon, 0));
    let rows = EVENTS.scan(tx, expired).take(AT_ONCE).collect::<Result<Vec<_>, _>>()?;
    let mut size = 0;
    for (key, event) in &rows {
        EVENTS.delete(tx, key)?;
        size += event.size() as u64;
    }
    stream.stored = stream.stored.saturating_sub(size);
    group.stored = group.stored.saturating_sub(size);
    let before = stream.recency();
    stream.first = EVENTS.scan(tx, events).next().transpose()?.map(|((_, _, _, _, time, _), _)| time);
    if stream.first.is_none() {
        stream.last = None;
    }
    place.put_stream(tx, group.number, name, Some(before), &stream)?;
    place.put_group(tx, group_name, &group)?;
    Ok(rows.len() < AT_ONCE)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mastic_core::{ManualClock, SeededEntropy};
    use mastic_kernel::{Kernel, Seams};
    use mastic_store::Store;

    use super::*;
    use crate::records::Event;

    #[tokio::test]
    async fn a_deletion_that_was_cut_short_is_finished() {
        let seams = Seams {
            clock: Arc::new(ManualClock::at(Timestamp::from_secs(0))),
            entropy: Arc::new(SeededEntropy::new(1)),
        };
        let background = Kernel::new(Store::memory().unwrap(), seams).background("test");
        let account: AccountId = "111122223333".parse().unwrap();
        let region: Region = "eu-west-1".parse().unwrap();
        let write = background.write(move |tx| {
            for group in [1, 2] {
                for n in 0..1500 {
                    let event = Event { message: "x".to_owned(), ingested: 0 };
                    EVENTS.put(tx, &(&account, &region, group, n % 2, 0, n), &event)?;
                }
            }
            UNLINKED.put(tx, &(&account, &region, 1, Some(1)), &Mark {})?;
            UNLINKED.put(tx, &(&account, &region, 2, None::<u64>), &Mark {})
        });
        write.await.unwrap();
        sweep(&background).await.unwrap();
        let left = background.read(|tx| {
            let groups = EVENTS
                .scan(tx, EVENTS.all())
                .map(|row| row.map(|((_, _, group, stream, ..), _)| (group, stream)));
            Ok::<_, StoreError>((groups.collect::<Result<Vec<_>, _>>()?, UNLINKED.count(tx, UNLINKED.all())?))
        });
        assert_eq!(left.unwrap(), (vec![(1, 0); 750], 0));
    }
}
