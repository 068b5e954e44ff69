//! S3's behaviour: object index, blobs, multipart, bucket policies, staged writes.
//!
//! The index (buckets, objects, uploads) is in the store, the bytes are in immutable files beside it;
//! small objects are in the store whole. An object is visible once its index entry is committed, so a PUT
//! is seen whole or not at all, and what a job run writes is seen by others when the run is published.
//! Doors turn requests into calls of [`Objects`]; nothing here knows HTTP.

mod blobs;
mod body;
mod bucket_policy;
mod buckets;
mod checksum;
mod condition;
mod copy;
pub mod fault;
mod foresight;
mod get;
mod list;
mod multipart;
mod put;
mod range;
mod reader;
mod records;
mod service;
mod sweep;
mod tags;
#[cfg(test)]
mod tests;
mod uploads;
mod writer;

pub use blobs::Durability;
pub use body::{Body, Trailer};
pub use buckets::{BucketPage, ListBuckets, owner_differs};
pub use checksum::{Algorithm, ChecksumKind, Expected, StoredChecksum, check_digests};
pub use condition::{ReadConditions, TagMatch, WriteConditions};
pub use copy::CopyObject;
pub use get::{Found, GetObject, ObjectPart};
pub use list::{ListObjects, ListPage};
pub use multipart::{CompleteUpload, ListedPart, UploadKey};
pub use put::{Attributes, Deletion, PutObject};
pub use range::ByteRange;
pub use records::{BucketRecord, Headers, ObjectRecord, PartRecord, Tag, UploadRecord};
pub use service::{Objects, OpenError, Settings, bucket_arn, canonical_id, object_arn};
pub use sweep::SweepReport;
pub use uploads::{ListUploads, PartPage, UploadPage};
