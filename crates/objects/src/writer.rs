//! Writing objects in the name of those who call other services.

use async_trait::async_trait;
use mastic_core::Fault;
use mastic_kernel::ports::ObjectWriter;
use mastic_kernel::{Ctx, Need};

use crate::body::Body;
use crate::service::object_arn;
use crate::{Objects, PutObject};

#[async_trait]
impl ObjectWriter for Objects {
    async fn put(&self, ctx: &Ctx, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        ctx.authorize(&[Need::new("s3:PutObject", object_arn(bucket, key))])?;
        let put = PutObject { bucket: bucket.to_owned(), key: key.to_owned(), ..PutObject::default() };
        Self::put(self, ctx, put, Body::whole(bytes)).await.map(drop)
    }
}
