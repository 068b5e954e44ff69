//! AWS Organizations, as far as it decides access: accounts, organizational units, service control and
//! resource control policies.
//!
//! Any account of the server may found an organization and is its management account then. [`Organizations`] serves
//! the operations, and tells the authorizer where an account stands and what that means for it.

mod access;
mod accounts;
mod attachments;
mod delegation;
mod faults;
mod handshakes;
mod kind;
mod organization;
mod page;
mod policies;
mod port;
mod records;
mod register;
mod sweep;
mod tags;
#[cfg(test)]
mod tests;
mod tree;
mod units;

use std::sync::Arc;

use mastic_kernel::{Background, Kernel};

/// The service. It implements the ports [`mastic_kernel::ports::OrganizationPolicies`] and
/// [`mastic_kernel::ports::ResourcePolicies`].
pub struct Organizations {
    background: Background,
}

impl Organizations {
    /// The service over the store that `background` opens.
    #[must_use]
    pub fn new(background: Background) -> Arc<Self> {
        Arc::new(Self { background })
    }

    /// Fills the kernel's ports for the policies of organizations.
    pub fn connect(self: &Arc<Self>, kernel: &Kernel) {
        kernel.connect_organizations(Arc::clone(self) as _);
        kernel.connect_policies("organizations", Arc::clone(self) as _);
    }
}
