//! Taking in a body: digests, limits, and where the bytes go.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use mastic_core::{Fault, Timestamp};
use mastic_kernel::Kernel;
use tokio::task::JoinHandle;

use crate::blobs::{BlobWriter, Blobs, PendingBlob};
use crate::checksum::{Digests, Expected, Hasher};
use crate::fault;

/// How much is gathered before it is hashed and written off the runtime.
const BATCH: usize = 512 * 1024;

/// What comes after a body: the values of its trailing headers, by lower-case name.
pub type Trailer = Box<dyn FnOnce(&str) -> Option<String> + Send>;

/// A body as a door hands it over.
pub struct Body {
    /// The bytes; an error ends them.
    pub bytes: BoxStream<'static, Result<Bytes, Fault>>,
    /// Asked once the bytes are through.
    pub trailer: Option<Trailer>,
    /// How many bytes there should be, if the client said.
    pub length: Option<u64>,
}

impl Body {
    /// A body that is there whole.
    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = Some(bytes.len() as u64);
        Self { bytes: futures::stream::iter([Ok(bytes)]).boxed(), trailer: None, length }
    }
}

/// Where a body has gone.
pub(crate) enum Landed {
    Inline(Bytes),
    Blob(PendingBlob),
}

/// A body taken in and found to be what its sender said.
pub(crate) struct Taken {
    pub(crate) size: u64,
    pub(crate) digests: Digests,
    pub(crate) landed: Landed,
}

/// Takes bodies in.
#[derive(Clone)]
pub(crate) struct Intake {
    pub(crate) blobs: Blobs,
    pub(crate) kernel: Kernel,
    pub(crate) most: u64,
}

/// What becomes of the bytes.
struct Sink {
    hasher: Hasher,
    writer: Option<BlobWriter>,
}

/// A sink that works on a batch off the runtime's threads while the next is received.
enum Work {
    Idle(Box<Sink>),
    Busy(JoinHandle<Result<Box<Sink>, Fault>>),
}

impl Work {
    async fn finish(self) -> Result<Box<Sink>, Fault> {
        match self {
            Self::Idle(sink) => Ok(sink),
            Self::Busy(job) => job.await.map_err(Fault::internal)?,
        }
    }
}

impl Intake {
    /// Reads a body to its end with bounded memory. Up to `inline` bytes are not made a blob.
    ///
    /// # Errors
    /// A body too long or too short, a digest that does not match, a disk that fails.
    pub(crate) async fn take(
        &self,
        mut body: Body,
        expected: &Expected,
        now: Timestamp,
        inline: Option<usize>,
    ) -> Result<Taken, Fault> {
        expected.check_form()?;
        if body.length.is_some_and(|length| length > self.most) {
            return Err(fault::entity_too_large());
        }
        let mut work = Work::Idle(Box::new(Sink { hasher: Hasher::of(expected), writer: None }));
        let mut batch = BytesMut::new();
        let mut size: u64 = 0;
        while let Some(bytes) = body.bytes.next().await {
            let bytes = bytes?;
            size += bytes.len() as u64;
            if size > self.most {
                return Err(fault::entity_too_large());
            }
            batch.extend_from_slice(&bytes);
            if batch.len() >= BATCH {
                let full = std::mem::replace(&mut batch, BytesMut::with_capacity(BATCH)).freeze();
                let (intake, sink) = (self.clone(), work.finish().await?);
                work = Work::Busy(tokio::task::spawn_blocking(move || intake.absorb(sink, &full, now)));
            }
        }
        if body.length.is_some_and(|length| length != size) {
            return Err(fault::incomplete_body());
        }
        let mut sink = work.finish().await?;
        let rest = batch.freeze();
        if sink.writer.is_none() && inline.is_some_and(|most| rest.len() <= most) {
            sink.hasher.update(&rest);
            let digests = sink.hasher.finish();
            check(expected, &digests, body.trailer)?;
            return Ok(Taken { size, digests, landed: Landed::Inline(rest) });
        }
        let intake = self.clone();
        let absorbed = tokio::task::spawn_blocking(move || intake.absorb(sink, &rest, now));
        let Sink { hasher, writer } = *absorbed.await.map_err(Fault::internal)??;
        let digests = hasher.finish();
        check(expected, &digests, body.trailer)?;
        let writer = writer.ok_or_else(|| Fault::internal("a blob without a writer"))?;
        let finished = tokio::task::spawn_blocking(move || writer.finish());
        let pending = finished.await.map_err(Fault::internal)?.map_err(Fault::internal)?;
        Ok(Taken { size, digests, landed: Landed::Blob(pending) })
    }

    fn absorb(&self, mut sink: Box<Sink>, bytes: &[u8], now: Timestamp) -> Result<Box<Sink>, Fault> {
        sink.hasher.update(bytes);
        let writer = match &mut sink.writer {
            Some(writer) => writer,
            none => none.insert(self.blobs.create(now, self.kernel.entropy()).map_err(Fault::internal)?),
        };
        writer.write(bytes).map_err(Fault::internal)?;
        Ok(sink)
    }
}

fn check(expected: &Expected, digests: &Digests, trailer: Option<Trailer>) -> Result<(), Fault> {
    let value = match (expected.trailer, trailer) {
        (Some(algorithm), Some(trailer)) => trailer(algorithm.header()),
        _ => None,
    };
    expected.check(digests, value.as_deref())
}

/// The bytes of an object, or of a range of it.
pub(crate) fn stream(blobs: &Blobs, content: Content) -> BoxStream<'static, std::io::Result<Bytes>> {
    match content {
        Content::Inline(bytes) if bytes.is_empty() => futures::stream::empty().boxed(),
        Content::Inline(bytes) => futures::stream::iter([Ok(bytes)]).boxed(),
        Content::Blobs(stretches) => blobs.read(stretches).boxed(),
    }
}

/// Where to read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Inline(Bytes),
    Blobs(Vec<crate::blobs::Stretch>),
}
