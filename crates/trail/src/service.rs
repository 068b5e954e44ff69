use std::sync::{Arc, OnceLock};

use mastic_api_watch::cloudtrail::{SERVICE, op, types as t};
use mastic_core::Fault;
use mastic_kernel::ports::EventIndex;
use mastic_kernel::{Access, AuditRecord, Call, Kernel, Registry, Term};
use mastic_shape::Service;

use crate::event::terms;
use crate::lookup::lookup_events;

/// The service. Cloning the `Arc` is how it is shared.
#[derive(Debug, Default)]
pub struct Trail {
    services: OnceLock<Vec<&'static Service>>,
}

impl Trail {
    /// A service that knows no other yet: [`Trail::connect`] tells.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Registers the service's operations.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.service(&SERVICE);
        let trail = Arc::clone(self);
        registry.on::<op::LookupEvents, _, _>(access, move |ctx, input| {
            let trail = Arc::clone(&trail);
            async move { lookup_events(&trail, ctx, input).await }
        });
    }

    /// Indexes the calls of these services, which are all that the registry knows.
    pub fn connect(self: &Arc<Self>, kernel: &Kernel, services: &[&'static Service]) {
        self.services.get_or_init(|| services.to_vec());
        kernel.connect_events(self.clone());
    }

    pub(crate) fn services(&self) -> &[&'static Service] {
        self.services.get().map_or(&[], Vec::as_slice)
    }
}

fn access(_: &Call, _: &t::LookupEventsRequest) -> Result<Access, Fault> {
    Ok(Access::one("cloudtrail:LookupEvents", "*"))
}

impl EventIndex for Trail {
    fn terms(&self, record: &AuditRecord) -> Vec<Term> {
        terms(self.services(), record)
    }
}
