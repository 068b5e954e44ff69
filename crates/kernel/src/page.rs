//! Pages of listings. A token tells the place where a page ended, not how many rows went before, so that a listing goes on
//! where it was even if rows came or went meanwhile. Callers may make tokens up: what they say is checked like any input.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mastic_core::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The token of a place.
///
/// # Errors
/// If the place does not encode.
pub fn token<P: Serialize>(place: &P) -> Result<String, Fault> {
    serde_json::to_vec(place).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).map_err(Fault::internal)
}

/// The place that a token tells; an empty token is none.
///
/// # Errors
/// `bad`, the service's own fault, for a token that tells no such place.
pub fn position<P: DeserializeOwned>(
    token: Option<&str>,
    bad: impl FnOnce() -> Fault,
) -> Result<Option<P>, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    let place = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    place.map(Some).ok_or_else(bad)
}

/// Takes a page of `size` rows; the token is that of the last one's place, if there are more.
///
/// # Errors
/// The first row that is one, or if the place does not encode.
pub fn take<R, P: Serialize>(
    mut rows: impl Iterator<Item = Result<R, Fault>>,
    size: usize,
    place: impl Fn(&R) -> P,
) -> Result<(Vec<R>, Option<String>), Fault> {
    let page = rows.by_ref().take(size).collect::<Result<Vec<R>, Fault>>()?;
    let more = rows.next().transpose()?.is_some();
    let next = if more { page.last().map(|row| token(&place(row))).transpose()? } else { None };
    Ok((page, next))
}

/// As [`take`], of rows in the order of their keys: those behind the key `after`.
///
/// # Errors
/// As [`take`].
pub fn behind<K: Ord + Clone + Serialize, T>(
    rows: impl Iterator<Item = Result<(K, T), Fault>>,
    after: Option<&K>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let seen =
        |row: &Result<(K, T), Fault>| matches!((row, after), (Ok((key, _)), Some(after)) if key <= after);
    let (page, next) = take(rows.filter(|row| !seen(row)), size, |(key, _)| key.clone())?;
    Ok((page.into_iter().map(|(_, row)| row).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_round_trip_and_others_are_refused() {
        let bad = || Fault::sender("Bad", "");
        let made = token(&["a", "b/é"]).unwrap();
        assert_eq!(position::<Vec<String>>(Some(&made), bad).unwrap(), Some(vec!["a".into(), "b/é".into()]));
        assert_eq!(position::<Vec<String>>(Some(""), bad).unwrap(), None);
        for made_up in ["%%", "AAAA", &token(&7).unwrap()] {
            assert_eq!(position::<Vec<String>>(Some(made_up), bad).unwrap_err().code(), "Bad");
        }
    }

    #[test]
    fn a_last_page_has_no_token() {
        let rows = |n: u8| (0..n).map(Ok);
        assert_eq!(take(rows(3), 3, |n| *n).unwrap(), (vec![0, 1, 2], None));
        assert!(take(rows(4), 3, |n| *n).unwrap().1.is_some());
    }

    #[test]
    fn a_listing_goes_on_though_the_row_where_it_was_is_gone() {
        let rows = |keys: &'static [u8]| keys.iter().map(|key| Ok((*key, char::from(*key))));
        let (first, next) = behind(rows(b"abcd"), None, 2).unwrap();
        assert_eq!(first, ['a', 'b']);
        let after = position::<u8>(next.as_deref(), || Fault::sender("Bad", "")).unwrap();
        assert_eq!(behind(rows(b"acd"), after.as_ref(), 2).unwrap(), (vec!['c', 'd'], None));
    }
}
