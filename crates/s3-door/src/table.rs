//! What each operation needs ("Actions, resources, and condition keys for Amazon S3", "Required permissions for
//! Amazon S3 API operations"). What is not here is not served.

/// What an operation's action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// All buckets of an account.
    Service,
    /// The bucket.
    Bucket,
    /// The object.
    Object,
    /// The entries of a batch, each for itself.
    Entries,
}

/// Operation, action, and what it is about.
const TABLE: &[(&str, &str, On)] = &[
    ("AbortMultipartUpload", "s3:AbortMultipartUpload", On::Object),
    ("CompleteMultipartUpload", "s3:PutObject", On::Object),
    ("CopyObject", "s3:PutObject", On::Object),
    ("CreateBucket", "s3:CreateBucket", On::Bucket),
    ("CreateMultipartUpload", "s3:PutObject", On::Object),
    ("DeleteBucket", "s3:DeleteBucket", On::Bucket),
    ("DeleteBucketPolicy", "s3:DeleteBucketPolicy", On::Bucket),
    ("DeleteBucketTagging", "s3:PutBucketTagging", On::Bucket),
    ("DeleteObject", "s3:DeleteObject", On::Object),
    ("DeleteObjectTagging", "s3:DeleteObjectTagging", On::Object),
    ("DeleteObjects", "s3:DeleteObject", On::Entries),
    ("GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", On::Bucket),
    ("GetBucketAcl", "s3:GetBucketAcl", On::Bucket),
    ("GetBucketCors", "s3:GetBucketCORS", On::Bucket),
    ("GetBucketEncryption", "s3:GetEncryptionConfiguration", On::Bucket),
    ("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", On::Bucket),
    ("GetBucketLocation", "s3:GetBucketLocation", On::Bucket),
    ("GetBucketLogging", "s3:GetBucketLogging", On::Bucket),
    ("GetBucketNotificationConfiguration", "s3:GetBucketNotification", On::Bucket),
    ("GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", On::Bucket),
    ("GetBucketPolicy", "s3:GetBucketPolicy", On::Bucket),
    ("GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", On::Bucket),
    ("GetBucketReplication", "s3:GetReplicationConfiguration", On::Bucket),
    ("GetBucketRequestPayment", "s3:GetBucketRequestPayment", On::Bucket),
    ("GetBucketTagging", "s3:GetBucketTagging", On::Bucket),
    ("GetBucketVersioning", "s3:GetBucketVersioning", On::Bucket),
    ("GetBucketWebsite", "s3:GetBucketWebsite", On::Bucket),
    ("GetObject", "s3:GetObject", On::Object),
    ("GetObjectAcl", "s3:GetObjectAcl", On::Object),
    ("GetObjectAttributes", "s3:GetObject", On::Object),
    ("GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", On::Bucket),
    ("GetObjectTagging", "s3:GetObjectTagging", On::Object),
    ("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", On::Bucket),
    ("HeadBucket", "s3:ListBucket", On::Bucket),
    ("HeadObject", "s3:GetObject", On::Object),
    ("ListBuckets", "s3:ListAllMyBuckets", On::Service),
    ("ListMultipartUploads", "s3:ListBucketMultipartUploads", On::Bucket),
    ("ListObjectVersions", "s3:ListBucketVersions", On::Bucket),
    ("ListObjects", "s3:ListBucket", On::Bucket),
    ("ListObjectsV2", "s3:ListBucket", On::Bucket),
    ("ListParts", "s3:ListMultipartUploadParts", On::Object),
    ("PutBucketPolicy", "s3:PutBucketPolicy", On::Bucket),
    ("PutBucketTagging", "s3:PutBucketTagging", On::Bucket),
    ("PutObject", "s3:PutObject", On::Object),
    ("PutObjectTagging", "s3:PutObjectTagging", On::Object),
    ("UploadPart", "s3:PutObject", On::Object),
    ("UploadPartCopy", "s3:PutObject", On::Object),
];

/// The action of an operation and what it is about; none where the operation is not served.
pub(crate) fn row(operation: &str) -> Option<(&'static str, On)> {
    let index = TABLE.binary_search_by_key(&operation, |(name, _, _)| name).ok()?;
    TABLE.get(index).map(|(_, action, on)| (*action, *on))
}

/// What an action is called where the request names a version.
pub(crate) fn of_version(action: &str) -> &str {
    match action {
        "s3:GetObject" => "s3:GetObjectVersion",
        "s3:GetObjectAcl" => "s3:GetObjectVersionAcl",
        "s3:GetObjectAttributes" => "s3:GetObjectVersionAttributes",
        "s3:GetObjectTagging" => "s3:GetObjectVersionTagging",
        "s3:PutObjectTagging" => "s3:PutObjectVersionTagging",
        "s3:DeleteObject" => "s3:DeleteObjectVersion",
        "s3:DeleteObjectTagging" => "s3:DeleteObjectVersionTagging",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found() {
        assert!(TABLE.is_sorted_by_key(|(name, _, _)| *name));
        for (name, action, on) in TABLE {
            assert_eq!(row(name), Some((*action, *on)));
        }
        assert_eq!(row("PutBucketVersioning"), None);
    }
}
