//! Buckets.

use mastic_core::{AccountId, Fault, Region};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, overlay};

use crate::records::{BUCKETS, BucketRecord, OBJECTS, Tag, UPLOADS};
use crate::service::{require_bucket, whole_second};
use crate::{Objects, fault, tags};

/// A page of [`Objects::buckets`].
#[derive(Debug, Clone, PartialEq)]
pub struct BucketPage {
    /// Names and buckets, in the order of their names.
    pub buckets: Vec<(String, BucketRecord)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListBuckets {
    /// Only names that begin so.
    pub prefix: String,
    /// Only buckets of this region.
    pub region: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// The page's size; without it all are listed.
    pub most: Option<usize>,
}

impl Objects {
    /// `CreateBucket`. Whether a bucket was made: in `us-east-1` S3 lets its owner repeat the call.
    ///
    /// # Errors
    /// A name that is not legal or taken, a location constraint that does not fit the endpoint's region.
    pub async fn create_bucket(
        &self,
        ctx: &Ctx,
        name: &str,
        constraint: Option<&str>,
        tag_set: Vec<Tag>,
    ) -> Result<bool, Fault> {
        if !legal_name(name) {
            return Err(fault::invalid_bucket_name());
        }
        tags::check(&tag_set, tags::BUCKET_TAGS)?;
        let region = located(ctx.region(), constraint)?;
        let owner = ctx.account()?.clone();
        let repeatable = region.as_str() == "us-east-1";
        let created = whole_second(ctx.now());
        let name = name.to_owned();
        ctx.write(move |tx| {
            if let Some(present) = BUCKETS.get(tx, &name)? {
                return match present.owner == owner {
                    true if repeatable && present.region == region => Ok(false),
                    true => Err(fault::bucket_owned()),
                    false => Err(fault::bucket_exists()),
                };
            }
            let bucket = BucketRecord { owner, region, created, policy: None, tags: tag_set };
            BUCKETS.put(tx, &name, &bucket)?;
            Ok(true)
        })
        .await
    }

    /// The bucket, as `HeadBucket` and everything that only reads its record needs it.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn head_bucket(&self, ctx: &Ctx, name: &str) -> Result<BucketRecord, Fault> {
        ctx.read(|tx| require_bucket(tx, name))
    }

    /// `DeleteBucket`.
    ///
    /// # Errors
    /// `NoSuchBucket`; `BucketNotEmpty`, also while a job run that has not ended holds objects for it.
    pub async fn delete_bucket(&self, ctx: &Ctx, name: &str) -> Result<(), Fault> {
        let name = name.to_owned();
        // Buckets are not staged, so what a run has staged away does not make one empty.
        ctx.write_plain(move |tx| {
            require_bucket(tx, &name)?;
            if OBJECTS.scan_prefix(tx, (name.as_str(),)).next().transpose()?.is_some()
                || staged_for(tx, &name)?
            {
                return Err(fault::bucket_not_empty());
            }
            let uploads: Vec<String> = UPLOADS
                .scan_prefix(tx, (name.as_str(),))
                .map(|row| row.map(|((_, _, id), _)| id))
                .collect::<Result<_, _>>()?;
            for id in uploads {
                crate::multipart::forget_parts(tx, &id)?;
            }
            UPLOADS.clear(tx, UPLOADS.prefix((name.as_str(),)))?;
            BUCKETS.delete(tx, &name)?;
            Ok(())
        })
        .await
    }

    /// `ListBuckets`: those of the caller's account.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn buckets(&self, ctx: &Ctx, list: &ListBuckets) -> Result<BucketPage, Fault> {
        let owner = ctx.account()?;
        ctx.read(|tx| {
            let mut range = BUCKETS.prefix_text((), &list.prefix);
            if let Some(after) = &list.after {
                range = range.after(after);
            }
            let mut page = BucketPage { buckets: Vec::new(), next: None };
            for row in BUCKETS.scan(tx, range) {
                let (name, bucket) = row?;
                let wanted = list.region.as_ref().is_none_or(|region| bucket.region.as_str() == region);
                if bucket.owner != *owner || !wanted {
                    continue;
                }
                if list.most.is_some_and(|most| page.buckets.len() >= most) {
                    page.next = page.buckets.last().map(|(name, _)| name.clone());
                    break;
                }
                page.buckets.push((name, bucket));
            }
            Ok(page)
        })
    }

    /// `PutBucketTagging`.
    ///
    /// # Errors
    /// `NoSuchBucket`, or a set that S3 refuses.
    pub async fn put_bucket_tags(&self, ctx: &Ctx, name: &str, tag_set: Vec<Tag>) -> Result<(), Fault> {
        tags::check(&tag_set, tags::BUCKET_TAGS)?;
        self.change(ctx, name, |bucket| bucket.tags = tag_set).await
    }

    /// `GetBucketTagging`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchTagSet`.
    pub fn bucket_tags(&self, ctx: &Ctx, name: &str) -> Result<Vec<Tag>, Fault> {
        let bucket = self.head_bucket(ctx, name)?;
        if bucket.tags.is_empty() { Err(fault::no_tag_set()) } else { Ok(bucket.tags) }
    }

    /// `PutBucketPolicy`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `MalformedPolicy`.
    pub async fn put_bucket_policy(&self, ctx: &Ctx, name: &str, document: String) -> Result<(), Fault> {
        crate::bucket_policy::check(name, &document)?;
        self.change(ctx, name, |bucket| bucket.policy = Some(document)).await
    }

    /// `GetBucketPolicy`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchBucketPolicy`.
    pub fn bucket_policy(&self, ctx: &Ctx, name: &str) -> Result<String, Fault> {
        self.head_bucket(ctx, name)?.policy.ok_or_else(fault::no_bucket_policy)
    }

    /// `GetBucketPolicyStatus`: whether the policy lets everybody in.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchBucketPolicy`.
    pub fn bucket_is_public(&self, ctx: &Ctx, name: &str) -> Result<bool, Fault> {
        crate::bucket_policy::is_public(&self.bucket_policy(ctx, name)?)
    }

    /// `DeleteBucketPolicy`.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub async fn delete_bucket_policy(&self, ctx: &Ctx, name: &str) -> Result<(), Fault> {
        self.change(ctx, name, |bucket| bucket.policy = None).await
    }

    async fn change(
        &self,
        ctx: &Ctx,
        name: &str,
        change: impl FnOnce(&mut BucketRecord) + Send + 'static,
    ) -> Result<(), Fault> {
        let name = name.to_owned();
        ctx.write(move |tx| {
            let mut bucket = require_bucket(tx, &name)?;
            change(&mut bucket);
            Ok(BUCKETS.put(tx, &name, &bucket)?)
        })
        .await
    }
}

/// Whether any job run is about to put objects into the bucket.
fn staged_for(tx: &ReadTx<'_>, bucket: &str) -> Result<bool, Fault> {
    for run in overlay::staged_runs(tx)? {
        for entry in OBJECTS.staged_entries(tx, &run) {
            let ((name, _, _), object) = entry?;
            if name == bucket && object.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// "Bucket naming rules" for general purpose buckets.
fn legal_name(name: &str) -> bool {
    let outer = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        && outer(name.chars().next())
        && outer(name.chars().next_back())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|head| name.starts_with(head))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|tail| name.ends_with(tail))
}

/// The region of a new bucket ("CreateBucket", `LocationConstraint`).
fn located(endpoint: &Region, constraint: Option<&str>) -> Result<Region, Fault> {
    let usual = endpoint.as_str() == "us-east-1";
    match constraint {
        None | Some("") if usual => Ok(endpoint.clone()),
        None | Some("") => Err(fault::location(None)),
        Some("us-east-1") => Err(fault::invalid_location()),
        Some("EU") if usual || endpoint.as_str() == "eu-west-1" => {
            "eu-west-1".parse().map_err(|_| fault::invalid_location())
        }
        Some(name) if usual || name == endpoint.as_str() => {
            let known = name.split('-').count() >= 3;
            name.parse().ok().filter(|_| known).ok_or_else(fault::invalid_location)
        }
        Some(name) => Err(fault::location(Some(name))),
    }
}

/// Whether an account's id was given as the owner to expect, and is another.
#[must_use]
pub fn owner_differs(owner: &AccountId, expected: Option<&str>) -> bool {
    expected.is_some_and(|expected| expected != owner.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["abc", "my.bucket-1", "0x0"] {
            assert!(legal_name(name), "{name}");
        }
        for name in ["ab", "Abc", "-ab", "ab-", "a..b", "10.0.0.1", "xn--abc", "abc-s3alias", "a_b"] {
            assert!(!legal_name(name), "{name}");
        }
    }

    #[test]
    fn locations() {
        let at = |endpoint: &str, constraint| {
            located(&endpoint.parse().unwrap(), constraint)
                .map(|r| r.to_string())
                .map_err(|f| f.code().to_owned())
        };
        assert_eq!(at("us-east-1", None), Ok("us-east-1".into()));
        assert_eq!(at("us-east-1", Some("eu-central-1")), Ok("eu-central-1".into()));
        assert_eq!(at("eu-central-1", Some("eu-central-1")), Ok("eu-central-1".into()));
        assert_eq!(at("us-east-1", Some("us-east-1")), Err("InvalidLocationConstraint".into()));
        assert_eq!(at("eu-west-1", None), Err("IllegalLocationConstraintException".into()));
        assert_eq!(at("eu-west-1", Some("eu-west-2")), Err("IllegalLocationConstraintException".into()));
    }
}
