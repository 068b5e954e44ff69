//! Pages of lists that are made anew for each call.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mastic_core::Fault;

use crate::faults::validation;

/// How many rows a page has unless asked otherwise, and at most.
const ROWS: usize = 100;

/// One page of the rows and the token of the next. A token names the row that the last page ended with.
pub(crate) fn page<T>(
    rows: Vec<T>,
    id: impl Fn(&T) -> String,
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
    let start = match token.filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let bad = || validation("The specified nextToken is not valid.");
            let last = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let last = last.ok_or_else(bad)?;
            rows.iter().position(|row| id(row) == last).ok_or_else(bad)? + 1
        }
    };
    let more = rows.len() > start + size;
    let page: Vec<T> = rows.into_iter().skip(start).take(size).collect();
    let next = page.last().filter(|_| more).map(|row| URL_SAFE_NO_PAD.encode(id(row)));
    Ok((page, next))
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_follow_one_another() {
        let rows = || vec![1, 2, 3, 4, 5];
        let (first, token) = page(rows(), |n| n.to_string(), Some(2), None).unwrap();
        assert_eq!(first, [1, 2]);
        let (second, token) = page(rows(), |n| n.to_string(), Some(3), token.as_deref()).unwrap();
        assert_eq!((second, token), (vec![3, 4, 5], None));
        for bad in ["%", "eHg"] {
            assert_eq!(
                page(rows(), |n| n.to_string(), None, Some(bad)).unwrap_err().code(),
                "ValidationException"
            );
        }
        assert!(page(rows(), |n| n.to_string(), Some(0), None).is_err());
    }
}
