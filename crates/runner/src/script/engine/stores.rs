//! The buckets, and the run's scratch as one more.

use std::path::Path as LocalPath;
use std::sync::Arc;

use mastic_engine::Stores;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use crate::failure::Failure;

/// The bucket that stands for the scratch: no bucket of S3 can have such a name.
pub(super) const SCRATCH: &str = ".scratch";

pub(super) struct ScriptStores {
    buckets: Arc<dyn Stores>,
    scratch: Arc<dyn ObjectStore>,
}

impl ScriptStores {
    pub(super) fn new(buckets: Arc<dyn Stores>, scratch: &LocalPath) -> Result<Self, Failure> {
        let unusable = |error: &dyn std::fmt::Display| {
            Failure::new(format!("the folder `{}` cannot be used: {error}", scratch.display()))
        };
        std::fs::create_dir_all(scratch).map_err(|error| unusable(&error))?;
        let scratch = LocalFileSystem::new_with_prefix(scratch).map_err(|error| unusable(&error))?;
        Ok(Self { buckets, scratch: Arc::new(scratch) })
    }
}

impl Stores for ScriptStores {
    fn bucket(&self, name: &str) -> Result<Arc<dyn ObjectStore>, String> {
        if name == SCRATCH { Ok(Arc::clone(&self.scratch)) } else { self.buckets.bucket(name) }
    }

    fn pin(&self, bucket: &str, key: &Path, tag: &str) -> Result<(), String> {
        if bucket == SCRATCH { Ok(()) } else { self.buckets.pin(bucket, key, tag) }
    }
}
