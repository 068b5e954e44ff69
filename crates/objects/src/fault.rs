//! S3's errors ("Error responses" of the Amazon S3 API reference).

use mastic_core::Fault;

fn fault(code: &str, status: u16, message: impl Into<String>) -> Fault {
    Fault::sender(code, message).with_status(status)
}

/// No bucket of this name.
#[must_use]
pub fn no_such_bucket() -> Fault {
    fault("NoSuchBucket", 404, "The specified bucket does not exist")
}

/// No object at this key.
#[must_use]
pub fn no_such_key() -> Fault {
    fault("NoSuchKey", 404, "The specified key does not exist.")
}

/// The plain denial, where S3 gives no reason.
#[must_use]
pub fn access_denied() -> Fault {
    fault("AccessDenied", 403, "Access Denied")
}

/// A request that is not valid for the reason told.
#[must_use]
pub fn invalid_request(message: impl Into<String>) -> Fault {
    fault("InvalidRequest", 400, message)
}

/// An argument that is not valid for the reason told.
#[must_use]
pub fn invalid_argument(message: impl Into<String>) -> Fault {
    fault("InvalidArgument", 400, message)
}

/// A function of S3 that Mastic does not have, by name.
#[must_use]
pub fn not_implemented(what: &str) -> Fault {
    let message = format!("Mastic does not implement {what} of S3 yet. See docs/differences.md.");
    fault("NotImplemented", 501, message)
}

/// A body that is no document of the operation's schema.
#[must_use]
pub fn malformed_xml() -> Fault {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    fault("MalformedXML", 400, message)
}

/// A kernel's denial in S3's form: its own code and status, the resource in double quotes.
#[must_use]
pub fn denied(refused: Fault) -> Fault {
    if refused.code() != "AccessDeniedException" {
        return refused;
    }
    if refused.message().starts_with("User: anonymous ") {
        return access_denied();
    }
    let mut message = refused.message().to_owned();
    if let Some((head, tail)) = message.split_once(" on resource: ")
        && !tail.starts_with('"')
    {
        let end =
            [" because no ", " with an explicit deny "].iter().filter_map(|mark| tail.rfind(mark)).min();
        let (resource, rest) = tail.split_at(end.unwrap_or(tail.len()));
        message = format!("{head} on resource: \"{resource}\"{rest}");
    }
    refused.with_code("AccessDenied").with_status(403).with_message(message)
}

pub(crate) fn precondition_failed() -> Fault {
    fault("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
}

pub(crate) fn no_such_upload() -> Fault {
    fault(
        "NoSuchUpload",
        404,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
}

pub(crate) fn invalid_part() -> Fault {
    fault(
        "InvalidPart",
        400,
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    )
}

pub(crate) fn invalid_part_order() -> Fault {
    fault(
        "InvalidPartOrder",
        400,
        "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
    )
}

pub(crate) fn entity_too_small() -> Fault {
    fault("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size")
}

pub(crate) fn entity_too_large() -> Fault {
    fault("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
}

pub(crate) fn invalid_range() -> Fault {
    fault("InvalidRange", 416, "The requested range is not satisfiable")
}

pub(crate) fn invalid_part_number() -> Fault {
    fault("InvalidPartNumber", 416, "The requested partnumber is not satisfiable")
}

pub(crate) fn invalid_tag(message: &str) -> Fault {
    fault("InvalidTag", 400, message)
}

pub(crate) fn too_many_tags(most: usize) -> Fault {
    match most {
        10 => fault("BadRequest", 400, "Object tags cannot be greater than 10"),
        _ => fault("BadRequest", 400, format!("Bucket tag count cannot be greater than {most}")),
    }
}

pub(crate) fn bad_digest(what: &str) -> Fault {
    match what {
        "Content-MD5" => {
            fault("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
        }
        _ => fault(
            "BadDigest",
            400,
            format!("The {what} you specified did not match the calculated checksum."),
        ),
    }
}

pub(crate) fn invalid_digest() -> Fault {
    fault("InvalidDigest", 400, "The Content-MD5 you specified was invalid.")
}

pub(crate) fn malformed_trailer() -> Fault {
    fault(
        "MalformedTrailerError",
        400,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    )
}

pub(crate) fn incomplete_body() -> Fault {
    fault(
        "IncompleteBody",
        400,
        "You did not provide the number of bytes specified by the Content-Length HTTP header.",
    )
}

pub(crate) fn invalid_storage_class() -> Fault {
    fault("InvalidStorageClass", 400, "The storage class you specified is not valid")
}

pub(crate) fn invalid_bucket_name() -> Fault {
    fault("InvalidBucketName", 400, "The specified bucket is not valid.")
}

pub(crate) fn bucket_exists() -> Fault {
    fault(
        "BucketAlreadyExists",
        409,
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
    )
}

pub(crate) fn bucket_owned() -> Fault {
    fault(
        "BucketAlreadyOwnedByYou",
        409,
        "Your previous request to create the named bucket succeeded and you already own it.",
    )
}

pub(crate) fn bucket_not_empty() -> Fault {
    fault("BucketNotEmpty", 409, "The bucket you tried to delete is not empty")
}

pub(crate) fn location(constraint: Option<&str>) -> Fault {
    let what = constraint.unwrap_or("unspecified");
    fault(
        "IllegalLocationConstraintException",
        400,
        format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        ),
    )
}

pub(crate) fn invalid_location() -> Fault {
    fault("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")
}

pub(crate) fn malformed_policy(message: impl Into<String>) -> Fault {
    fault("MalformedPolicy", 400, message)
}

pub(crate) fn no_bucket_policy() -> Fault {
    fault("NoSuchBucketPolicy", 404, "The bucket policy does not exist")
}

pub(crate) fn no_tag_set() -> Fault {
    fault("NoSuchTagSet", 404, "The TagSet does not exist")
}

pub(crate) fn metadata_too_large() -> Fault {
    fault("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size")
}

pub(crate) fn key_too_long() -> Fault {
    fault("KeyTooLongError", 400, "Your key is too long")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        denied(Fault::sender("AccessDeniedException", text)).message().to_owned()
    }

    #[test]
    fn a_denial_quotes_its_resource() {
        assert_eq!(
            shown(
                "User: u is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because no r"
            ),
            "User: u is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/k\" because no r"
        );
        assert_eq!(
            shown(
                "User: u is not authorized to perform: s3:A on resource: a with an explicit deny in a policy"
            ),
            "User: u is not authorized to perform: s3:A on resource: \"a\" with an explicit deny in a policy"
        );
        assert_eq!(
            shown(
                "User: u is not authorized to perform: s3:A on resource: a:b with an explicit deny in a service control policy: arn:p"
            ),
            "User: u is not authorized to perform: s3:A on resource: \"a:b\" with an explicit deny in a service control policy: arn:p"
        );
        assert_eq!(shown("User: anonymous is not authorized to perform: x"), "Access Denied");
        assert_eq!(denied(no_such_key()), no_such_key());
    }
}
