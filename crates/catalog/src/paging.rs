//! Page tokens and page sizes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::ReadTx;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::errors;

/// How many databases, tables or versions a page has unless asked otherwise; the most AWS gives.
pub(crate) const NAMES_A_PAGE: usize = 100;

/// How many partitions or found tables a page has unless asked otherwise; the most AWS gives.
pub(crate) const ROWS_A_PAGE: usize = 1000;

/// The size of a page: as asked, or the default.
pub(crate) fn size(max_results: Option<i32>, default: usize) -> usize {
    max_results.and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(default)
}

/// A token that tells where the last page ended.
pub(crate) fn token<T: Serialize>(position: &T) -> Result<String, Fault> {
    serde_json::to_vec(position).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).map_err(Fault::internal)
}

/// Where the last page ended; an empty token is none, as Hive's client sends it.
pub(crate) fn position<T: DeserializeOwned>(token: Option<&str>) -> Result<Option<T>, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| errors::bad_token())?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| errors::bad_token())
}

/// Takes one page off an iterator; the token is that of the last row, if there are more.
pub(crate) fn take<R, P: Serialize>(
    mut rows: impl Iterator<Item = Result<R, Fault>>,
    size: usize,
    position_of: impl Fn(&R) -> P,
) -> Result<(Vec<R>, Option<String>), Fault> {
    let page = rows.by_ref().take(size).collect::<Result<Vec<R>, Fault>>()?;
    let more = rows.next().transpose()?.is_some();
    let next = if more { page.last().map(|row| token(&position_of(row))).transpose()? } else { None };
    Ok((page, next))
}

/// Reads on a thread of its own what may take longer than a moment.
pub(crate) async fn aside<R: Send + 'static>(
    ctx: Ctx,
    work: impl FnOnce(&ReadTx<'_>) -> Result<R, Fault> + Send + 'static,
) -> Result<R, Fault> {
    tokio::task::spawn_blocking(move || ctx.read(work)).await.map_err(Fault::internal)?
}

#[cfg(test)]
mod tests {
    use super::{position, take, token};

    #[test]
    fn tokens_round_trip_and_others_are_refused() {
        let made = token(&["a", "b/é"]).unwrap();
        assert_eq!(position::<Vec<String>>(Some(&made)).unwrap(), Some(vec!["a".into(), "b/é".into()]));
        assert_eq!(position::<Vec<String>>(Some("")).unwrap(), None);
        for bad in ["%%", "AAAA", &token(&7).unwrap()] {
            assert_eq!(position::<Vec<String>>(Some(bad)).unwrap_err().code(), "InvalidInputException");
        }
    }

    #[test]
    fn a_last_page_has_no_token() {
        let rows = |n: u8| (0..n).map(Ok);
        assert_eq!(take(rows(3), 3, |n| *n).unwrap(), (vec![0, 1, 2], None));
        assert!(take(rows(4), 3, |n| *n).unwrap().1.is_some());
    }
}
