//! Pages of listings: `Marker`, `MaxItems`, `IsTruncated`.

use mastic_core::Fault;
use mastic_kernel::page;

use crate::faults::validation;

/// AWS's page size where the caller names none.
const USUAL: i32 = 100;

/// What a listing was asked for: after which item, and how many.
pub(crate) struct Page {
    after: Option<String>,
    most: usize,
}

/// One page of a listing.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    pub(crate) truncated: Option<bool>,
    pub(crate) marker: Option<String>,
}

impl Page {
    /// Reads the marker of the page before, which callers may have made up.
    pub(crate) fn new(marker: Option<&str>, max_items: Option<i32>) -> Result<Self, Fault> {
        let wrong = || validation(format!("Invalid Marker: {}", marker.unwrap_or_default()));
        let after = page::position(marker, wrong)?;
        Ok(Self { after, most: usize::try_from(max_items.unwrap_or(USUAL)).unwrap_or(1).max(1) })
    }

    /// The key of the last item of the page before.
    pub(crate) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Takes a page off items that come in the order of their keys, each with its key.
    pub(crate) fn take<T>(
        &self,
        rows: impl Iterator<Item = Result<(String, T), Fault>>,
    ) -> Result<Listed<T>, Fault> {
        let (items, marker) = page::behind(rows, self.after.as_ref(), self.most)?;
        Ok(Listed { items, truncated: Some(marker.is_some()), marker })
    }

    /// As [`Page::take`] for items in an order of their own, which their places keep.
    pub(crate) fn take_in_order<T>(&self, items: impl IntoIterator<Item = T>) -> Result<Listed<T>, Fault> {
        self.take(items.into_iter().enumerate().map(|(place, item)| Ok((format!("{place:08}"), item))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let rows = || ["a", "b", "c"].into_iter().map(|k| Ok((k.to_owned(), k)));
        let first = Page::new(None, Some(2)).unwrap().take(rows()).unwrap();
        assert_eq!((first.items, first.truncated), (vec!["a", "b"], Some(true)));
        let rest = Page::new(first.marker.as_deref(), Some(2)).unwrap().take(rows()).unwrap();
        assert_eq!((rest.items, rest.truncated, rest.marker), (vec!["c"], Some(false), None));
        assert_eq!(Page::new(Some("%"), None).err().unwrap().code(), "ValidationError");
    }
}
