//! Writing objects in the name of those who call other services.

use async_trait::async_trait;
use mastic_core::Fault;
use mastic_kernel::ports::{ObjectWriter, ReadyObject};
use mastic_kernel::{Ctx, Need};

use crate::body::Body;
use crate::service::{object_arn, require_bucket};
use crate::{Objects, PutObject};

#[async_trait]
impl ObjectWriter for Objects {
    async fn put(&self, ctx: &Ctx, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        ctx.authorize(&[Need::new("s3:PutObject", object_arn(bucket, key))])?;
        Self::put(self, ctx, plain(bucket, key), Body::whole(bytes)).await.map(drop)
    }

    async fn ready(&self, ctx: &Ctx, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<ReadyObject, Fault> {
        ctx.read(|tx| require_bucket(tx, bucket))?;
        ctx.authorize(&[Need::new("s3:PutObject", object_arn(bucket, key))])?;
        let placed = self.readied(ctx, plain(bucket, key), Body::whole(bytes)).await?;
        Ok(Box::new(move |tx| placed(tx).map(drop)))
    }
}

fn plain(bucket: &str, key: &str) -> PutObject {
    PutObject { bucket: bucket.to_owned(), key: key.to_owned(), ..PutObject::default() }
}
