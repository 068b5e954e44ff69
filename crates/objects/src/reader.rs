//! Reading objects in the name of those who call other services.

use async_trait::async_trait;
use futures::TryStreamExt;
use mastic_core::Fault;
use mastic_kernel::ports::ObjectReader;
use mastic_kernel::{Ctx, Need};

use crate::service::object_arn;
use crate::{GetObject, Objects};

#[async_trait]
impl ObjectReader for Objects {
    async fn read(&self, ctx: &Ctx, bucket: &str, key: &str, most: u64) -> Result<Vec<u8>, Fault> {
        ctx.authorize(&[Need::new("s3:GetObject", object_arn(bucket, key))])?;
        let get = GetObject { bucket: bucket.to_owned(), key: key.to_owned(), ..GetObject::default() };
        let found = self.get(ctx, &get)?;
        if found.object.size > most {
            let text = format!("s3://{bucket}/{key} has more than {most} bytes.");
            return Err(Fault::sender("InvalidInputException", text));
        }
        let mut bytes = Vec::new();
        let mut stream = self.stream(&found);
        while let Some(more) = stream.try_next().await.map_err(Fault::internal)? {
            bytes.extend_from_slice(&more);
        }
        Ok(bytes)
    }
}
