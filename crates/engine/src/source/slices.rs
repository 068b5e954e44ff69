//! Text files cut into pieces that hold whole records.

use std::ops::Range;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use memchr::{memchr, memrchr};
use object_store::ObjectStoreExt;

use super::SourceFile;
use crate::plan::{Codec, QUILLEMET};

/// Bytes of a file that one task takes up at a time.
const SLICE: u64 = 2 << 20;
/// Bytes read past a slice at first, to find the end of its last line.
const TAIL: u64 = 16 << 10;
/// Bytes of a streamed file that are decoded at a time.
const PIECE: usize = 2 << 20;

/// `«` in UTF-8.
const LEFT_QUILLEMET: [u8; 2] = [0xc2, 0xab];

/// How records are told apart in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A record is a line: the file can be cut anywhere.
    Lines,
    /// A record ends at a line end that is not within quotes.
    Quoted {
        /// The quote.
        quote: u8,
        /// What takes the next character as it is.
        escape: Option<u8>,
    },
    /// The decoder takes any piece.
    Any,
    /// The format cuts and reads the file itself.
    Own,
}

/// What one task reads at a time.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    /// Which file of the table.
    pub(crate) file: usize,
    /// Which bytes of it own their records; the whole file, streamed, if missing.
    pub(crate) range: Option<Range<u64>>,
}

/// Some bytes of a file.
pub(crate) struct Piece {
    /// The bytes, with parts of other records round them.
    pub(crate) bytes: Vec<u8>,
    /// Where the whole records are in them.
    pub(crate) range: Range<usize>,
    /// Whether the file begins with this piece.
    pub(crate) first: bool,
    /// Where in the file, taken out of its compression, `bytes` begin.
    pub(crate) offset: u64,
}

/// The pieces of a slice, or why they cannot be read.
pub(crate) type Pieces = BoxStream<'static, Result<Piece, String>>;

/// Cuts the file with the index `file` into slices.
pub(crate) fn slices(file: usize, source: &SourceFile, framing: Framing) -> Vec<Slice> {
    if framing != Framing::Lines || source.codec.is_some() {
        return vec![Slice { file, range: None }];
    }
    let size = source.meta.size;
    (0..size.div_ceil(SLICE))
        .map(|n| Slice { file, range: Some(n * SLICE..((n + 1) * SLICE).min(size)) })
        .collect()
}

/// Reads a slice. A slice of lines is fetched at once, before the answer is polled for more.
pub(crate) async fn read(slice: Slice, file: Arc<SourceFile>, framing: Framing) -> Pieces {
    match slice.range {
        _ if framing == Framing::Own => stream::empty().boxed(),
        Some(range) => match lines(&file, range).await {
            Ok(piece) => stream::iter(piece.map(Ok)).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        },
        None => match whole(&file, SLICE) {
            Ok(bytes) => framed(bytes, framing),
            Err(error) => stream::iter([Err(error)]).boxed(),
        },
    }
}

/// The first `count` records of a file, or all if there are fewer.
pub(crate) async fn head(file: &SourceFile, count: usize) -> Result<Vec<u8>, String> {
    let complete =
        |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).nth(count.saturating_sub(1)).map(|at| at + 1);
    let mut held = Vec::new();
    if file.codec.is_none() {
        let range = 0..TAIL.min(file.meta.size);
        let bytes =
            file.store.get_range(&file.meta.location, range).await.map_err(|error| error.to_string())?;
        held.extend_from_slice(&bytes);
    }
    if complete(&held).is_none() && (file.codec.is_some() || file.meta.size > TAIL) {
        held.clear();
        let mut bytes = whole(file, TAIL)?;
        while let Some(more) = bytes.try_next().await.map_err(|error| error.strip_backtrace())? {
            held.extend_from_slice(&more);
            if complete(&held).is_some() {
                break;
            }
        }
    }
    held.truncate(complete(&held).unwrap_or(held.len()));
    Ok(held)
}

async fn lines(file: &SourceFile, range: Range<u64>) -> Result<Option<Piece>, String> {
    let size = file.meta.size;
    // One byte before, so that a line that begins exactly at the slice's start is known to begin there.
    let base = range.start.saturating_sub(1);
    let mut end = (range.end + TAIL).min(size);
    let get = |range: Range<u64>| async move {
        let bytes = file.store.get_range(&file.meta.location, range).await;
        bytes.map(Vec::from).map_err(|error| error.to_string())
    };
    let mut bytes = get(base..end).await?;
    let start = if range.start == 0 {
        0
    } else {
        match memchr(b'\n', &bytes) {
            Some(at) if base + at as u64 + 1 < range.end => at + 1,
            _ => return Ok(None),
        }
    };
    let mut searched = usize::try_from(range.end - base).unwrap_or(usize::MAX).saturating_sub(1);
    loop {
        let found = bytes.get(searched..).and_then(|rest| memchr(b'\n', rest));
        if let Some(at) = found {
            let piece =
                Piece { bytes, range: start..searched + at + 1, first: range.start == 0, offset: base };
            return Ok(Some(piece));
        }
        if end == size {
            let range = start..bytes.len();
            return Ok(Some(Piece { bytes, range, first: base == 0 && start == 0, offset: base }));
        }
        searched = bytes.len();
        let next = (end + SLICE).min(size);
        bytes.extend(get(end..next).await?);
        end = next;
    }
}

pub(crate) type ByteStream = BoxStream<'static, Result<bytes::Bytes, DataFusionError>>;

/// All bytes of a file, fetched `block` at a time: one long answer might meet a client's time limit.
pub(crate) fn whole(file: &SourceFile, block: u64) -> Result<ByteStream, String> {
    let size = file.meta.size;
    let (store, path) = (Arc::clone(&file.store), file.meta.location.clone());
    let blocks = (0..size.div_ceil(block)).map(move |n| n * block..((n + 1) * block).min(size));
    let bytes = stream::iter(blocks)
        .map(move |range| {
            let (store, path) = (Arc::clone(&store), path.clone());
            async move { store.get_range(&path, range).await.map_err(DataFusionError::from) }
        })
        .buffered(2)
        .boxed();
    let codec = match file.codec {
        None => FileCompressionType::UNCOMPRESSED,
        Some(Codec::Gzip) => FileCompressionType::GZIP,
        Some(Codec::Bzip2) => FileCompressionType::BZIP2,
    };
    codec.convert_stream(bytes).map_err(|error| error.strip_backtrace())
}

/// All bytes of a file that has at most so many, taken out of its compression.
///
/// # Errors
/// It cannot be read, or has more.
pub(crate) async fn all(file: &SourceFile, most: usize) -> Result<Vec<u8>, String> {
    let blocks = whole(file, SLICE)?.map_err(|error| error.strip_backtrace());
    let all = blocks.try_fold(Vec::new(), |mut all: Vec<u8>, block| async move {
        all.extend_from_slice(&block);
        if all.len() > most {
            return Err(format!("it has more than {most} bytes and must be held in memory as a whole"));
        }
        Ok(all)
    });
    all.await
}

fn framed(bytes: ByteStream, framing: Framing) -> Pieces {
    let scan = QuoteScan::default();
    let state = Framer { bytes, framing, held: Vec::new(), scan, first: true, offset: 0, done: false };
    stream::try_unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Ok(piece.map(|piece| (piece, state)))
    })
    .boxed()
}

struct Framer {
    bytes: ByteStream,
    framing: Framing,
    held: Vec<u8>,
    scan: QuoteScan,
    first: bool,
    offset: u64,
    done: bool,
}

impl Framer {
    async fn next(&mut self) -> Result<Option<Piece>, String> {
        let mut wanted = PIECE;
        while !self.done {
            match self.bytes.try_next().await.map_err(|error| error.strip_backtrace())? {
                Some(more) => self.held.extend_from_slice(&more),
                None => self.done = true,
            }
            if self.held.len() < wanted {
                continue;
            }
            if let Some(end) = self.boundary() {
                return Ok(Some(self.cut(end)));
            }
            wanted = self.held.len() + PIECE;
        }
        let end = self.held.len();
        Ok((end > 0).then(|| self.cut(end)))
    }

    fn boundary(&mut self) -> Option<usize> {
        match self.framing {
            Framing::Any | Framing::Own => Some(self.held.len()),
            Framing::Lines => memrchr(b'\n', &self.held).map(|at| at + 1),
            Framing::Quoted { quote, escape } => self.scan.run(&self.held, quote, escape),
        }
    }

    fn cut(&mut self, end: usize) -> Piece {
        let rest = self.held.get(end..).unwrap_or_default().to_vec();
        let bytes = std::mem::replace(&mut self.held, rest);
        self.scan.shift(end);
        let first = std::mem::replace(&mut self.first, false);
        let offset = self.offset;
        self.offset += end as u64;
        Piece { bytes, range: 0..end, first, offset }
    }
}

/// Finds line ends outside quotes, going on where it stopped.
#[derive(Default)]
struct QuoteScan {
    at: usize,
    before: u8,
    quoted: bool,
    escaped: bool,
    end: Option<usize>,
}

impl QuoteScan {
    fn run(&mut self, bytes: &[u8], quote: u8, escape: Option<u8>) -> Option<usize> {
        for byte in bytes.get(self.at..).unwrap_or_default() {
            self.at += 1;
            let before = std::mem::replace(&mut self.before, *byte);
            if std::mem::take(&mut self.escaped) {
                continue;
            }
            if Some(*byte) == escape && escape != Some(quote) {
                self.escaped = true;
            } else if *byte == quote || (quote == QUILLEMET && [before, *byte] == LEFT_QUILLEMET) {
                self.quoted = !self.quoted;
            } else if *byte == b'\n' && !self.quoted {
                self.end = Some(self.at);
            }
        }
        self.end
    }

    fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
        self.end = None;
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;

    async fn file(text: &str) -> Arc<SourceFile> {
        let store = Arc::new(InMemory::new());
        let path = Path::from("f");
        store.put(&path, text.to_owned().into()).await.unwrap();
        let meta = store.head(&path).await.unwrap();
        Arc::new(SourceFile { store, bucket: "b".into(), meta, codec: None, partition: vec![] })
    }

    #[tokio::test]
    async fn every_line_belongs_to_one_slice() {
        let mut text = String::new();
        for n in 0..1000 {
            writeln!(text, "{}", "x".repeat(n % 17)).unwrap();
        }
        let file = file(&text).await;
        for width in [1, 7, 100, 5000] {
            let mut out = String::new();
            let mut start = 0;
            while start < file.meta.size {
                let end = (start + width).min(file.meta.size);
                if let Some(piece) = lines(&file, start..end).await.unwrap() {
                    assert_eq!(piece.first, start == 0);
                    out.push_str(std::str::from_utf8(&piece.bytes[piece.range]).unwrap());
                }
                start = end;
            }
            assert_eq!(out, text, "{width}");
        }
    }

    #[test]
    fn line_ends_in_quotes_do_not_count() {
        let mut scan = QuoteScan::default();
        assert_eq!(scan.run(b"a,\"x\ny\",b\n\"open\n", b'"', None), Some(10));
        scan.shift(10);
        assert_eq!(scan.run(b"\"open\nclosed\"\nrest", b'"', None), Some(14));
    }
}
