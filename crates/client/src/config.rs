use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mastic_core::{Clock, SystemClock};

/// How a client reaches its server.
#[derive(Clone)]
pub struct Config {
    /// The server, for example `http://127.0.0.1:4566`; a path in it precedes every request's.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// A PEM file of certificate authorities to trust beside the system's, for https.
    pub ca_file: Option<PathBuf>,
    /// How long a server that refuses connections is tried again, for example while it restarts.
    pub patience: Duration,
    /// How long one request may take, from sending it to the last byte of its answer.
    pub timeout: Duration,
    /// The clock that signatures are dated by.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// A configuration with the usual limits: 2 s of patience, 5 minutes a request.
    pub fn new(endpoint: impl Into<String>, region: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            region: region.into(),
            ca_file: None,
            patience: Duration::from_secs(2),
            timeout: Duration::from_secs(300),
            clock: Arc::new(SystemClock),
        }
    }
}
