//! Listing multipart uploads and their parts.

use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::list::{page_size, rollup};
use crate::multipart::{UploadKey, require_upload};
use crate::records::{PARTS, PartRecord, UPLOADS, UploadRecord};
use crate::service::require_bucket;
use crate::{Objects, fault};

/// Which uploads to list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListUploads {
    /// The bucket.
    pub bucket: String,
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys are rolled up to their first occurrence of this behind the prefix.
    pub delimiter: Option<String>,
    /// Only what comes after this key,
    pub after_key: Option<String>,
    /// or after this upload of it.
    pub after_id: Option<String>,
    /// The page's size, 1000 at most.
    pub most: Option<i32>,
}

/// A page of uploads.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadPage {
    /// Keys, ids and uploads, in order.
    pub uploads: Vec<(String, String, UploadRecord)>,
    /// Common prefixes, in order.
    pub prefixes: Vec<String>,
    /// The key and id behind which the next page begins; the id is empty behind a common prefix.
    pub next: Option<(String, String)>,
    /// The page's size.
    pub most: usize,
}

/// A page of parts.
#[derive(Debug, Clone, PartialEq)]
pub struct PartPage {
    /// The upload.
    pub upload: UploadRecord,
    /// Numbers and parts, in order.
    pub parts: Vec<(u32, PartRecord)>,
    /// The number behind which the next page begins.
    pub next: Option<u32>,
    /// The page's size.
    pub most: usize,
}

impl Objects {
    /// `ListMultipartUploads`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `InvalidArgument`.
    pub fn uploads(&self, ctx: &Ctx, list: &ListUploads) -> Result<UploadPage, Fault> {
        let most = page_size(list.most, "max-uploads")?;
        let bucket = list.bucket.as_str();
        let rolled = |key: &str| rollup(key, &list.prefix, list.delimiter.as_deref());
        ctx.read(|tx| {
            require_bucket(tx, bucket)?;
            let mut page = UploadPage { uploads: Vec::new(), prefixes: Vec::new(), next: None, most };
            if most == 0 {
                return Ok(page);
            }
            let mut range = UPLOADS.prefix_text((bucket,), &list.prefix);
            if let Some(key) = list.after_key.as_deref().filter(|key| !key.is_empty()) {
                range = match (rolled(key), list.after_id.as_deref().filter(|id| !id.is_empty())) {
                    (Some(prefix), _) => range.past_text((bucket,), &prefix),
                    (None, Some(id)) => range.after(&(bucket, key, id)),
                    (None, None) => range.past((bucket, key)),
                };
            }
            let mut last = None;
            loop {
                let mut jump = None;
                for row in UPLOADS.scan(tx, range.clone()) {
                    let ((_, key, id), upload) = row?;
                    if page.uploads.len() + page.prefixes.len() == most {
                        page.next = last;
                        return Ok(page);
                    }
                    if let Some(prefix) = rolled(&key) {
                        last = Some((prefix.clone(), String::new()));
                        page.prefixes.push(prefix.clone());
                        jump = Some(prefix);
                        break;
                    }
                    last = Some((key.clone(), id.clone()));
                    page.uploads.push((key, id, upload));
                }
                match jump {
                    Some(prefix) => range = range.past_text((bucket,), &prefix),
                    None => return Ok(page),
                }
            }
        })
    }

    /// `ListParts`.
    ///
    /// # Errors
    /// `NoSuchUpload`, `InvalidArgument`.
    pub fn parts(
        &self,
        ctx: &Ctx,
        upload: &UploadKey,
        after: Option<i32>,
        most: Option<i32>,
    ) -> Result<PartPage, Fault> {
        let most = page_size(most, "max-parts")?;
        let after = u32::try_from(after.unwrap_or_default())
            .map_err(|_| fault::invalid_argument("Argument part-number-marker must be a positive integer"))?;
        ctx.read(|tx| {
            let record = require_upload(tx, upload)?;
            let mut page = PartPage { upload: record, parts: Vec::new(), next: None, most };
            let range = PARTS.prefix((upload.id.as_str(),)).after(&(upload.id.as_str(), after));
            for row in PARTS.scan(tx, range) {
                let ((_, number), part) = row?;
                if page.parts.len() == most {
                    page.next = page.parts.last().map(|(number, _)| *number);
                    break;
                }
                page.parts.push((number, part));
            }
            Ok(page)
        })
    }
}
