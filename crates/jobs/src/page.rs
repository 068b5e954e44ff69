//! Page tokens: the last key of a page, in hexadecimal.

use mastic_core::Fault;
use mastic_store::{Key, Keyspace, Range, Record, Scan, StoreError};

/// Takes up to `limit` rows and the token of the next page. A token is only given where a row follows.
pub(crate) fn take<K: Key + Clone, V: Record, T>(
    keyspace: &Keyspace<K, V>,
    rows: Scan<'_, K, V>,
    limit: usize,
    mut keep: impl FnMut(&K, V) -> Result<Option<T>, Fault>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let mut page = Vec::new();
    let mut last: Option<K> = None;
    for row in rows {
        let (key, value) = row.map_err(|e: StoreError| Fault::from(e))?;
        let Some(item) = keep(&key, value)? else { continue };
        if page.len() == limit {
            let token = last.map(|key| hex::encode(keyspace.encode(&key)));
            return Ok((page, token));
        }
        page.push(item);
        last = Some(key);
    }
    Ok((page, None))
}

fn bytes(token: &str) -> Result<Vec<u8>, Fault> {
    hex::decode(token).map_err(|_| Fault::sender("InvalidInputException", "The NextToken is not valid."))
}

/// Goes on behind the key of a token.
pub(crate) fn after<K>(range: Range<K>, token: Option<&str>) -> Result<Range<K>, Fault> {
    match token {
        Some(token) => Ok(range.after_encoded(&bytes(token)?)),
        None => Ok(range),
    }
}

/// Goes on before the key of a token, in a scan from the greatest key back.
pub(crate) fn before<K: Key>(range: Range<K>, token: Option<&str>) -> Result<Range<K>, Fault> {
    match token {
        Some(token) => Ok(range.before_encoded(&bytes(token)?)),
        None => Ok(range),
    }
}

/// The length of a page: what was asked for, within `most`.
pub(crate) fn limit(asked: Option<i32>, most: usize) -> usize {
    asked.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).map_or(most, |n| n.min(most))
}
