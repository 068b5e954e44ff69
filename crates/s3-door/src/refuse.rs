//! What S3 has and Mastic does not: it is refused by name, never passed over.

use http::request::Parts;
use http::{HeaderMap, Method};
use mastic_core::Fault;
use mastic_objects::fault;

use crate::query;

/// Sub-resources of operations that s3s does not know; it would take the request for another one, or not say
/// which one it is.
const UNKNOWN: &[(&str, &str)] = &[
    ("abac", "BucketAbac"),
    ("encryption", "UpdateObjectEncryption"),
    ("metadataConfiguration", "BucketMetadataConfiguration"),
    ("metadataInventoryTable", "UpdateBucketMetadataInventoryTableConfiguration"),
    ("metadataJournalTable", "UpdateBucketMetadataJournalTableConfiguration"),
    ("renameObject", "RenameObject"),
];

/// Refuses an operation that s3s does not know.
pub(crate) fn unknown_operation(request: &Parts, of_object: bool) -> Option<Fault> {
    let parameters = query::parameters(request.uri.query());
    let (_, operation) = UNKNOWN.iter().find(|(name, _)| {
        let known = *name == "encryption" && !of_object;
        !known && parameters.iter().any(|(found, _)| found == name)
    })?;
    let verb = match (operation.starts_with("Bucket"), &request.method) {
        (false, _) => "",
        (true, &Method::GET) => "Get",
        (true, &Method::DELETE) => "Delete",
        (true, &Method::POST) => "Create",
        (true, _) => "Put",
    };
    Some(fault::not_implemented(&format!("the operation {verb}{operation}")))
}

/// Refuses headers that ask for what is not there.
pub(crate) fn headers(headers: &HeaderMap) -> Result<(), Fault> {
    for (name, value) in headers {
        let name = name.as_str();
        let value = value.to_str().unwrap_or_default();
        let encryption = name.starts_with("x-amz-server-side-encryption")
            || name.starts_with("x-amz-copy-source-server-side-encryption");
        if encryption {
            return Err(fault::not_implemented(&format!("server-side encryption (the header {name})")));
        }
        if name.starts_with("x-amz-grant-") || (name == "x-amz-acl" && !harmless_acl(value)) {
            return Err(Fault::sender("AccessControlListNotSupported", "The bucket does not allow ACLs"));
        }
        if name.starts_with("x-amz-object-lock-") {
            return Err(fault::invalid_request("Bucket is missing Object Lock Configuration"));
        }
        let unknown = match name {
            "x-amz-bucket-object-lock-enabled" => value == "true",
            "x-amz-object-ownership" => value != "BucketOwnerEnforced",
            "x-amz-write-offset-bytes" => true,
            _ => false,
        };
        if unknown {
            return Err(fault::not_implemented(&format!("the header {name} with the value {value}")));
        }
    }
    Ok(())
}

/// With ACLs off, as they are for every new bucket of S3's, these two say what is true anyway.
fn harmless_acl(acl: &str) -> bool {
    matches!(acl, "private" | "bucket-owner-full-control")
}
