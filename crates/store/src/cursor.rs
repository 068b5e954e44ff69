use crate::StoreError;
use crate::engine::{KeyAt, Order, Row, Snapshot, Span};
use crate::overlay::Entry;

const FIRST_PAGE: usize = 16;
/// Behind a skip pages are smaller than any other, and of keys alone: who skips once mostly skips again, past rows whose
/// values nobody wants.
const PAGE_AFTER_SKIP: usize = 2;
const LARGEST_PAGE: usize = 256;

/// A row whose value may not have been read yet.
pub(crate) struct Found<'t> {
    rows: &'t dyn Snapshot,
    at: KeyAt,
    head: usize,
    value: Option<Vec<u8>>,
}

impl Found<'_> {
    /// The key without the head of the walk.
    pub(crate) fn key(&self) -> &[u8] {
        self.at.0.get(self.head..).unwrap_or_default()
    }

    /// The row, its key without the head of the walk.
    pub(crate) fn row(self) -> Result<Row, StoreError> {
        let value = match self.value {
            Some(value) => value,
            None => {
                self.rows.value(&self.at)?.ok_or_else(|| StoreError::Corrupt("a key has no row".into()))?
            }
        };
        let (mut key, _) = self.at;
        key.drain(..self.head.min(key.len()));
        Ok((key, value))
    }
}

/// Walks a span page by page. The first page is small, so that a scan that ends early costs little.
pub(crate) struct Cursor<'t> {
    rows: &'t dyn Snapshot,
    span: Span,
    order: Order,
    page: std::vec::IntoIter<(KeyAt, Option<Vec<u8>>)>,
    size: usize,
    last_page: bool,
    head: usize,
}

impl<'t> Cursor<'t> {
    /// Walks the part `span` of what lies under `head`; its keys come without the head.
    pub(crate) fn new(rows: &'t dyn Snapshot, head: &[u8], span: &Span, order: Order) -> Self {
        let mut full = Span::prefix(head.to_vec());
        full.start.extend_from_slice(&span.start);
        if let Some(end) = &span.end {
            full.end = Some(crate::layout::join(head, end));
        }
        Self {
            last_page: full.is_empty(),
            rows,
            span: full,
            order,
            page: Vec::new().into_iter(),
            size: FIRST_PAGE,
            head: head.len(),
        }
    }

    fn fill(&mut self) -> Result<(), StoreError> {
        if self.page.len() > 0 || self.last_page {
            return Ok(());
        }
        let page: Vec<_> = if self.size < FIRST_PAGE {
            let keys = self.rows.keys(&self.span, self.size)?;
            keys.into_iter().map(|at| (at, None)).collect()
        } else {
            let rows = self.rows.page(&self.span, self.order, self.size)?;
            rows.into_iter().map(|(key, value)| ((key, 0), Some(value))).collect()
        };
        self.last_page = page.len() < self.size;
        if let Some(((key, _), _)) = page.last() {
            self.span = std::mem::take(&mut self.span).beyond(key, self.order);
        }
        self.page = page.into_iter();
        // A walk that has begun to skip mostly goes on so.
        let growth = if self.size < FIRST_PAGE { 2 } else { 4 };
        self.size = LARGEST_PAGE.min(self.size * growth);
        Ok(())
    }

    /// Goes forward to the first key that is `key` or greater; for walks from the least key on.
    fn skip_to(&mut self, key: &[u8]) {
        let head = self.head;
        let passed = |found: &[u8]| found.get(head..).is_some_and(|found| found < key);
        let passed = self.page.as_slice().iter().take_while(|((found, _), _)| passed(found)).count();
        for _ in 0..passed {
            self.page.next();
        }
        if self.page.len() == 0 && !self.last_page {
            let start = crate::layout::join(self.span.start.get(..head).unwrap_or_default(), key);
            if start > self.span.start {
                self.span.start = start;
                self.last_page = self.span.is_empty();
                self.size = PAGE_AFTER_SKIP;
            }
        }
    }

    fn peek(&mut self) -> Result<Option<&[u8]>, StoreError> {
        self.fill()?;
        Ok(self.page.as_slice().first().and_then(|((key, _), _)| key.get(self.head..)))
    }

    fn find(&mut self) -> Result<Option<Found<'t>>, StoreError> {
        self.fill()?;
        let (rows, head) = (self.rows, self.head);
        Ok(self.page.next().map(|(at, value)| Found { rows, at, head, value }))
    }

    pub(crate) fn next(&mut self) -> Result<Option<Row>, StoreError> {
        self.find()?.map(Found::row).transpose()
    }
}

/// The rows of a keyspace as a transaction sees them: its true ones, or a run's staged ones over them.
pub(crate) struct Walk<'t> {
    base: Cursor<'t>,
    staged: Option<Cursor<'t>>,
    order: Order,
}

impl<'t> Walk<'t> {
    pub(crate) fn new(base: Cursor<'t>, staged: Option<Cursor<'t>>, order: Order) -> Self {
        Self { base, staged, order }
    }

    /// As [`Cursor::skip_to`].
    pub(crate) fn skip_to(&mut self, key: &[u8]) {
        self.base.skip_to(key);
        if let Some(staged) = &mut self.staged {
            staged.skip_to(key);
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Row>, StoreError> {
        self.find()?.map(Found::row).transpose()
    }

    /// The next row, its value not necessarily read.
    pub(crate) fn find(&mut self) -> Result<Option<Found<'t>>, StoreError> {
        let Some(staged) = &mut self.staged else {
            return self.base.find();
        };
        loop {
            let Some(over) = staged.peek()? else {
                return self.base.find();
            };
            if let Some(under) = self.base.peek()? {
                let earlier = match self.order {
                    Order::Ascending => under < over,
                    Order::Descending => under > over,
                };
                if earlier {
                    return self.base.find();
                }
                if under == over {
                    self.base.find()?;
                }
            }
            if let Some((key, bytes)) = staged.next()?
                && let Some(value) = Entry::parse(&bytes)?.value
            {
                let value = Some(value.to_vec());
                return Ok(Some(Found { rows: staged.rows, at: (key, 0), head: 0, value }));
            }
        }
    }
}
