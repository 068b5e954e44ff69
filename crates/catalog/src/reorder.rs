//! What becomes of partitions whose table gets keys of other types: they lie in the order of values by their types.

use mastic_core::{AccountId, Fault};
use mastic_hive::ValueOrder;
use mastic_store::{StoreError, WriteTx};

use crate::keys::{PARTITIONS, Shelf};
use crate::records::TableRecord;

/// More partitions than this stay as they lie, for the sake of writers that wait: expressions on a key whose
/// type is not that of its order read partition by partition.
const MOST: usize = 10_000;

/// Brings the partitions of a table into the order of its keys' types, as they are now.
pub(crate) fn adapt(tx: &mut WriteTx<'_>, account: &AccountId, table: &mut TableRecord) -> Result<(), Fault> {
    let types = table.key_types();
    let same = |(old, new): (&String, &String)| ValueOrder::of(old) == ValueOrder::of(new);
    if types.len() == table.order.len() && table.order.iter().zip(&types).all(same) {
        return Ok(());
    }
    let from = Shelf::of(account, table);
    let rows: Vec<_> = PARTITIONS.scan(tx, from.all()).take(MOST + 1).collect::<Result<_, StoreError>>()?;
    if rows.len() > MOST {
        return Ok(());
    }
    table.order = types;
    let to = Shelf::of(account, table);
    for (key, _) in &rows {
        PARTITIONS.delete(tx, key)?;
    }
    for ((_, _, sorted), record) in rows {
        PARTITIONS.put(tx, &to.key(&from.values(sorted)), &record)?;
    }
    Ok(())
}
