//! What the store holds of S3.

use std::collections::BTreeMap;

use bytes::Bytes;
use mastic_core::{AccountId, Region, Timestamp};
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

use crate::blobs::BlobId;
use crate::checksum::{Algorithm, ChecksumKind, StoredChecksum};

/// The version of an object in a bucket without versioning, which S3 calls `null`. It sorts behind
/// every other, as versions will be kept with the newest first.
pub(crate) const NULL_VERSION: u64 = u64::MAX;

/// Bucket, key, version.
pub(crate) type ObjectKey = (String, String, u64);

/// Names are global, so no account stands in the key.
pub(crate) const BUCKETS: Keyspace<String, BucketRecord> = Keyspace::new("s3.bucket");
/// The index of objects.
pub(crate) const OBJECTS: Keyspace<ObjectKey, ObjectRecord> = Keyspace::new("s3.object").staged();
/// What small objects contain and what multipart objects consist of, apart from the index so that listings do
/// not read it.
pub(crate) const CONTENTS: Keyspace<ObjectKey, ContentRecord> = Keyspace::new("s3.content").staged();
/// Uploads under way: bucket, key, upload id.
pub(crate) const UPLOADS: Keyspace<(String, String, String), UploadRecord> = Keyspace::new("s3.upload");
/// Their parts: upload id, part number.
pub(crate) const PARTS: Keyspace<(String, u32), PartRecord> = Keyspace::new("s3.part");

/// A tag of a bucket or an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its key, unique in the set.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketRecord {
    /// The account that owns it.
    pub owner: AccountId,
    /// Where it is.
    pub region: Region,
    /// When it was made.
    pub created: Timestamp,
    /// Its policy, as JSON.
    pub policy: Option<String>,
    /// Its tags; an empty set is none.
    pub tags: Vec<Tag>,
}

impl Record for BucketRecord {
    const VERSION: u16 = 1;
}

/// What a client says of an object's content and gets back with it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Expires`.
    pub expires: Option<Timestamp>,
    /// `x-amz-website-redirect-location`.
    pub website_redirect: Option<String>,
    /// `x-amz-meta-*`, by the name without that prefix.
    pub metadata: BTreeMap<String, String>,
}

/// Where the bytes of an object are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// In the object's content record.
    Inline,
    /// In one blob.
    Blob(BlobId),
    /// In the blobs that the content record lists.
    Parts,
}

/// An object as the index knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// Its size in bytes.
    pub size: u64,
    /// The entity tag, without quotes.
    pub etag: String,
    /// When it was written, in whole seconds.
    pub modified: Timestamp,
    /// What its writer said of it.
    pub headers: Headers,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The storage class; none for `STANDARD`.
    pub storage_class: Option<String>,
    /// Its checksum.
    pub checksum: Option<StoredChecksum>,
    /// For an object made by a multipart upload, of how many parts.
    pub parts: Option<u32>,
    pub(crate) place: Place,
}

impl Record for ObjectRecord {
    const VERSION: u16 = 1;
}

/// The content of small objects, and the parts of those that were uploaded in parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum ContentRecord {
    /// The bytes themselves.
    Inline(Bytes),
    /// Blobs, one after the other.
    Parts(Vec<Piece>),
}

impl Record for ContentRecord {
    const VERSION: u16 = 1;
}

/// One part of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) number: u32,
    pub(crate) size: u64,
    pub(crate) blob: BlobId,
    /// In the object's algorithm; none where its checksum is of the full object.
    pub(crate) checksum: Option<String>,
}

/// A multipart upload under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadRecord {
    /// When it was begun.
    pub initiated: Timestamp,
    /// The account of who began it; none for an anonymous caller.
    pub initiator: Option<AccountId>,
    /// The ARN of who began it.
    pub initiator_arn: String,
    /// The job run that began it: such an upload is dropped when no run can be that old.
    pub(crate) run: Option<String>,
    pub(crate) headers: Headers,
    pub(crate) tags: Vec<Tag>,
    /// The storage class; none for `STANDARD`.
    pub storage_class: Option<String>,
    /// The checksum algorithm.
    pub algorithm: Algorithm,
    /// Whether the client chose it: its parts must keep to it.
    pub(crate) chosen: bool,
    /// Whether the object's checksum covers its bytes or its parts' checksums.
    pub kind: ChecksumKind,
}

impl Record for UploadRecord {
    const VERSION: u16 = 1;
}

/// A part of an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag, without quotes: the MD5 of its bytes.
    pub etag: String,
    /// When it was written.
    pub modified: Timestamp,
    /// Its checksum in the upload's algorithm, in base64.
    pub checksum: String,
    /// The one that came with it, where that is of another algorithm.
    pub(crate) given: Option<(Algorithm, String)>,
    pub(crate) blob: BlobId,
}

impl Record for PartRecord {
    const VERSION: u16 = 1;
}
