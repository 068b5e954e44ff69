//! Which calls are management events, and how CloudTrail names them ("Logging management events", "Logging Amazon S3 API
//! calls using AWS CloudTrail").

use mastic_kernel::AuditRecord;
use mastic_shape::{Operation, Service};

/// The region that has the events of services without regions.
const GLOBAL: &str = "us-east-1";

/// S3's operations on objects and their listings: data events, which event history does not have.
const S3_DATA: [&str; 24] = [
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "PutObjectAcl",
    "PutObjectTagging",
    "SelectObjectContent",
    "UploadPart",
    "UploadPartCopy",
];

/// What an event is called.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) read_only: bool,
    pub(crate) operation: Option<&'static Operation>,
    pub(crate) service: Option<&'static Service>,
}

/// The kind of a record's event; none for what is not in event history.
pub(crate) fn kind(services: &[&'static Service], record: &AuditRecord) -> Option<Kind> {
    let service = services.iter().copied().find(|service| service.id == record.service);
    let operation = service.and_then(|service| service.operation(&record.operation));
    let read_only = match (record.service.as_str(), record.operation.as_str()) {
        ("s3", name) if S3_DATA.contains(&name) => return None,
        ("s3", name) => ["Get", "List", "Head"].iter().any(|verb| name.starts_with(verb)),
        ("logs", "PutLogEvents") => return None,
        // CloudTrail counts all that gives credentials as reading.
        ("sts", _) => true,
        _ => !operation?.mutating(),
    };
    let global = matches!(record.service.as_str(), "iam" | "organizations");
    Some(Kind {
        source: format!("{}.amazonaws.com", record.service),
        name: match record.operation.as_str() {
            "GetBucketLifecycleConfiguration" => "GetBucketLifecycle".to_owned(),
            "GetBucketNotificationConfiguration" => "GetBucketNotification".to_owned(),
            name => name.to_owned(),
        },
        region: if global { GLOBAL.to_owned() } else { record.region.clone() },
        read_only,
        operation,
        service,
    })
}
