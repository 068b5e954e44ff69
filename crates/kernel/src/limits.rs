//! The ports through which the limits of a caller are told: usage profiles, which users and roles are tagged with.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use mastic_core::Fault;

use crate::tags::Tags;
use crate::{Caller, Ctx, Kernel};

/// Tells what principals are tagged with. Implemented by `iam`.
pub trait PrincipalTags: Send + Sync {
    /// The tags of the caller's user or role; none for other callers.
    fn of_caller(&self, caller: &Caller) -> Result<Tags, Fault>;
}

/// What a usage profile says of one parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limit {
    /// The value where none is given.
    pub default: Option<String>,
    /// The values that are allowed; any, if it is missing.
    pub allowed: Option<Vec<String>>,
    /// The least number.
    pub least: Option<u32>,
    /// The greatest number.
    pub most: Option<u32>,
}

/// Usage profiles as jobs and sessions see them. Implemented by `catalog`; nobody is asked whether the caller may look.
pub trait UsageProfiles: Send + Sync {
    /// What the profile of this name in the caller's account says of jobs, by parameter; `None` if there is none.
    fn of_jobs(&self, ctx: &Ctx, name: &str) -> Result<Option<BTreeMap<String, Limit>>, Fault>;

    /// The same of interactive sessions.
    fn of_sessions(&self, ctx: &Ctx, name: &str) -> Result<Option<BTreeMap<String, Limit>>, Fault>;
}

/// The ports, once the root has connected them.
#[derive(Default)]
pub(crate) struct Limiting {
    principals: OnceLock<Arc<dyn PrincipalTags>>,
    profiles: OnceLock<Arc<dyn UsageProfiles>>,
}

impl Kernel {
    /// Connects the port for tags of principals; the first connection stays.
    pub fn connect_principal_tags(&self, tags: Arc<dyn PrincipalTags>) {
        self.limiting().principals.get_or_init(|| tags);
    }

    /// Connects the port for usage profiles; the first connection stays.
    pub fn connect_usage_profiles(&self, profiles: Arc<dyn UsageProfiles>) {
        self.limiting().profiles.get_or_init(|| profiles);
    }

    /// The port for tags of principals; without it nobody has any.
    #[must_use]
    pub fn principal_tags(&self) -> Option<&Arc<dyn PrincipalTags>> {
        self.limiting().principals.get()
    }

    /// The port for usage profiles; without it there are none.
    #[must_use]
    pub fn usage_profiles(&self) -> Option<&Arc<dyn UsageProfiles>> {
        self.limiting().profiles.get()
    }
}
