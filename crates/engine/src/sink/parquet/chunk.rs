//! One column of a row group, on its way into its file.

use std::cell::RefCell;

use ::parquet::basic::{Compression as Codec, Encoding, PageType};
use ::parquet::column::page::{CompressedPage, Page, PageWriter};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use ::parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use ::parquet::schema::types::ColumnDescPtr;
use bytes::Bytes;
use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::DataType;

use super::hybrid;
use super::values::{Values, values};

/// Rows after which a page is closed.
const PAGE_ROWS: usize = 20_000;
/// Bytes after which a page is closed.
const PAGE_BYTES: usize = 256 << 10;
/// Rows that are looked at before the page is.
const STEP: usize = 4096;
/// About what a page's header takes.
const HEADER: usize = 64;

/// Encodes a column whose values lie flat, without the detours of Arrow's own writer: what a dictionary holds is compared
/// and told of once, not for each row.
pub(super) struct Chunk {
    column: ColumnDescPtr,
    is_packed: bool,
    values: Box<dyn Values>,
    /// Rows of the page so far.
    rows: usize,
    /// Which of them are there; nothing while all are.
    present: Vec<u32>,
    nulls: u64,
    total: usize,
    pages: Vec<CompressedPage>,
    size: usize,
}

impl Chunk {
    /// A column of type `of`; none for types and codecs that are left to Arrow's own writer.
    pub(super) fn new(column: ColumnDescPtr, of: &DataType, codec: Codec, dictionary: bool) -> Option<Self> {
        let is_flat = column.max_rep_level() == 0 && column.max_def_level() <= 1;
        let is_packed = match codec {
            Codec::SNAPPY => true,
            Codec::UNCOMPRESSED => false,
            _ => return None,
        };
        Some(Self {
            values: values(of, dictionary).filter(|_| is_flat)?,
            column,
            is_packed,
            rows: 0,
            present: Vec::new(),
            nulls: 0,
            total: 0,
            pages: Vec::new(),
            size: 0,
        })
    }

    /// Bytes of memory held, about.
    pub(super) fn memory(&self) -> usize {
        let pages = self.values.pages();
        self.size + pages.held() + pages.dictionary().map_or(0, |(bytes, _)| bytes.len())
    }

    /// Adds the values of an array.
    pub(super) fn write(&mut self, array: &dyn Array) -> Result<(), ParquetError> {
        for start in (0..array.len()).step_by(STEP) {
            let part = array.slice(start, STEP.min(array.len() - start));
            self.levels(part.as_ref());
            self.values.take(part.as_ref());
            if self.rows >= PAGE_ROWS || self.values.pages().held() >= PAGE_BYTES {
                self.page()?;
            }
        }
        Ok(())
    }

    fn levels(&mut self, part: &dyn Array) {
        let nulls = part.nulls().filter(|nulls| nulls.null_count() > 0);
        if nulls.is_some() || !self.present.is_empty() {
            self.present.resize(self.rows, 1);
            match nulls {
                Some(nulls) => self.present.extend(nulls.iter().map(u32::from)),
                None => self.present.resize(self.rows + part.len(), 1),
            }
        }
        self.nulls += part.null_count() as u64;
        self.rows += part.len();
        self.total += part.len();
    }

    fn page(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        let (values, present) = (&mut self.values, &mut self.present);
        let is_optional = self.column.max_def_level() > 0;
        let (buf, size, encoding) = SCRATCH.with_borrow_mut(|scratch| {
            let out = &mut scratch.page;
            out.clear();
            if is_optional {
                out.extend([0; 4]);
                if present.is_empty() {
                    hybrid::run(1, rows, 1, out);
                } else {
                    hybrid::encode(present, 1, out);
                }
                let length = (out.len() - 4) as u32;
                for (to, from) in out.iter_mut().zip(length.to_le_bytes()) {
                    *to = from;
                }
            }
            let encoding = values.pages_mut().page(out);
            let size = out.len();
            Ok::<_, ParquetError>((scratch.packed(self.is_packed)?, size, encoding))
        })?;
        present.clear();
        self.size += buf.len();
        let page = Page::DataPage {
            buf,
            num_values: rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.pages.push(CompressedPage::new(page, size));
        Ok(())
    }

    /// The column's bytes, and what the file tells of them.
    pub(super) fn close(mut self) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        if self.rows > 0 {
            self.page()?;
        }
        let dictionary = match self.values.pages().dictionary() {
            Some((bytes, count)) => Some(self.dictionary(bytes, count)?),
            None => None,
        };
        let first = dictionary.as_ref().map_or(0, |page| page.compressed_size() + HEADER);
        let room = self.size + first + self.pages.len() * HEADER;
        let mut out = TrackedWrite::new(Vec::with_capacity(room));
        let mut writer = SerializedPageWriter::new(&mut out);
        let (mut size, mut data, mut told) = (0, None, Vec::<PageEncodingStats>::new());
        let has_dictionary = dictionary.is_some();
        for page in dictionary.into_iter().chain(self.pages) {
            let (page_type, encoding) = (page.page_type(), page.encoding());
            match told.last_mut() {
                Some(last) if last.page_type == page_type && last.encoding == encoding => last.count += 1,
                _ => told.push(PageEncodingStats { page_type, encoding, count: 1 }),
            }
            let written = writer.write_page(page)?;
            size += written.uncompressed_size as i64;
            if page_type == PageType::DATA_PAGE {
                data.get_or_insert(written.offset as i64);
            }
        }
        writer.close()?;
        let bytes = Bytes::from(out.into_inner()?);
        let mut encodings = vec![Encoding::RLE];
        for page in &told {
            if !encodings.contains(&page.encoding) {
                encodings.push(page.encoding);
            }
        }
        let codec = if self.is_packed { Codec::SNAPPY } else { Codec::UNCOMPRESSED };
        let metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(codec)
            .set_encodings(encodings)
            .set_page_encoding_stats(told)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(size)
            .set_num_values(self.total as i64)
            .set_data_page_offset(data.unwrap_or_default())
            .set_dictionary_page_offset(has_dictionary.then_some(0))
            .set_statistics(self.values.statistics(self.nulls))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.total as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((bytes, close))
    }

    fn dictionary(&self, bytes: &[u8], count: usize) -> Result<CompressedPage, ParquetError> {
        let buf = SCRATCH.with_borrow_mut(|scratch| {
            scratch.page.clear();
            scratch.page.extend_from_slice(bytes);
            scratch.packed(self.is_packed)
        })?;
        let page = Page::DictionaryPage {
            buf,
            num_values: count as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        Ok(CompressedPage::new(page, bytes.len()))
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> =
        RefCell::new(Scratch { page: Vec::new(), packed: Vec::new(), snappy: snap::raw::Encoder::new() });
}

/// What pages are made in, one after the other.
struct Scratch {
    page: Vec<u8>,
    packed: Vec<u8>,
    snappy: snap::raw::Encoder,
}

impl Scratch {
    /// The page's bytes as they are stored.
    fn packed(&mut self, is_packed: bool) -> Result<Bytes, ParquetError> {
        if !is_packed {
            return Ok(Bytes::copy_from_slice(&self.page));
        }
        let most = snap::raw::max_compress_len(self.page.len());
        if self.packed.len() < most {
            self.packed.resize(most, 0);
        }
        let size = self
            .snappy
            .compress(&self.page, &mut self.packed)
            .map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(Bytes::copy_from_slice(self.packed.get(..size).unwrap_or_default()))
    }
}
