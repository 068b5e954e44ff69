//! Writing and deleting objects.

use mastic_core::{Fault, Timestamp};
use mastic_kernel::{Ctx, Need};
use mastic_store::WriteTx;

use crate::body::{Body, Landed};
use crate::checksum::Expected;
use crate::condition::WriteConditions;
use crate::records::{CONTENTS, ContentRecord, Headers, NULL_VERSION, OBJECTS, ObjectRecord, Place, Tag};
use crate::service::{check_version, object_arn, require_bucket, whole_second};
use crate::{Objects, fault, tags};

/// What is to become of a new object besides its bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes {
    /// What goes out with it again.
    pub headers: Headers,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its storage class as the client names it.
    pub storage_class: Option<String>,
}

/// An object to be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutObject {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// What it is to be.
    pub attributes: Attributes,
    /// What the client says of the body.
    pub expected: Expected,
    /// When to write at all.
    pub conditions: WriteConditions,
}

/// One entry of `DeleteObjects`.
#[derive(Debug, Clone, PartialEq)]
pub struct Deletion {
    /// The key.
    pub key: String,
    /// The version, of which there is `null` only.
    pub version: Option<String>,
    /// The entity tag that the object must have.
    pub etag: Option<crate::TagMatch>,
}

impl Objects {
    /// `PutObject`: visible whole when this returns, and not at all if it fails.
    ///
    /// # Errors
    /// `NoSuchBucket`, conditions that do not hold, digests that do not match.
    pub async fn put(&self, ctx: &Ctx, put: PutObject, body: Body) -> Result<ObjectRecord, Fault> {
        let placed = self.readied(ctx, put, body).await?;
        ctx.write(placed).await
    }

    /// Takes the body in; what comes back makes the object visible.
    pub(crate) async fn readied(
        &self,
        ctx: &Ctx,
        put: PutObject,
        body: Body,
    ) -> Result<impl FnOnce(&mut WriteTx<'_>) -> Result<ObjectRecord, Fault> + Send + use<>, Fault> {
        let PutObject { bucket, key, attributes, expected, conditions } = put;
        check_key(&key)?;
        let storage_class = attributes.check()?;
        ctx.read(|tx| require_bucket(tx, &bucket))?;
        let taken = self.intake.take(body, &expected, ctx.now(), Some(self.inline)).await?;
        let mut object = ObjectRecord {
            size: taken.size,
            etag: taken.digests.etag(),
            modified: whole_second(ctx.now()),
            headers: attributes.headers,
            tags: attributes.tags,
            storage_class,
            checksum: Some(taken.digests.stored()),
            parts: None,
            place: Place::Inline,
        };
        let (content, pending) = match taken.landed {
            Landed::Inline(bytes) => (Some(ContentRecord::Inline(bytes)), None),
            Landed::Blob(pending) => {
                object.place = Place::Blob(pending.id().clone());
                (None, Some(pending))
            }
        };
        Ok(move |tx: &mut WriteTx<'_>| {
            require_bucket(tx, &bucket)?;
            let placed = place(tx, bucket, key, &conditions, Entry { object, content });
            drop(pending);
            placed
        })
    }

    /// `DeleteObject`. A key that is not there is no error.
    ///
    /// # Errors
    /// `NoSuchBucket`, conditions that do not hold.
    pub async fn delete(&self, ctx: &Ctx, bucket: &str, deletion: Deletion) -> Result<(), Fault> {
        check_version(deletion.version.as_deref())?;
        let bucket = bucket.to_owned();
        ctx.write(move |tx| {
            require_bucket(tx, &bucket)?;
            remove(tx, &bucket, &deletion)
        })
        .await
    }

    /// `DeleteObjects`: what became of each entry, in their order. Each is asked for by itself.
    ///
    /// # Errors
    /// `NoSuchBucket`, or that the store cannot be written.
    pub async fn delete_many(
        &self,
        ctx: &Ctx,
        bucket: &str,
        deletions: Vec<Deletion>,
    ) -> Result<Vec<(Deletion, Result<(), Fault>)>, Fault> {
        let owner = ctx.read(|tx| require_bucket(tx, bucket))?.owner;
        let mut judged = Vec::with_capacity(deletions.len());
        for deletion in deletions {
            let action = match deletion.version {
                Some(_) => "s3:DeleteObjectVersion",
                None => "s3:DeleteObject",
            };
            let need = Need::new(action, object_arn(bucket, &deletion.key)).owned_by(owner.clone());
            let allowed = ctx.authorize(&[need]).map_err(fault::denied);
            let legal = allowed.and_then(|()| check_version(deletion.version.as_deref()));
            judged.push((deletion, legal));
        }
        let bucket = bucket.to_owned();
        ctx.write(move |tx| {
            let mut done = Vec::with_capacity(judged.len());
            for (deletion, legal) in judged {
                let outcome = match legal.and_then(|()| remove(tx, &bucket, &deletion)) {
                    Err(failed) if failed.status() >= 500 => return Err(failed),
                    outcome => outcome,
                };
                done.push((deletion, outcome));
            }
            Ok(done)
        })
        .await
    }
}

/// An object on its way into the index.
pub(crate) struct Entry {
    pub(crate) object: ObjectRecord,
    pub(crate) content: Option<ContentRecord>,
}

/// Puts an object at its key, in place of any other there.
pub(crate) fn place(
    tx: &mut WriteTx<'_>,
    bucket: String,
    key: String,
    conditions: &WriteConditions,
    entry: Entry,
) -> Result<ObjectRecord, Fault> {
    let at = (bucket, key, NULL_VERSION);
    if *conditions != WriteConditions::default() {
        conditions.check(OBJECTS.get(tx, &at)?.as_ref())?;
    }
    OBJECTS.put(tx, &at, &entry.object)?;
    match &entry.content {
        Some(content) => CONTENTS.put(tx, &at, content)?,
        None => {
            CONTENTS.delete(tx, &at)?;
        }
    }
    Ok(entry.object)
}

fn remove(tx: &mut WriteTx<'_>, bucket: &str, deletion: &Deletion) -> Result<(), Fault> {
    let at = (bucket, deletion.key.as_str(), NULL_VERSION);
    if deletion.etag.is_some() {
        let conditions = WriteConditions { if_match: deletion.etag.clone(), if_none_match: None };
        conditions.check(OBJECTS.get(tx, &at)?.as_ref())?;
    }
    OBJECTS.delete(tx, &at)?;
    CONTENTS.delete(tx, &at)?;
    Ok(())
}

impl Attributes {
    /// Checks them against S3's rules; the storage class as it is kept.
    pub(crate) fn check(&self) -> Result<Option<String>, Fault> {
        tags::check(&self.tags, tags::OBJECT_TAGS)?;
        let metadata: usize =
            self.headers.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if metadata > 2048 {
            return Err(fault::metadata_too_large());
        }
        match self.storage_class.as_deref() {
            None | Some("STANDARD") => Ok(None),
            Some(
                class @ ("STANDARD_IA"
                | "ONEZONE_IA"
                | "INTELLIGENT_TIERING"
                | "REDUCED_REDUNDANCY"
                | "GLACIER_IR"),
            ) => Ok(Some(class.to_owned())),
            Some(class @ ("GLACIER" | "DEEP_ARCHIVE" | "OUTPOSTS" | "SNOW" | "EXPRESS_ONEZONE")) => {
                Err(fault::not_implemented(&format!("the storage class {class}")))
            }
            Some(_) => Err(fault::invalid_storage_class()),
        }
    }
}

pub(crate) fn check_key(key: &str) -> Result<(), Fault> {
    if key.len() > 1024 { Err(fault::key_too_long()) } else { Ok(()) }
}

/// A moment for a new object.
pub(crate) fn modified(ctx: &Ctx) -> Timestamp {
    whole_second(ctx.now())
}
