//! Multipart uploads ("Uploading and copying objects using multipart upload").
//!
//! The upload and its parts are bookkeeping and never staged; only the object that completion makes is.

use futures::StreamExt;
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::body::{Body, Landed};
use crate::checksum::{Algorithm, ChecksumKind, Expected, etag_of_parts, of_parts};
use crate::condition::WriteConditions;
use crate::get::GetObject;
use crate::put::{Attributes, Entry, check_key, modified, place};
use crate::records::{ContentRecord, ObjectRecord, PARTS, PartRecord, Piece, Place, UPLOADS, UploadRecord};
use crate::service::{require_bucket, whole_second};
use crate::{Objects, fault};

/// The largest object, in bytes (50 TB).
const LARGEST: u64 = 50 * 1024 * 1024 * 1024 * 1024;

/// The letters of upload ids.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

/// Names an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadKey {
    /// The bucket.
    pub bucket: String,
    /// The key of the object to come.
    pub key: String,
    /// The upload's id.
    pub id: String,
}

/// A part as `CompleteMultipartUpload` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedPart {
    /// Its number.
    pub number: u32,
    /// Its entity tag, without quotes.
    pub etag: String,
    /// Its checksum, where the client gives one.
    pub checksum: Option<(Algorithm, String)>,
}

/// An upload to be completed.
#[derive(Debug, Clone, PartialEq)]
pub struct CompleteUpload {
    /// Which.
    pub upload: UploadKey,
    /// The parts that it consists of.
    pub parts: Vec<ListedPart>,
    /// The checksum that the object should have.
    pub checksum: Option<(Algorithm, String)>,
    /// What it should cover.
    pub kind: Option<ChecksumKind>,
    /// The size that it should have.
    pub size: Option<u64>,
    /// When to write at all.
    pub conditions: WriteConditions,
}

impl Objects {
    /// `CreateMultipartUpload`: the upload's id and record.
    ///
    /// # Errors
    /// `NoSuchBucket`, or attributes that S3 refuses.
    pub async fn create_upload(
        &self,
        ctx: &Ctx,
        bucket: &str,
        key: &str,
        attributes: Attributes,
        algorithm: Option<Algorithm>,
        kind: Option<ChecksumKind>,
    ) -> Result<(String, UploadRecord), Fault> {
        check_key(key)?;
        let storage_class = attributes.check()?;
        let chosen = algorithm.is_some();
        let algorithm = algorithm.unwrap_or(Algorithm::Crc64Nvme);
        let kind = kind.unwrap_or(algorithm.usual_kind());
        if !algorithm.allows(kind) {
            return Err(fault::invalid_request(format!(
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                kind.name(),
                algorithm.name().to_ascii_lowercase()
            )));
        }
        let upload = UploadRecord {
            initiated: whole_second(ctx.now()),
            initiator: ctx.caller().account.clone(),
            initiator_arn: ctx.caller().arn(),
            run: ctx.caller().run().map(|run| run.id.clone()),
            headers: attributes.headers,
            tags: attributes.tags,
            storage_class,
            algorithm,
            chosen,
            kind,
        };
        let id = ctx.entropy().text(64, LETTERS);
        let at = (bucket.to_owned(), key.to_owned(), id.clone());
        let record = upload.clone();
        ctx.write(move |tx| {
            require_bucket(tx, &at.0)?;
            Ok::<_, Fault>(UPLOADS.put(tx, &at, &record)?)
        })
        .await?;
        Ok((id, upload))
    }

    /// `UploadPart`: the part with the checksum to show. SDKs send a CRC32 of each part by themselves; an upload
    /// that names no algorithm takes it, and keeps S3's own besides.
    ///
    /// # Errors
    /// `NoSuchUpload`, a part number out of range, digests that do not match.
    pub async fn upload_part(
        &self,
        ctx: &Ctx,
        upload: UploadKey,
        number: i32,
        expected: Expected,
        body: Body,
    ) -> Result<(PartRecord, Algorithm), Fault> {
        let number = part_number(number)?;
        let UploadRecord { algorithm, chosen, .. } = ctx.read(|tx| require_upload(tx, &upload))?;
        let named = expected.given();
        if chosen && named.is_some_and(|given| given != algorithm) {
            return Err(fault::invalid_request(format!(
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                algorithm.name().to_ascii_lowercase(),
                named.map_or("null", Algorithm::name).to_ascii_lowercase()
            )));
        }
        let expected = Expected { algorithm: Some(algorithm), ..expected };
        let taken = self.intake.take(body, &expected, ctx.now(), None).await?;
        let Landed::Blob(pending) = taken.landed else {
            return Err(Fault::internal("a part that is no blob"));
        };
        let part = PartRecord {
            size: taken.size,
            etag: taken.digests.etag(),
            modified: whole_second(ctx.now()),
            checksum: taken.digests.checksum,
            given: taken.digests.given,
            blob: pending.id().clone(),
        };
        let record = part.clone();
        ctx.write(move |tx| {
            require_upload(tx, &upload)?;
            PARTS.put(tx, &(upload.id, number), &record)?;
            drop(pending);
            Ok::<_, Fault>(())
        })
        .await?;
        Ok(match part.given.clone() {
            Some((given, checksum)) => (PartRecord { checksum, ..part }, given),
            None => (part, algorithm),
        })
    }

    /// `UploadPartCopy`: the part's bytes are those of an object or a range of it.
    ///
    /// # Errors
    /// Those of reading the source and of [`Objects::upload_part`].
    pub async fn upload_part_copy(
        &self,
        ctx: &Ctx,
        upload: UploadKey,
        number: i32,
        source: &GetObject,
    ) -> Result<(PartRecord, Algorithm), Fault> {
        let found = self.get(ctx, source)?;
        if found.unchanged {
            return Err(fault::precondition_failed());
        }
        let length = found.span.clone().map_or(found.object.size, |span| span.end - span.start);
        let bytes = self.stream(&found).map(|read| read.map_err(Fault::internal)).boxed();
        let body = Body { bytes, trailer: None, length: Some(length) };
        self.upload_part(ctx, upload, number, Expected::default(), body).await
    }

    /// `CompleteMultipartUpload`.
    ///
    /// # Errors
    /// `NoSuchUpload`, parts that are missing, out of order or too small, a checksum or size that does not match.
    pub async fn complete_upload(&self, ctx: &Ctx, complete: CompleteUpload) -> Result<ObjectRecord, Fault> {
        let least = self.least_part;
        let modified = modified(ctx);
        ctx.write(move |tx| {
            let CompleteUpload { upload: at, parts: listed, .. } = &complete;
            let upload = require_upload(tx, at)?;
            let parts = gathered(tx, &at.id, listed, &upload, least)?;
            let sums: Vec<(&str, u64)> =
                parts.iter().map(|(_, part)| (part.checksum.as_str(), part.size)).collect();
            let checksum = of_parts(upload.algorithm, upload.kind, &sums);
            let size: u64 = parts.iter().map(|(_, part)| part.size).sum();
            complete.check(&checksum.value, &upload, size)?;
            let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
            let composite = upload.kind == ChecksumKind::Composite;
            let pieces = parts.iter().enumerate().map(|(index, (_, part))| Piece {
                number: number(index),
                size: part.size,
                blob: part.blob.clone(),
                checksum: composite.then(|| part.checksum.clone()),
            });
            let content = Some(ContentRecord::Parts(pieces.collect()));
            let object = ObjectRecord {
                size,
                etag: etag_of_parts(parts.iter().map(|(_, part)| part.etag.as_str())),
                modified,
                headers: upload.headers,
                tags: upload.tags,
                storage_class: upload.storage_class,
                checksum: Some(checksum),
                parts: u32::try_from(parts.len()).ok(),
                place: Place::Parts,
            };
            let entry = Entry { object, content };
            let object = place(tx, at.bucket.clone(), at.key.clone(), &complete.conditions, entry)?;
            forget(tx, at)?;
            Ok(object)
        })
        .await
    }

    /// `AbortMultipartUpload`.
    ///
    /// # Errors
    /// `NoSuchUpload`.
    pub async fn abort_upload(&self, ctx: &Ctx, upload: UploadKey) -> Result<(), Fault> {
        ctx.write(move |tx| {
            require_upload(tx, &upload)?;
            Ok(forget(tx, &upload)?)
        })
        .await
    }
}

impl CompleteUpload {
    fn check(&self, checksum: &str, upload: &UploadRecord, size: u64) -> Result<(), Fault> {
        if size > LARGEST {
            return Err(fault::entity_too_large());
        }
        if self.size.is_some_and(|wanted| wanted != size) {
            return Err(fault::invalid_request(
                "The provided 'x-amz-mp-object-size' header does not match what was computed.",
            ));
        }
        if self.kind.is_some_and(|kind| kind != upload.kind) {
            return Err(fault::invalid_request(
                "The checksum type of the request does not match that of the upload.",
            ));
        }
        match &self.checksum {
            Some((algorithm, value)) if *algorithm != upload.algorithm || value != checksum => {
                Err(fault::bad_digest(algorithm.name()))
            }
            _ => Ok(()),
        }
    }
}

/// The parts of an upload that completion lists, each checked against what was uploaded.
fn gathered(
    tx: &ReadTx<'_>,
    id: &str,
    listed: &[ListedPart],
    upload: &UploadRecord,
    least: u64,
) -> Result<Vec<(u32, PartRecord)>, Fault> {
    if listed.is_empty() {
        return Err(fault::malformed_xml());
    }
    let mut parts: Vec<(u32, PartRecord)> = Vec::with_capacity(listed.len());
    for wanted in listed {
        if parts.last().is_some_and(|(before, _)| *before >= wanted.number) {
            return Err(fault::invalid_part_order());
        }
        let part = PARTS.get(tx, &(id, wanted.number))?.ok_or_else(fault::invalid_part)?;
        let summed = wanted.checksum.as_ref().is_none_or(|wanted| {
            (wanted.0 == upload.algorithm && wanted.1 == part.checksum) || part.given.as_ref() == Some(wanted)
        });
        if part.etag != wanted.etag || !summed {
            return Err(fault::invalid_part());
        }
        parts.push((wanted.number, part));
    }
    let all_but_last = parts.len() - 1;
    if parts.iter().take(all_but_last).any(|(_, part)| part.size < least) {
        return Err(fault::entity_too_small());
    }
    Ok(parts)
}

pub(crate) fn require_upload(tx: &ReadTx<'_>, at: &UploadKey) -> Result<UploadRecord, Fault> {
    require_bucket(tx, &at.bucket)?;
    UPLOADS.get(tx, &(at.bucket.as_str(), at.key.as_str(), at.id.as_str()))?.ok_or_else(fault::no_such_upload)
}

fn part_number(number: i32) -> Result<u32, Fault> {
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    u32::try_from(number)
        .ok()
        .filter(|number| (1..=10_000).contains(number))
        .ok_or_else(|| fault::invalid_argument(message))
}

fn forget(tx: &mut WriteTx<'_>, at: &UploadKey) -> Result<(), StoreError> {
    forget_parts(tx, &at.id)?;
    UPLOADS.delete(tx, &(at.bucket.as_str(), at.key.as_str(), at.id.as_str()))?;
    Ok(())
}

pub(crate) fn forget_parts(tx: &mut WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    PARTS.clear(tx, PARTS.prefix((id,)))?;
    Ok(())
}
