//! CloudTrail's event history over the audit trail.

use std::sync::Arc;

use mastic_api_watch::cloudtrail::SERVICE;
use mastic_kernel::Registry;

/// The service. Cloning the `Arc` is how it is shared.
#[derive(Debug, Default)]
pub struct Trail {}

impl Trail {
    /// A service without state of its own.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Registers the service's operations.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.service(&SERVICE);
    }
}
