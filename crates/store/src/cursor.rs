use crate::StoreError;
use crate::engine::{Order, Row, Snapshot, Span};
use crate::overlay::Entry;

const FIRST_PAGE: usize = 16;
/// Behind a skip: who skips once mostly skips again.
const PAGE_AFTER_SKIP: usize = 2;
const LARGEST_PAGE: usize = 256;

/// Walks a span page by page. The first page is small, so that a scan that ends early costs little.
pub(crate) struct Cursor<'t> {
    rows: &'t dyn Snapshot,
    span: Span,
    order: Order,
    page: std::vec::IntoIter<Row>,
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
        let page = self.rows.page(&self.span, self.order, self.size)?;
        self.last_page = page.len() < self.size;
        if let Some((key, _)) = page.last() {
            self.span = std::mem::take(&mut self.span).beyond(key, self.order);
        }
        self.page = page.into_iter();
        self.size = LARGEST_PAGE.min(self.size * 4);
        Ok(())
    }

    /// Goes forward to the first key that is `key` or greater; for walks from the least key on.
    fn skip_to(&mut self, key: &[u8]) {
        let head = self.head;
        let passed = |row: &Row| row.0.get(head..).is_some_and(|found| found < key);
        let passed = self.page.as_slice().iter().take_while(|row| passed(row)).count();
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
        Ok(self.page.as_slice().first().and_then(|(key, _)| key.get(self.head..)))
    }

    pub(crate) fn next(&mut self) -> Result<Option<Row>, StoreError> {
        self.fill()?;
        Ok(self.page.next().map(|(mut key, value)| {
            key.drain(..self.head.min(key.len()));
            (key, value)
        }))
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
        let Some(staged) = &mut self.staged else {
            return self.base.next();
        };
        loop {
            let Some(over) = staged.peek()? else {
                return self.base.next();
            };
            if let Some(under) = self.base.peek()? {
                let earlier = match self.order {
                    Order::Ascending => under < over,
                    Order::Descending => under > over,
                };
                if earlier {
                    return self.base.next();
                }
                if under == over {
                    self.base.next()?;
                }
            }
            if let Some((key, bytes)) = staged.next()?
                && let Some(value) = Entry::parse(&bytes)?.value
            {
                return Ok(Some((key, value.to_vec())));
            }
        }
    }
}
