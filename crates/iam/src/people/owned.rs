//! Credentials of which a person has several, each with an id and a status.

use mastic_api_iam::iam::types::StatusType;
use mastic_core::{AccountId, Fault};
use mastic_store::{Keyspace, ReadTx, Record, StoreError};

use super::person::Person;
use crate::faults::validation;

/// Rows under account, [`Person::key`] and id.
pub(crate) type Owned<R> = Keyspace<(AccountId, String, String), R>;

/// All that the person has, in the order of their ids.
pub(crate) fn all<R: Record>(
    space: Owned<R>,
    tx: &ReadTx<'_>,
    account: &AccountId,
    person: &Person,
) -> Result<Vec<(String, R)>, StoreError> {
    let rows = space.scan_prefix(tx, (account, person.key.as_str()));
    rows.map(|row| row.map(|((_, _, id), record)| (id, record))).collect()
}

/// Whether the person has any.
pub(crate) fn any<R: Record>(
    space: Owned<R>,
    tx: &ReadTx<'_>,
    account: &AccountId,
    person: &Person,
) -> Result<bool, StoreError> {
    Ok(space.scan_prefix(tx, (account, person.key.as_str())).next().transpose()?.is_some())
}

/// The status of a request as what is stored of it.
pub(crate) fn read_status(status: Option<&StatusType>) -> Result<bool, Fault> {
    match status {
        Some(StatusType::Active) => Ok(true),
        Some(StatusType::Inactive) => Ok(false),
        _ => Err(validation("Status must be Active or Inactive.")),
    }
}

/// The status as answers carry it.
pub(crate) fn shown_status(active: bool) -> Option<StatusType> {
    Some(if active { StatusType::Active } else { StatusType::Inactive })
}
