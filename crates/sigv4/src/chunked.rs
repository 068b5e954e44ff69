use aws_lc_rs::digest;
use mastic_core::Timestamp;

use crate::text::squeeze;
use crate::{Scope, SigningKey, sha256};

/// Why a chunked body is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The framing is broken; the text says where.
    #[error("malformed chunked body: {0}")]
    Malformed(&'static str),
    /// A chunk's, or the trailers', signature is not the one calculated.
    #[error("a chunk's signature does not match")]
    Mismatch,
    /// The decoded length is another than `x-amz-decoded-content-length`.
    #[error("the decoded body is not as long as announced")]
    Length,
    /// The body ended before its last chunk.
    #[error("the chunked body is incomplete")]
    Incomplete,
}

impl ChunkError {
    /// The error as a caller of S3 sees it ("Error responses").
    #[must_use]
    pub fn fault(&self) -> mastic_core::Fault {
        use mastic_core::Fault;
        match self {
            Self::Mismatch => Fault::sender(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
            )
            .with_status(403),
            Self::Malformed(what) => Fault::sender(
                "InvalidRequest",
                format!("The aws-chunked body is malformed: {what}."),
            ),
            Self::Length | Self::Incomplete => Fault::sender(
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header",
            ),
        }
    }
}

/// Where a chain of chunk signatures starts: the request's own signature.
#[derive(Debug, Clone)]
pub struct ChunkSeed {
    pub(crate) key: SigningKey,
    pub(crate) timestamp: Timestamp,
    pub(crate) scope: Scope,
    pub(crate) signature: String,
    pub(crate) trailer: bool,
}

impl ChunkSeed {
    /// A seed from its parts, for a signing client; `trailer` says that signed trailers end the body.
    #[must_use]
    pub fn new(
        key: SigningKey,
        timestamp: Timestamp,
        scope: Scope,
        signature: String,
        trailer: bool,
    ) -> Self {
        Self { key, timestamp, scope, signature, trailer }
    }

    fn to_sign(&self, kind: &str, hashes: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256-{kind}\n{}\n{}\n{}\n{hashes}",
            self.timestamp.basic(),
            self.scope,
            self.signature
        )
    }

    /// Signs the next chunk, and moves the chain on.
    pub fn sign_chunk(&mut self, data: &[u8]) -> String {
        self.signature = self.key.sign(&self.to_sign("PAYLOAD", &chunk_hashes(&sha256(data))));
        self.signature.clone()
    }

    /// Signs the trailers (`name:value\n` each, sorted), and moves the chain on.
    pub fn sign_trailer(&mut self, canonical: &str) -> String {
        let text = self.to_sign("TRAILER", &hex::encode(sha256(canonical.as_bytes())));
        self.signature = self.key.sign(&text);
        self.signature.clone()
    }

    fn accept(&mut self, text: &str, signature: Option<String>) -> Result<(), ChunkError> {
        let signature = signature.ok_or(ChunkError::Malformed("a signature is missing"))?;
        if !self.key.matches(text, &signature) {
            return Err(ChunkError::Mismatch);
        }
        self.signature = signature;
        Ok(())
    }
}

fn chunk_hashes(data: &[u8]) -> String {
    format!("{}\n{}", hex::encode(sha256(b"")), hex::encode(data))
}

enum State {
    Header,
    Data { left: u64 },
    DataEnd,
    Trailer,
    Done,
}

/// Decodes an `aws-chunked` body piece by piece ("Signature calculations for the Authorization header:
/// Transferring payload in multiple chunks"; "... Including trailing headers").
///
/// It buffers one line at most. A chunk's bytes come out before its signature is checked at the
/// chunk's end, so nothing may be acted on before [`ChunkDecoder::finish`] says yes.
pub struct ChunkDecoder {
    seed: Option<ChunkSeed>,
    announced: Option<u64>,
    decoded: u64,
    state: State,
    line: Vec<u8>,
    hash: digest::Context,
    signature: Option<String>,
    trailers: Vec<(String, String)>,
    trailer_signed: bool,
    trailer_bytes: usize,
}

const LONGEST_LINE: usize = 4096;
const MOST_TRAILER_BYTES: usize = 16 * 1024;

impl ChunkDecoder {
    /// A decoder; `seed` for signed chunks, `announced` is `x-amz-decoded-content-length` in bytes.
    #[must_use]
    pub fn new(seed: Option<ChunkSeed>, announced: Option<u64>) -> Self {
        Self {
            seed,
            announced,
            decoded: 0,
            state: State::Header,
            line: Vec::new(),
            hash: digest::Context::new(&digest::SHA256),
            signature: None,
            trailers: Vec::new(),
            trailer_signed: false,
            trailer_bytes: 0,
        }
    }

    /// Takes the next piece of the body and appends what it decodes to `out`.
    ///
    /// # Errors
    /// Broken framing, a wrong signature, or more data than announced; the decoder is of no use after.
    pub fn push(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        while !input.is_empty() {
            match self.state {
                State::Data { left } => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let (data, rest) = input.split_at_checked(take).unwrap_or((input, &[]));
                    if self.seed.is_some() {
                        self.hash.update(data);
                    }
                    out.extend_from_slice(data);
                    input = rest;
                    let left = left - data.len() as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data { left } };
                }
                State::Done => return Err(ChunkError::Malformed("bytes follow the end")),
                _ => {
                    input = self.take_line(input)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the body; gives the trailers (lower-case name, value) in the order they came.
    ///
    /// # Errors
    /// A body that is not complete, or shorter than announced.
    pub fn finish(self) -> Result<Vec<(String, String)>, ChunkError> {
        // Some clients leave out the last empty line where no trailer follows.
        let ended = match self.state {
            State::Done => true,
            State::Trailer => {
                self.line.is_empty() && self.trailers.is_empty() && !self.needs_trailer_signature()
            }
            _ => false,
        };
        if !ended {
            return Err(ChunkError::Incomplete);
        }
        if self.announced.is_some_and(|length| length != self.decoded) {
            return Err(ChunkError::Length);
        }
        Ok(self.trailers)
    }

    fn take_line<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ChunkError> {
        let end = input.iter().position(|b| *b == b'\n');
        let (part, rest) = input.split_at_checked(end.map_or(input.len(), |n| n + 1)).unwrap_or((input, &[]));
        if self.line.len() + part.len() > LONGEST_LINE {
            return Err(ChunkError::Malformed("a line is too long"));
        }
        self.line.extend_from_slice(part);
        if end.is_some() {
            let line = std::mem::take(&mut self.line);
            let text = std::str::from_utf8(&line).map_err(|_| ChunkError::Malformed("a line is not text"))?;
            let text = text.trim_end_matches('\n');
            self.line_done(text.strip_suffix('\r').unwrap_or(text))?;
        }
        Ok(rest)
    }

    fn line_done(&mut self, line: &str) -> Result<(), ChunkError> {
        match self.state {
            State::Header => self.header(line),
            State::DataEnd if line.is_empty() => {
                self.chunk_done()?;
                self.state = State::Header;
                Ok(())
            }
            State::DataEnd => Err(ChunkError::Malformed("a chunk is longer than its size")),
            State::Trailer if line.is_empty() => self.trailers_done(),
            State::Trailer => self.trailer(line),
            State::Data { .. } | State::Done => Err(ChunkError::Malformed("bytes follow the end")),
        }
    }

    fn header(&mut self, line: &str) -> Result<(), ChunkError> {
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let size = size.trim();
        if size.is_empty() || size.len() > 16 || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ChunkError::Malformed("a chunk's size is not a hexadecimal number"));
        }
        let size = u64::from_str_radix(size, 16)
            .map_err(|_| ChunkError::Malformed("a chunk's size is too large"))?;
        self.signature = extension
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == "chunk-signature")
            .map(|(_, value)| value.to_owned());
        self.decoded = self.decoded.checked_add(size).ok_or(ChunkError::Length)?;
        if self.announced.is_some_and(|length| self.decoded > length) {
            return Err(ChunkError::Length);
        }
        if size == 0 {
            self.chunk_done()?;
            self.state = State::Trailer;
        } else {
            self.state = State::Data { left: size };
        }
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<(), ChunkError> {
        let hash = std::mem::replace(&mut self.hash, digest::Context::new(&digest::SHA256)).finish();
        let signature = self.signature.take();
        match &mut self.seed {
            Some(seed) => {
                let text = seed.to_sign("PAYLOAD", &chunk_hashes(hash.as_ref()));
                seed.accept(&text, signature)
            }
            None => Ok(()),
        }
    }

    fn trailer(&mut self, line: &str) -> Result<(), ChunkError> {
        self.trailer_bytes += line.len();
        if self.trailer_bytes > MOST_TRAILER_BYTES {
            return Err(ChunkError::Malformed("the trailers are too long"));
        }
        let (name, value) = line.split_once(':').ok_or(ChunkError::Malformed("a trailer has no colon"))?;
        let name = name.trim().to_ascii_lowercase();
        if self.trailer_signed {
            return Err(ChunkError::Malformed("a trailer follows the trailers' signature"));
        }
        if name != "x-amz-trailer-signature" {
            self.trailers.push((name, squeeze(value).into_owned()));
            return Ok(());
        }
        self.trailer_signed = true;
        let mut sorted: Vec<String> = self.trailers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
        sorted.sort_unstable();
        match &mut self.seed {
            Some(seed) => {
                let text = seed.to_sign("TRAILER", &hex::encode(sha256(sorted.concat().as_bytes())));
                seed.accept(&text, Some(value.trim().to_owned()))
            }
            None => Ok(()),
        }
    }

    fn trailers_done(&mut self) -> Result<(), ChunkError> {
        if self.trailer_signed || !self.needs_trailer_signature() {
            self.state = State::Done;
            Ok(())
        } else {
            Err(ChunkError::Malformed("the trailers are not signed"))
        }
    }

    fn needs_trailer_signature(&self) -> bool {
        self.seed.as_ref().is_some_and(|seed| seed.trailer || !self.trailers.is_empty())
    }
}
