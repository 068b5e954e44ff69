use mastic_core::Fault;
use mastic_objects::{ListBuckets, fault};
use s3s::dto::*;

use super::Asked;
use crate::dto::{self, check_document, owner, tag_set, tags, time};

pub(crate) async fn create(asked: Asked<CreateBucketInput>) -> Result<CreateBucketOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let configuration = input.create_bucket_configuration.unwrap_or_default();
    if configuration.bucket.is_some() || configuration.location.is_some() {
        return Err(fault::not_implemented("directory buckets"));
    }
    let constraint = configuration.location_constraint;
    let constraint = constraint.as_ref().map(BucketLocationConstraint::as_str);
    objects.create_bucket(&ctx, &input.bucket, constraint, Vec::new()).await?;
    Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
}

pub(crate) async fn delete(asked: Asked<DeleteBucketInput>) -> Result<DeleteBucketOutput, Fault> {
    asked.objects.delete_bucket(&asked.ctx, &asked.input.bucket).await?;
    Ok(DeleteBucketOutput::default())
}

pub(crate) async fn head(asked: Asked<HeadBucketInput>) -> Result<HeadBucketOutput, Fault> {
    let bucket = asked.objects.head_bucket(&asked.ctx, &asked.input.bucket)?;
    Ok(HeadBucketOutput { bucket_region: Some(bucket.region.to_string()), ..HeadBucketOutput::default() })
}

pub(crate) async fn location(asked: Asked<GetBucketLocationInput>) -> Result<GetBucketLocationOutput, Fault> {
    let bucket = asked.objects.head_bucket(&asked.ctx, &asked.input.bucket)?;
    // S3's oldest region has no name here.
    let named = (bucket.region.as_str() != "us-east-1").then(|| bucket.region.to_string());
    Ok(GetBucketLocationOutput { location_constraint: named.map(BucketLocationConstraint::from) })
}

pub(crate) async fn list(asked: Asked<ListBucketsInput>) -> Result<ListBucketsOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let most =
        input.max_buckets.map(|most| usize::try_from(most).ok().filter(|most| (1..=10_000).contains(most)));
    let most = match most {
        None => None,
        Some(Some(most)) => Some(most),
        Some(None) => {
            return Err(fault::invalid_argument(
                "Argument max-buckets must be an integer between 1 and 10000",
            ));
        }
    };
    let after = input.continuation_token.as_deref().map(dto::read_token).transpose()?;
    let list = ListBuckets {
        prefix: input.prefix.clone().unwrap_or_default(),
        region: input.bucket_region,
        after,
        most,
    };
    let page = objects.buckets(&ctx, &list)?;
    let bucket = |(name, bucket): (String, mastic_objects::BucketRecord)| Bucket {
        name: Some(name),
        creation_date: Some(time(bucket.created)),
        bucket_region: most.map(|_| bucket.region.to_string()),
    };
    Ok(ListBucketsOutput {
        buckets: Some(page.buckets.into_iter().map(bucket).collect()),
        continuation_token: page.next.as_deref().map(dto::write_token),
        owner: Some(owner(ctx.account()?)),
        prefix: input.prefix,
    })
}

pub(crate) async fn policy(asked: Asked<GetBucketPolicyInput>) -> Result<GetBucketPolicyOutput, Fault> {
    let policy = asked.objects.bucket_policy(&asked.ctx, &asked.input.bucket)?;
    Ok(GetBucketPolicyOutput { policy: Some(policy) })
}

pub(crate) async fn put_policy(asked: Asked<PutBucketPolicyInput>) -> Result<PutBucketPolicyOutput, Fault> {
    let Asked { objects, ctx, input, headers, .. } = asked;
    check_document(&headers, input.policy.as_bytes())?;
    objects.put_bucket_policy(&ctx, &input.bucket, input.policy).await?;
    Ok(PutBucketPolicyOutput::default())
}

pub(crate) async fn policy_status(
    asked: Asked<GetBucketPolicyStatusInput>,
) -> Result<GetBucketPolicyStatusOutput, Fault> {
    let public = asked.objects.bucket_is_public(&asked.ctx, &asked.input.bucket)?;
    Ok(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public: Some(public) }) })
}

pub(crate) async fn delete_policy(
    asked: Asked<DeleteBucketPolicyInput>,
) -> Result<DeleteBucketPolicyOutput, Fault> {
    asked.objects.delete_bucket_policy(&asked.ctx, &asked.input.bucket).await?;
    Ok(DeleteBucketPolicyOutput::default())
}

pub(crate) async fn tagging(asked: Asked<GetBucketTaggingInput>) -> Result<GetBucketTaggingOutput, Fault> {
    let tags = asked.objects.bucket_tags(&asked.ctx, &asked.input.bucket)?;
    Ok(GetBucketTaggingOutput { tag_set: tag_set(tags) })
}

pub(crate) async fn put_tagging(
    asked: Asked<PutBucketTaggingInput>,
) -> Result<PutBucketTaggingOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    objects.put_bucket_tags(&ctx, &input.bucket, tags(input.tagging.tag_set)?).await?;
    Ok(PutBucketTaggingOutput::default())
}

pub(crate) async fn delete_tagging(
    asked: Asked<DeleteBucketTaggingInput>,
) -> Result<DeleteBucketTaggingOutput, Fault> {
    asked.objects.put_bucket_tags(&asked.ctx, &asked.input.bucket, Vec::new()).await?;
    Ok(DeleteBucketTaggingOutput::default())
}
