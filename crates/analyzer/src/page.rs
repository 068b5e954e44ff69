//! Pages of lists that are made anew for each call.

use mastic_core::Fault;
use mastic_kernel::page;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::faults::validation;

/// How many rows a page has unless asked otherwise.
const ROWS: usize = 100;

/// One page of rows in the order of their keys, and the token of the next.
pub(crate) fn page<K: Ord + Clone + Serialize + DeserializeOwned, T>(
    rows: impl IntoIterator<Item = (K, T)>,
    max_results: Option<i32>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let size = match max_results {
        None => ROWS,
        Some(wanted) => usize::try_from(wanted)
            .ok()
            .filter(|size| (1..=1000).contains(size))
            .ok_or_else(|| validation("maxResults must be between 1 and 1000."))?,
    };
    let after = page::position(token, || validation("The specified nextToken is not valid."))?;
    page::behind(rows.into_iter().map(Ok), after.as_ref(), size)
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_follow_one_another() {
        let rows = || (1..=5).map(|n| (n, n));
        let (first, token) = page(rows(), Some(2), None).unwrap();
        assert_eq!(first, [1, 2]);
        let (second, token) = page(rows(), Some(3), token.as_deref()).unwrap();
        assert_eq!((second, token), (vec![3, 4, 5], None));
        for bad in ["%", "eHg"] {
            assert_eq!(page(rows(), None, Some(bad)).unwrap_err().code(), "ValidationException");
        }
        assert!(page(rows(), Some(0), None).is_err());
    }
}
