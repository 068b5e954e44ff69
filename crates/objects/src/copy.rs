//! Copying objects. A copy shares its source's blobs, so it moves no bytes.

use futures::StreamExt;
use mastic_core::Fault;
use mastic_kernel::{Ctx, Need};

use crate::checksum::{Algorithm, Hasher, StoredChecksum};
use crate::condition::WriteConditions;
use crate::get::GetObject;
use crate::put::{Attributes, Entry, check_key, modified, place};
use crate::records::{CONTENTS, NULL_VERSION, OBJECTS, ObjectRecord, Place};
use crate::service::{object_arn, require_bucket};
use crate::{Objects, fault};

/// The largest object that can be copied at once, in bytes.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// A copy to be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CopyObject {
    /// What to copy, and under which conditions.
    pub source: GetObject,
    /// The bucket of the copy.
    pub bucket: String,
    /// The key of the copy.
    pub key: String,
    /// What the copy is to be, as far as it does not take after its source.
    pub attributes: Attributes,
    /// `x-amz-metadata-directive: REPLACE`: headers and metadata are given anew.
    pub replace_headers: bool,
    /// `x-amz-tagging-directive: REPLACE`: tags are given anew.
    pub replace_tags: bool,
    /// The checksum that the copy is to have.
    pub algorithm: Option<Algorithm>,
}

impl Objects {
    /// `CopyObject`.
    ///
    /// # Errors
    /// Those of reading the source and of writing the copy.
    pub async fn copy(&self, ctx: &Ctx, copy: CopyObject) -> Result<ObjectRecord, Fault> {
        check_key(&copy.key)?;
        let storage_class = copy.attributes.check()?;
        let found = self.get(ctx, &copy.source)?;
        if found.unchanged {
            return Err(fault::precondition_failed());
        }
        let source = &found.object;
        if source.size > LARGEST {
            return Err(fault::invalid_request(format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {LARGEST}"
            )));
        }
        let onto_itself = copy.source.bucket == copy.bucket && copy.source.key == copy.key;
        let redirect = copy.attributes.headers.website_redirect.is_some();
        if onto_itself && !copy.replace_headers && !redirect && storage_class == source.storage_class {
            return Err(fault::invalid_request(
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
            ));
        }
        if !copy.replace_tags && !source.tags.is_empty() {
            self.may_copy_tags(ctx, &copy)?;
        }
        let checksum = match copy.algorithm {
            Some(wanted) if source.checksum.as_ref().is_none_or(|had| had.algorithm != wanted) => {
                Some(self.checksum(&found, wanted).await?)
            }
            _ => source.checksum.clone(),
        };
        let etag = source.etag.clone();
        let modified = modified(ctx);
        ctx.write(move |tx| {
            require_bucket(tx, &copy.bucket)?;
            let from = (copy.source.bucket.as_str(), copy.source.key.as_str(), NULL_VERSION);
            // The source is taken as it is now: its blobs are sure to live as long as its entry does.
            let source = OBJECTS.get(tx, &from)?.ok_or_else(fault::no_such_key)?;
            if source.etag != etag {
                return Err(fault::precondition_failed());
            }
            let content = match source.place {
                Place::Blob(_) => None,
                Place::Inline | Place::Parts => CONTENTS.get(tx, &from)?,
            };
            let mut headers =
                if copy.replace_headers { copy.attributes.headers.clone() } else { source.headers.clone() };
            headers.website_redirect = copy.attributes.headers.website_redirect;
            let tags = if copy.replace_tags { copy.attributes.tags } else { source.tags.clone() };
            let object = ObjectRecord { modified, headers, tags, storage_class, checksum, ..source };
            let entry = Entry { object, content };
            place(tx, copy.bucket, copy.key, &WriteConditions::default(), entry)
        })
        .await
    }

    /// Copying tags along asks for more ("CopyObject", permissions).
    fn may_copy_tags(&self, ctx: &Ctx, copy: &CopyObject) -> Result<(), Fault> {
        let need = |action: &str, bucket: &str, key: &str| {
            let owner = self.bucket(bucket)?.map(|bucket| bucket.owner.clone());
            let need = Need::new(action, object_arn(bucket, key));
            Ok::<_, Fault>(Need { owner, ..need })
        };
        let read = need("s3:GetObjectTagging", &copy.source.bucket, &copy.source.key)?;
        let write = need("s3:PutObjectTagging", &copy.bucket, &copy.key)?;
        ctx.authorize(&[read, write]).map_err(fault::denied)
    }

    async fn checksum(
        &self,
        found: &crate::get::Found,
        algorithm: Algorithm,
    ) -> Result<StoredChecksum, Fault> {
        let mut bytes = self.stream(found);
        let mut hasher = Hasher::new(algorithm);
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(Fault::internal)?;
            let hashed = tokio::task::spawn_blocking(move || {
                hasher.update(&chunk);
                hasher
            });
            hasher = hashed.await.map_err(Fault::internal)?;
        }
        Ok(hasher.finish().stored())
    }
}
