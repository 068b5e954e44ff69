use std::path::PathBuf;

use mastic_client::ClientError;
use mastic_core::Fault;
use mastic_gateway::{ServerError, TlsError};
use mastic_store::StoreError;

/// What ends a command; its text is all that a person sees.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments do not go together, or a file does not say what it should.
    #[error("{0}")]
    Usage(String),
    /// A preflight has found that permissions are missing.
    #[error("missing permissions: {0}")]
    Missing(usize),
    /// A file or directory cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The system refused something else.
    #[error("{0}")]
    System(#[from] std::io::Error),
    /// The store cannot be opened.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The port cannot be opened.
    #[error("{0}")]
    Server(#[from] ServerError),
    /// The certificate cannot be used.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// The server answered with an error, or not at all.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// Start-up failed inside.
    #[error("{}{}", .0.message(), .0.cause().map(|cause| format!(" ({cause})")).unwrap_or_default())]
    Fault(#[from] Fault),
}

impl Failure {
    /// A file that cannot be used.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
