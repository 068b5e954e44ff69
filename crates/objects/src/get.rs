//! Reading objects.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::BoxStream;
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::ReadTx;

use crate::blobs::Stretch;
use crate::body::{Content, stream};
use crate::condition::ReadConditions;
use crate::put::Deletion;
use crate::range::ByteRange;
use crate::records::{CONTENTS, ContentRecord, NULL_VERSION, OBJECTS, ObjectRecord, Piece, Place, Tag};
use crate::service::{check_version, missing_key, require_bucket};
use crate::{Objects, fault, tags};

/// The object to be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetObject {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version, of which there is `null` only.
    pub version: Option<String>,
    /// Which bytes.
    pub range: Option<ByteRange>,
    /// Or which part.
    pub part: Option<u32>,
    /// When to read at all.
    pub conditions: ReadConditions,
}

/// An object found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What the index knows of it.
    pub object: ObjectRecord,
    /// The bytes asked for, where it was a range or a part.
    pub span: Option<Range<u64>>,
    /// The client has it already: nothing is sent.
    pub unchanged: bool,
    content: Content,
}

/// A part of an object, as `GetObjectAttributes` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPart {
    /// Its number.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// Its checksum in the object's algorithm, in base64.
    pub checksum: Option<String>,
}

impl Objects {
    /// `GetObject` and `HeadObject`: finds the object; [`Objects::stream`] then reads it.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey` or, to those who may not list the bucket, `AccessDenied`; conditions that
    /// do not hold, a range outside the object.
    pub fn get(&self, ctx: &Ctx, get: &GetObject) -> Result<Found, Fault> {
        let (object, content) = self.find(ctx, get, content)?;
        if !get.conditions.check(&object)? {
            return Ok(Found { object, span: None, unchanged: true, content: Content::Inline(Bytes::new()) });
        }
        let span = match (get.part, get.range) {
            (Some(_), Some(_)) => {
                return Err(fault::invalid_request(
                    "Cannot specify both Range header and partNumber query parameter",
                ));
            }
            (Some(number), None) => Some(part_span(&object, &content, number)?),
            (None, Some(range)) => Some(range.within(object.size)?),
            (None, None) => None,
        };
        let content = cut(content, span.clone().unwrap_or(0..object.size), &object);
        Ok(Found { object, span, unchanged: false, content })
    }

    /// The bytes that were found.
    #[must_use]
    pub fn stream(&self, found: &Found) -> BoxStream<'static, std::io::Result<Bytes>> {
        stream(&self.intake.blobs, found.content.clone())
    }

    /// `GetObjectAttributes`: the object and its parts.
    ///
    /// # Errors
    /// As [`Objects::get`].
    pub fn attributes(&self, ctx: &Ctx, get: &GetObject) -> Result<(ObjectRecord, Vec<ObjectPart>), Fault> {
        let (object, parts) = self.find(ctx, get, |tx, at, object| match object.place {
            Place::Parts => pieces(tx, at),
            _ => Ok(Vec::new()),
        })?;
        let part =
            |piece: Piece| ObjectPart { number: piece.number, size: piece.size, checksum: piece.checksum };
        Ok((object, parts.into_iter().map(part).collect()))
    }

    /// `GetObjectTagging`.
    ///
    /// # Errors
    /// As [`Objects::get`].
    pub fn object_tags(&self, ctx: &Ctx, get: &GetObject) -> Result<Vec<Tag>, Fault> {
        Ok(self.find(ctx, get, |_, _, _| Ok(()))?.0.tags)
    }

    /// The tags of an object as they are now, for access decisions; none where there is no object.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn existing_tags(&self, bucket: &str, key: &str) -> Result<Vec<Tag>, Fault> {
        let found = self.background().read(|tx| OBJECTS.get(tx, &(bucket, key, NULL_VERSION)))?;
        Ok(found.map(|object| object.tags).unwrap_or_default())
    }

    /// `PutObjectTagging`, and with no tags `DeleteObjectTagging`.
    ///
    /// # Errors
    /// As [`Objects::get`], or a set that S3 refuses.
    pub async fn put_object_tags(
        &self,
        ctx: &Ctx,
        bucket: &str,
        object: Deletion,
        tag_set: Vec<Tag>,
    ) -> Result<(), Fault> {
        tags::check(&tag_set, tags::OBJECT_TAGS)?;
        check_version(object.version.as_deref())?;
        let at = (bucket.to_owned(), object.key, NULL_VERSION);
        let bucket = bucket.to_owned();
        let outcome = ctx.write(move |tx| {
            let owner = require_bucket(tx, &bucket)?.owner;
            let Some(mut object) = OBJECTS.get(tx, &at)? else {
                return Ok(Some((bucket, owner)));
            };
            object.tags = tag_set;
            OBJECTS.put(tx, &at, &object)?;
            Ok::<_, Fault>(None)
        });
        match outcome.await? {
            Some((bucket, owner)) => Err(missing_key(ctx, &bucket, &owner)),
            None => Ok(()),
        }
    }

    fn find<R>(
        &self,
        ctx: &Ctx,
        get: &GetObject,
        more: impl FnOnce(&ReadTx<'_>, At<'_>, &ObjectRecord) -> Result<R, Fault>,
    ) -> Result<(ObjectRecord, R), Fault> {
        check_version(get.version.as_deref())?;
        let at = (get.bucket.as_str(), get.key.as_str(), NULL_VERSION);
        let found = ctx.read(|tx| match OBJECTS.get(tx, &at)? {
            Some(object) => {
                let more = more(tx, at, &object)?;
                Ok(Ok((object, more)))
            }
            None => Ok::<_, Fault>(Err(require_bucket(tx, &get.bucket)?.owner)),
        })?;
        found.map_err(|owner| missing_key(ctx, &get.bucket, &owner))
    }
}

/// Where an object is in the index.
pub(crate) type At<'a> = (&'a str, &'a str, u64);

/// Where all bytes of an object are.
pub(crate) fn content(tx: &ReadTx<'_>, at: At<'_>, object: &ObjectRecord) -> Result<Content, Fault> {
    match &object.place {
        Place::Inline => match CONTENTS.get(tx, &at)? {
            Some(ContentRecord::Inline(bytes)) => Ok(Content::Inline(bytes)),
            _ => Err(Fault::internal("an object without its content")),
        },
        Place::Blob(blob) => {
            Ok(Content::Blobs(vec![Stretch { blob: blob.clone(), offset: 0, length: object.size }]))
        }
        Place::Parts => {
            let stretch = |piece: Piece| Stretch { blob: piece.blob, offset: 0, length: piece.size };
            Ok(Content::Blobs(pieces(tx, at)?.into_iter().map(stretch).collect()))
        }
    }
}

fn pieces(tx: &ReadTx<'_>, at: At<'_>) -> Result<Vec<Piece>, Fault> {
    match CONTENTS.get(tx, &at)? {
        Some(ContentRecord::Parts(pieces)) => Ok(pieces),
        _ => Err(Fault::internal("an object without its parts")),
    }
}

fn part_span(object: &ObjectRecord, content: &Content, number: u32) -> Result<Range<u64>, Fault> {
    if object.parts.is_none() {
        return if number == 1 { Ok(0..object.size) } else { Err(fault::invalid_part_number()) };
    }
    let Content::Blobs(stretches) = content else {
        return Err(fault::invalid_part_number());
    };
    let index =
        usize::try_from(number).ok().and_then(|n| n.checked_sub(1)).ok_or_else(fault::invalid_part_number)?;
    let stretch = stretches.get(index).ok_or_else(fault::invalid_part_number)?;
    let start: u64 = stretches.iter().take(index).map(|before| before.length).sum();
    Ok(start..start + stretch.length)
}

/// The part `span` of some content.
fn cut(content: Content, span: Range<u64>, object: &ObjectRecord) -> Content {
    if span == (0..object.size) {
        return content;
    }
    match content {
        Content::Inline(bytes) => {
            let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            Content::Inline(bytes.slice(bound(span.start)..bound(span.end)))
        }
        Content::Blobs(stretches) => {
            let mut at = 0;
            let mut kept = Vec::new();
            for stretch in stretches {
                let end = at + stretch.length;
                let (from, to) = (span.start.max(at), span.end.min(end));
                if from < to {
                    let offset = stretch.offset + (from - at);
                    kept.push(Stretch { blob: stretch.blob, offset, length: to - from });
                }
                at = end;
            }
            Content::Blobs(kept)
        }
    }
}
