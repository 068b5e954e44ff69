use mastic_shape::ShapeError;
use mastic_wire::{RemoteFault, WireError};

/// Why a call has no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server answered with an error.
    #[error("{code}: {message}")]
    Service {
        /// AWS's error code, for example `EntityNotFoundException`.
        code: String,
        /// AWS's text.
        message: String,
        /// The HTTP status.
        status: u16,
        /// The id of the request, to ask the server about.
        request_id: Option<String>,
    },
    /// The server could not be reached, or the connection broke.
    #[error("could not talk to {endpoint}: {reason}")]
    Transport {
        /// The server.
        endpoint: String,
        /// What happened, with its causes.
        reason: String,
        /// Whether the server surely has not seen the request.
        unsent: bool,
    },
    /// The answer did not come in time.
    #[error("no answer from {endpoint} within {seconds} s")]
    Timeout {
        /// The server.
        endpoint: String,
        /// The limit.
        seconds: u64,
    },
    /// The answer is not one of the protocol.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The answer lacks something, or holds it in another form.
    #[error("the answer of {operation} is not as expected: {source}")]
    Shape {
        /// The operation.
        operation: &'static str,
        /// Where.
        source: ShapeError,
    },
    /// The configuration or an argument cannot be used; the text says why.
    #[error("{0}")]
    Config(String),
}

impl ClientError {
    /// AWS's error code, where the server sent one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            _ => None,
        }
    }

    pub(crate) fn service(fault: RemoteFault, status: u16, request_id: Option<String>) -> Self {
        let RemoteFault { code, message, request_id: inner } = fault;
        Self::Service { code, message, status, request_id: request_id.or(inner) }
    }
}
