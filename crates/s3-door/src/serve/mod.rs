//! The operations: s3s's types in and out, the object service between.

mod buckets;
mod configuration;
mod listing;
mod multipart;
mod objects;
mod parts;

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_objects::Objects;
use s3s::dto;
use s3s::{S3, S3Request, S3Response, S3Result, TrailingHeaders};

use crate::answer::error_of;
use crate::slot::Slot;

/// The side of the door that s3s calls.
pub(crate) struct Front {
    pub(crate) objects: Arc<Objects>,
}

/// A request that was let in.
pub(crate) struct Asked<I> {
    pub(crate) objects: Arc<Objects>,
    pub(crate) ctx: Ctx,
    pub(crate) input: I,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: Option<TrailingHeaders>,
    slot: Slot,
}

impl<I> Asked<I> {
    /// Answers with another HTTP status than the operation's usual one.
    pub(crate) fn answer_with(&self, status: StatusCode) {
        self.slot.status(status);
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Front {
    async fn run<I, O, R>(
        &self,
        request: S3Request<I>,
        serve: impl FnOnce(Asked<I>) -> R + Send,
    ) -> S3Result<S3Response<O>>
    where
        R: Future<Output = Result<O, Fault>> + Send,
    {
        let slot = request.extensions.get::<Slot>().cloned();
        // Without a context the request has not passed the guard.
        let admitted = slot.and_then(|slot| Some((slot.ctx()?, slot)));
        let Some((ctx, slot)) = admitted else {
            return Err(error_of(&Fault::internal("a request that passed no guard")));
        };
        let asked = Asked {
            objects: Arc::clone(&self.objects),
            ctx,
            input: request.input,
            headers: request.headers,
            trailers: request.trailing_headers,
            slot: slot.clone(),
        };
        match serve(asked).await {
            Ok(output) => Ok(S3Response::new(output)),
            Err(fault) => {
                let error = error_of(&fault);
                slot.fail(fault);
                Err(error)
            }
        }
    }
}

/// Each operation: the method of s3s's trait, its types, and what serves it.
macro_rules! operations {
    ($($method:ident: $input:ident -> $output:ident = $serve:path;)*) => {
        #[async_trait::async_trait]
        impl S3 for Front {
            $(async fn $method(&self, request: S3Request<dto::$input>) -> S3Result<S3Response<dto::$output>> {
                self.run(request, $serve).await
            })*
        }
    };
}

operations! {
    abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput = multipart::abort;
    complete_multipart_upload: CompleteMultipartUploadInput -> CompleteMultipartUploadOutput = multipart::complete;
    copy_object: CopyObjectInput -> CopyObjectOutput = objects::copy;
    create_bucket: CreateBucketInput -> CreateBucketOutput = buckets::create;
    create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput = multipart::create;
    delete_bucket: DeleteBucketInput -> DeleteBucketOutput = buckets::delete;
    delete_bucket_policy: DeleteBucketPolicyInput -> DeleteBucketPolicyOutput = buckets::delete_policy;
    delete_bucket_tagging: DeleteBucketTaggingInput -> DeleteBucketTaggingOutput = buckets::delete_tagging;
    delete_object: DeleteObjectInput -> DeleteObjectOutput = objects::delete;
    delete_object_tagging: DeleteObjectTaggingInput -> DeleteObjectTaggingOutput = objects::delete_tagging;
    delete_objects: DeleteObjectsInput -> DeleteObjectsOutput = objects::delete_many;
    get_bucket_accelerate_configuration: GetBucketAccelerateConfigurationInput -> GetBucketAccelerateConfigurationOutput = configuration::accelerate;
    get_bucket_acl: GetBucketAclInput -> GetBucketAclOutput = configuration::acl;
    get_bucket_cors: GetBucketCorsInput -> GetBucketCorsOutput = configuration::cors;
    get_bucket_encryption: GetBucketEncryptionInput -> GetBucketEncryptionOutput = configuration::encryption;
    get_bucket_lifecycle_configuration: GetBucketLifecycleConfigurationInput -> GetBucketLifecycleConfigurationOutput = configuration::lifecycle;
    get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput = buckets::location;
    get_bucket_logging: GetBucketLoggingInput -> GetBucketLoggingOutput = configuration::logging;
    get_bucket_notification_configuration: GetBucketNotificationConfigurationInput -> GetBucketNotificationConfigurationOutput = configuration::notification;
    get_bucket_ownership_controls: GetBucketOwnershipControlsInput -> GetBucketOwnershipControlsOutput = configuration::ownership;
    get_bucket_policy: GetBucketPolicyInput -> GetBucketPolicyOutput = buckets::policy;
    get_bucket_policy_status: GetBucketPolicyStatusInput -> GetBucketPolicyStatusOutput = buckets::policy_status;
    get_bucket_replication: GetBucketReplicationInput -> GetBucketReplicationOutput = configuration::replication;
    get_bucket_request_payment: GetBucketRequestPaymentInput -> GetBucketRequestPaymentOutput = configuration::request_payment;
    get_bucket_tagging: GetBucketTaggingInput -> GetBucketTaggingOutput = buckets::tagging;
    get_bucket_versioning: GetBucketVersioningInput -> GetBucketVersioningOutput = configuration::versioning;
    get_bucket_website: GetBucketWebsiteInput -> GetBucketWebsiteOutput = configuration::website;
    get_object: GetObjectInput -> GetObjectOutput = objects::get;
    get_object_acl: GetObjectAclInput -> GetObjectAclOutput = configuration::object_acl;
    get_object_attributes: GetObjectAttributesInput -> GetObjectAttributesOutput = parts::attributes;
    get_object_lock_configuration: GetObjectLockConfigurationInput -> GetObjectLockConfigurationOutput = configuration::object_lock;
    get_object_tagging: GetObjectTaggingInput -> GetObjectTaggingOutput = objects::tagging;
    get_public_access_block: GetPublicAccessBlockInput -> GetPublicAccessBlockOutput = configuration::public_access;
    head_bucket: HeadBucketInput -> HeadBucketOutput = buckets::head;
    head_object: HeadObjectInput -> HeadObjectOutput = objects::head;
    list_buckets: ListBucketsInput -> ListBucketsOutput = buckets::list;
    list_multipart_uploads: ListMultipartUploadsInput -> ListMultipartUploadsOutput = listing::uploads;
    list_object_versions: ListObjectVersionsInput -> ListObjectVersionsOutput = listing::versions;
    list_objects: ListObjectsInput -> ListObjectsOutput = listing::objects;
    list_objects_v2: ListObjectsV2Input -> ListObjectsV2Output = listing::objects_v2;
    list_parts: ListPartsInput -> ListPartsOutput = parts::list;
    put_bucket_policy: PutBucketPolicyInput -> PutBucketPolicyOutput = buckets::put_policy;
    put_bucket_tagging: PutBucketTaggingInput -> PutBucketTaggingOutput = buckets::put_tagging;
    put_object: PutObjectInput -> PutObjectOutput = objects::put;
    put_object_tagging: PutObjectTaggingInput -> PutObjectTaggingOutput = objects::put_tagging;
    upload_part: UploadPartInput -> UploadPartOutput = multipart::part;
    upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput = multipart::part_copy;
}
