//! IAM Access Analyzer: who else can use what, what a policy really grants.

pub mod validate;

use std::sync::Arc;

use mastic_api_iam::accessanalyzer::SERVICE;
use mastic_kernel::Registry;

/// The service. Cloning the `Arc` is how it is shared.
#[derive(Debug, Default)]
pub struct Analyzer {}

impl Analyzer {
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
