//! The service itself and what its operations share.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::ports::{HeldPolicy, PolicyHolders, ResourcePolicies, ResourcePolicy};
use mastic_kernel::{Background, Ctx, Kernel, Need};
use mastic_store::ReadTx;
use parking_lot::{Mutex, RwLock};

use crate::blobs::{BlobId, Blobs, Durability};
use crate::body::Intake;
use crate::fault;
use crate::records::{BUCKETS, BucketRecord};

/// How the service is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether blobs are synchronized to disk.
    pub durability: Durability,
    /// Objects up to this many bytes are kept in the store itself.
    pub inline: usize,
    /// The largest object or part that one request may carry, in bytes.
    pub largest_put: u64,
    /// The least size of all parts of a multipart upload but the last, in bytes.
    pub least_part: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            inline: 16 * 1024,
            largest_put: 5 * 1024 * 1024 * 1024,
            least_part: 5 * 1024 * 1024,
        }
    }
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the blob directory cannot be opened")]
pub struct OpenError(#[from] std::io::Error);

/// S3's behaviour.
pub struct Objects {
    pub(crate) intake: Intake,
    pub(crate) inline: usize,
    pub(crate) least_part: u64,
    pub(crate) condemned: Mutex<HashMap<BlobId, Timestamp>>,
    background: Background,
    buckets: RwLock<BucketCache>,
}

/// Buckets as they were at a generation of their keyspace.
#[derive(Default)]
struct BucketCache {
    generation: u64,
    buckets: HashMap<String, Arc<BucketRecord>>,
}

/// How many buckets are kept at hand.
const CACHED_BUCKETS: usize = 10_000;

impl Objects {
    /// Opens the service over a kernel's store and the directory `blobs` under `data`.
    ///
    /// # Errors
    /// If the directory cannot be made or read.
    pub fn open(kernel: &Kernel, data: &Path, settings: &Settings) -> Result<Arc<Self>, OpenError> {
        let blobs = Blobs::open(data, settings.durability)?;
        Ok(Arc::new(Self {
            intake: Intake { blobs, kernel: kernel.clone(), most: settings.largest_put },
            inline: settings.inline,
            least_part: settings.least_part,
            condemned: Mutex::default(),
            background: kernel.background("s3"),
            buckets: RwLock::default(),
        }))
    }

    /// The bucket of that name, for access decisions; a point read or less.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn bucket(&self, name: &str) -> Result<Option<Arc<BucketRecord>>, Fault> {
        let generation = self.background.generation(BUCKETS.name());
        {
            let cache = self.buckets.read();
            if cache.generation == generation
                && let Some(bucket) = cache.buckets.get(name)
            {
                return Ok(Some(Arc::clone(bucket)));
            }
        }
        let Some(bucket) = self.background.read(|tx| BUCKETS.get(tx, name))? else {
            return Ok(None);
        };
        let bucket = Arc::new(bucket);
        let mut cache = self.buckets.write();
        if cache.generation != generation || cache.buckets.len() >= CACHED_BUCKETS {
            *cache = BucketCache { generation, buckets: HashMap::new() };
        }
        cache.buckets.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(Some(bucket))
    }

    pub(crate) fn background(&self) -> &Background {
        &self.background
    }
}

impl ResourcePolicies for Objects {
    fn policy(&self, arn: &str) -> Result<Option<ResourcePolicy>, Fault> {
        let Some(resource) = arn.strip_prefix("arn:aws:s3:::") else {
            return Ok(None);
        };
        let name = resource.split('/').next().unwrap_or(resource);
        let bucket = self.bucket(name)?;
        Ok(bucket
            .map(|bucket| ResourcePolicy { owner: bucket.owner.clone(), document: bucket.policy.clone() }))
    }
}

impl PolicyHolders for Objects {
    fn held(&self, account: &AccountId) -> Result<Vec<HeldPolicy>, Fault> {
        self.background.read(|tx| {
            let mut held = Vec::new();
            for row in BUCKETS.scan(tx, BUCKETS.all()) {
                let (name, bucket) = row?;
                if bucket.owner == *account {
                    held.push(HeldPolicy {
                        arn: bucket_arn(&name),
                        resource_type: "AWS::S3::Bucket",
                        region: Some(bucket.region),
                        document: bucket.policy,
                    });
                }
            }
            Ok(held)
        })
    }
}

/// The ARN of a bucket.
#[must_use]
pub fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// The ARN of an object.
#[must_use]
pub fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// The id by which S3 names an account in owners and grants: 64 hexadecimal digits, always the same for an account.
#[must_use]
pub fn canonical_id(account: &AccountId) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, account.as_str().as_bytes());
    hex::encode(digest.as_ref())
}

pub(crate) fn require_bucket(tx: &ReadTx<'_>, name: &str) -> Result<BucketRecord, Fault> {
    BUCKETS.get(tx, name)?.ok_or_else(fault::no_such_bucket)
}

/// What S3 says of a key that is not there: that, to those who may list the bucket, and to others nothing.
pub(crate) fn missing_key(ctx: &Ctx, bucket: &str, owner: &AccountId) -> Fault {
    let need = Need::new("s3:ListBucket", bucket_arn(bucket)).owned_by(owner.clone());
    match ctx.authorize(&[need]) {
        Ok(()) => fault::no_such_key(),
        Err(refused) => fault::denied(refused),
    }
}

/// S3 shows times in whole seconds.
pub(crate) fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_secs(time.secs())
}

pub(crate) fn check_version(version: Option<&str>) -> Result<(), Fault> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(fault::invalid_argument("Invalid version id specified")),
    }
}
