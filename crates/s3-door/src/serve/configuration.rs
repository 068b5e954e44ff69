//! What a bucket can be configured with on S3 and not here: the answers of a bucket where nothing is configured.

use mastic_core::Fault;
use mastic_objects::{GetObject, canonical_id};
use s3s::dto::*;

use super::Asked;
use crate::dto::owner;

fn missing(code: &str, message: &str) -> Fault {
    Fault::sender(code, message).with_status(404)
}

/// Configurations that are not there: the function, its types, and S3's error.
macro_rules! not_configured {
    ($($name:ident: $input:ident -> $output:ident = $code:literal, $message:literal;)*) => {
        $(pub(crate) async fn $name(asked: Asked<$input>) -> Result<$output, Fault> {
            asked.objects.head_bucket(&asked.ctx, &asked.input.bucket)?;
            Err(missing($code, $message))
        })*
    };
}

not_configured! {
    cors: GetBucketCorsInput -> GetBucketCorsOutput =
        "NoSuchCORSConfiguration", "The CORS configuration does not exist";
    encryption: GetBucketEncryptionInput -> GetBucketEncryptionOutput =
        "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found";
    lifecycle: GetBucketLifecycleConfigurationInput -> GetBucketLifecycleConfigurationOutput =
        "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist";
    object_lock: GetObjectLockConfigurationInput -> GetObjectLockConfigurationOutput =
        "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket";
    public_access: GetPublicAccessBlockInput -> GetPublicAccessBlockOutput =
        "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found";
    replication: GetBucketReplicationInput -> GetBucketReplicationOutput =
        "ReplicationConfigurationNotFoundError", "The replication configuration was not found";
    website: GetBucketWebsiteInput -> GetBucketWebsiteOutput =
        "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration";
}

/// Settings that are there and say nothing.
macro_rules! nothing_set {
    ($($name:ident: $input:ident -> $output:ident;)*) => {
        $(pub(crate) async fn $name(asked: Asked<$input>) -> Result<$output, Fault> {
            asked.objects.head_bucket(&asked.ctx, &asked.input.bucket)?;
            Ok($output::default())
        })*
    };
}

nothing_set! {
    accelerate: GetBucketAccelerateConfigurationInput -> GetBucketAccelerateConfigurationOutput;
    logging: GetBucketLoggingInput -> GetBucketLoggingOutput;
    notification: GetBucketNotificationConfigurationInput -> GetBucketNotificationConfigurationOutput;
    versioning: GetBucketVersioningInput -> GetBucketVersioningOutput;
}

pub(crate) async fn request_payment(
    asked: Asked<GetBucketRequestPaymentInput>,
) -> Result<GetBucketRequestPaymentOutput, Fault> {
    asked.objects.head_bucket(&asked.ctx, &asked.input.bucket)?;
    Ok(GetBucketRequestPaymentOutput { payer: Some(Payer::from_static(Payer::BUCKET_OWNER)) })
}

/// ACLs are off, as for every new bucket of S3's.
pub(crate) async fn ownership(
    asked: Asked<GetBucketOwnershipControlsInput>,
) -> Result<GetBucketOwnershipControlsOutput, Fault> {
    asked.objects.head_bucket(&asked.ctx, &asked.input.bucket)?;
    let enforced = ObjectOwnership::from_static(ObjectOwnership::BUCKET_OWNER_ENFORCED);
    let rules = vec![OwnershipControlsRule { object_ownership: enforced }];
    Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) })
}

pub(crate) async fn acl(asked: Asked<GetBucketAclInput>) -> Result<GetBucketAclOutput, Fault> {
    let account = asked.objects.head_bucket(&asked.ctx, &asked.input.bucket)?.owner;
    Ok(GetBucketAclOutput { grants: Some(vec![full_control(&account)]), owner: Some(owner(&account)) })
}

pub(crate) async fn object_acl(asked: Asked<GetObjectAclInput>) -> Result<GetObjectAclOutput, Fault> {
    let Asked { objects, ctx, input, .. } = asked;
    let account = objects.head_bucket(&ctx, &input.bucket)?.owner;
    let get =
        GetObject { bucket: input.bucket, key: input.key, version: input.version_id, ..GetObject::default() };
    objects.get(&ctx, &get)?;
    Ok(GetObjectAclOutput {
        grants: Some(vec![full_control(&account)]),
        owner: Some(owner(&account)),
        request_charged: None,
    })
}

fn full_control(account: &mastic_core::AccountId) -> Grant {
    let grantee = Grantee {
        display_name: None,
        email_address: None,
        id: Some(canonical_id(account)),
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    Grant { grantee: Some(grantee), permission: Some(Permission::from_static(Permission::FULL_CONTROL)) }
}
