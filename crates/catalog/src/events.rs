//! Telling others of changes: written down in the transaction that makes them, handed on once they are true.

use mastic_core::{AccountId, Fault, Region, Timestamp};
use mastic_kernel::ports::{CatalogChange, CatalogEvent};
use mastic_kernel::{Background, Ctx};
use mastic_store::{Keyspace, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::place::Place;

/// Number, and the job run whose change it is; empty where it is nobody's run.
pub(crate) const EVENTS: Keyspace<(u64, String), EventRecord> = Keyspace::new("glue.event").staged();

/// How many events are taken up at once.
const AT_ONCE: usize = 100;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EventRecord {
    account: AccountId,
    region: Region,
    catalog: String,
    database: String,
    change: CatalogChange,
    time: Timestamp,
}

impl Record for EventRecord {
    const VERSION: u16 = 1;
}

/// What a call needs to tell of its changes.
pub(crate) struct Events {
    heard: bool,
    run: String,
    time: Timestamp,
}

impl Events {
    pub(crate) fn of(ctx: &Ctx) -> Self {
        let run = ctx.caller().run().filter(|run| run.staged).map(|run| run.id.clone());
        Self { heard: ctx.kernel().catalog_events().is_some(), run: run.unwrap_or_default(), time: ctx.now() }
    }

    /// Tells of a change in a database of these stored names, if anybody listens.
    pub(crate) fn tell(
        &self,
        tx: &mut WriteTx<'_>,
        place: &Place,
        database: String,
        change: CatalogChange,
    ) -> Result<(), Fault> {
        if !self.heard {
            return Ok(());
        }
        let last = EVENTS.scan_reverse(tx, EVENTS.all()).next().transpose()?;
        let number = last.map_or(0, |((number, _), _)| number + 1);
        let Place { account, region, catalog } = place.clone();
        let event = EventRecord { account, region, catalog, database, change, time: self.time };
        Ok(EVENTS.put(tx, &(number, self.run.as_str()), &event)?)
    }
}

/// Hands on all that has become true, in order.
pub(crate) async fn deliver(background: &Background) -> Result<(), Fault> {
    let Some(receiver) = background.kernel().catalog_events() else { return Ok(()) };
    loop {
        let waiting: Vec<_> = background
            .read(|tx| EVENTS.scan(tx, EVENTS.all()).take(AT_ONCE).collect::<Result<_, StoreError>>())?;
        if waiting.is_empty() {
            return Ok(());
        }
        for (key, event) in waiting {
            let EventRecord { account, region, catalog, database, change, time } = event;
            let catalog_id = Place { account: account.clone(), region: region.clone(), catalog }.id();
            receiver.changed(CatalogEvent { account, region, catalog_id, database, change, time }).await?;
            background.write(move |tx| EVENTS.delete(tx, &key)).await?;
        }
    }
}
