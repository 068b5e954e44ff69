//! AWS Organizations, as far as it decides access: accounts, organizational units, service control and resource control policies.

use std::sync::Arc;

use mastic_api_iam::organizations::SERVICE;
use mastic_kernel::Registry;

/// The service. Cloning the `Arc` is how it is shared.
#[derive(Debug, Default)]
pub struct Organizations {}

impl Organizations {
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
