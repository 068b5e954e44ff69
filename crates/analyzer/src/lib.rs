//! IAM Access Analyzer: who else can use what, what a policy really grants, and what nobody uses.

mod access;
mod analyzers;
mod checks;
mod external;
mod faults;
mod filter;
mod findings;
mod generation;
mod page;
mod place;
mod previews;
mod recommendations;
mod records;
mod register;
mod resources;
mod rules;
mod statistics;
mod tags;
mod unused;
mod usage;
pub mod validate;
mod validation;

use std::sync::Arc;

use mastic_kernel::Registry;

/// The service. Cloning the `Arc` is how it is shared.
#[derive(Debug, Default)]
pub struct Analyzer {}

impl Analyzer {
    /// A service without state of its own: all is in the store, or asked of others by the kernel's ports.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Registers the service's operations.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        register::all(registry);
    }
}
