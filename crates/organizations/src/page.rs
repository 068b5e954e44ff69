//! Pages of listings: `NextToken`, `MaxResults`.

use mastic_core::Fault;
use mastic_kernel::page;

use crate::faults::invalid;

/// The longest page, which is also the usual one.
const MOST: usize = 20;

/// Takes a page off items in the order of their keys; a token is the last key of the page before, which callers may
/// have made up.
pub(crate) fn take<T>(
    items: impl IntoIterator<Item = (String, T)>,
    token: Option<&str>,
    most: Option<i32>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let wrong = || invalid("INVALID_NEXT_TOKEN", "You provided an invalid NextToken value.");
    let after = page::position(token, wrong)?;
    let most = most.and_then(|most| usize::try_from(most).ok()).map_or(MOST, |most| most.clamp(1, MOST));
    page::behind(items.into_iter().map(Ok), after.as_ref(), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let rows = || ["a", "b", "c"].map(|key| (key.to_owned(), key));
        let (first, token) = take(rows(), None, Some(2)).unwrap();
        assert_eq!((first, token.is_some()), (vec!["a", "b"], true));
        assert_eq!(take(rows(), token.as_deref(), Some(2)).unwrap(), (vec!["c"], None));
        assert_eq!(take(rows(), None, Some(3)).unwrap().1, None);
        let fault = take(rows(), Some("x"), None).unwrap_err();
        assert_eq!(fault.members().collect::<Vec<_>>(), [("Reason", "INVALID_NEXT_TOKEN")]);
    }
}
