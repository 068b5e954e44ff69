//! Buckets as plans of runs see them.

use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_kernel::ports::Files;

use crate::{ListObjects, Objects};

impl Files for Objects {
    fn any(&self, ctx: &Ctx, bucket: &str, prefix: &str) -> Result<bool, Fault> {
        if self.bucket(bucket)?.is_none() {
            return Ok(false);
        }
        let list = ListObjects {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            most: Some(1),
            ..ListObjects::default()
        };
        Ok(!self.list(ctx, &list)?.objects.is_empty())
    }
}
