use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;

use crate::answer::{AnswerBody, BodyError};

/// A request's body that tells whether it was read to its end.
pub(crate) struct Incoming {
    inner: AnswerBody,
    read: Arc<AtomicBool>,
}

/// Whether a body was read to its end.
#[derive(Clone)]
pub(crate) struct Read(Arc<AtomicBool>);

impl Read {
    pub(crate) fn to_the_end(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Incoming {
    pub(crate) fn new<B>(body: B) -> (Self, Read)
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let read = Arc::new(AtomicBool::new(body.is_end_stream()));
        (Self { inner: body.map_err(Into::into).boxed_unsync(), read: Arc::clone(&read) }, Read(read))
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) || self.inner.is_end_stream() {
            self.read.store(true, Ordering::Release);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
