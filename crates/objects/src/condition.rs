//! Conditional requests ("Conditional requests" of the Amazon S3 User Guide, RFC 9110 section 13).

use mastic_core::{Fault, Timestamp};

use crate::fault;
use crate::records::ObjectRecord;

/// What an entity tag is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagMatch {
    /// `*`: any object at all.
    Any,
    /// This tag, without quotes.
    Tag(String),
}

impl TagMatch {
    fn matches(&self, object: &ObjectRecord) -> bool {
        match self {
            Self::Any => true,
            Self::Tag(tag) => *tag == object.etag,
        }
    }
}

/// The conditions under which an object is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadConditions {
    /// `If-Match`.
    pub if_match: Option<TagMatch>,
    /// `If-None-Match`.
    pub if_none_match: Option<TagMatch>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// Whether the object is to be sent; false says that the client has it already.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub(crate) fn check(&self, object: &ObjectRecord) -> Result<bool, Fault> {
        match (&self.if_match, self.if_unmodified_since) {
            (Some(wanted), _) if !wanted.matches(object) => return Err(fault::precondition_failed()),
            (None, Some(since)) if object.modified > since => return Err(fault::precondition_failed()),
            _ => {}
        }
        Ok(match (&self.if_none_match, self.if_modified_since) {
            (Some(had), _) => !had.matches(object),
            (None, Some(since)) => object.modified > since,
            (None, None) => true,
        })
    }
}

/// The conditions under which an object is written or deleted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WriteConditions {
    /// `If-Match`.
    pub if_match: Option<TagMatch>,
    /// `If-None-Match`, of which S3 knows `*` only.
    pub if_none_match: Option<TagMatch>,
}

impl WriteConditions {
    /// Checks against what is there.
    ///
    /// # Errors
    /// `PreconditionFailed`, `NoSuchKey` for a tag demanded of nothing, `NotImplemented` for `If-None-Match` with a
    /// tag, as on S3.
    pub(crate) fn check(&self, present: Option<&ObjectRecord>) -> Result<(), Fault> {
        match (&self.if_none_match, present) {
            (Some(TagMatch::Tag(_)), _) => {
                return Err(Fault::sender(
                    "NotImplemented",
                    "A header you provided implies functionality that is not implemented",
                )
                .with_status(501));
            }
            (Some(TagMatch::Any), Some(_)) => return Err(fault::precondition_failed()),
            _ => {}
        }
        match (&self.if_match, present) {
            (Some(_), None) => Err(fault::no_such_key()),
            (Some(wanted), Some(object)) if !wanted.matches(object) => Err(fault::precondition_failed()),
            _ => Ok(()),
        }
    }
}
