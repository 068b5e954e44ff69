use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use mastic_core::Fault;

/// A boxed error of a body on its way out.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub type AnswerBody = UnsyncBoxBody<Bytes, BodyError>;

/// An answer on its way out.
pub type Answer = http::Response<AnswerBody>;

/// A body that is there as a whole.
pub fn full(bytes: impl Into<Bytes>) -> AnswerBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// How many times the limit a refused body may be long and still be read to its end.
const DRAINED: usize = 4;

/// Reads a whole body, refusing one longer than `limit` bytes.
pub(crate) async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Fault> {
    match Limited::new(&mut body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            drain(body, limit.saturating_mul(DRAINED)).await;
            let text = format!("Request size exceeded the limit of {limit} bytes.");
            Err(Fault::sender("RequestEntityTooLargeException", text).with_status(413))
        }
        Err(error) => Err(Fault::sender("IncompleteBody", "The request body ended before it was complete.")
            .with_cause(error)),
    }
}

/// Reads what is left of a refused body: a client that is still sending when the connection closes sees a broken pipe
/// in place of the refusal.
async fn drain(body: Incoming, limit: usize) {
    let mut rest = Limited::new(body, limit);
    while let Some(Ok(_)) = rest.frame().await {}
}
