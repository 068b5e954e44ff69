//! What lies under an include path.

use mastic_client::S3;
use mastic_crawl::walk::{Folders, Listed};
use mastic_crawl::{Choice, Include};

use crate::failure::Failure;

/// An object that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) size: u64,
}

/// Lists the objects of a target that are to be looked at, in the order of their keys.
pub(super) async fn list(s3: &S3, include: &Include) -> Result<Vec<Object>, Failure> {
    let told = |error| Failure::from(error).at(include.url(&include.prefix));
    let mut choice = include.choose();
    let mut objects = Vec::new();
    if !include.folder {
        // An object of just this name is the first of all that begin with it.
        let (page, _) =
            s3.list_page(&include.bucket, &include.prefix, None, None, Some(1)).await.map_err(told)?;
        for object in page.objects.into_iter().filter(|object| object.key == include.prefix) {
            if choice.takes(&object.key, object.size) {
                objects.push(Object { key: object.key, size: object.size });
            }
        }
    }
    below(s3, include, &include.base(), &mut choice, &mut objects).await?;
    Ok(objects)
}

/// Lists the objects below one folder of a target.
pub(super) async fn list_folder(s3: &S3, include: &Include, folder: &str) -> Result<Vec<Object>, Failure> {
    let mut objects = Vec::new();
    below(s3, include, folder, &mut include.choose(), &mut objects).await?;
    Ok(objects)
}

async fn below(
    s3: &S3,
    include: &Include,
    folder: &str,
    choice: &mut Choice<'_>,
    objects: &mut Vec<Object>,
) -> Result<(), Failure> {
    let mut token = None;
    loop {
        let page = s3.list_page(&include.bucket, folder, None, token.as_deref(), None).await;
        let (page, next) = page.map_err(|error| Failure::from(error).at(include.url(folder)))?;
        for object in page.objects {
            if choice.takes(&object.key, object.size) {
                objects.push(Object { key: object.key, size: object.size });
            }
        }
        token = next;
        if token.is_none() {
            return Ok(());
        }
    }
}

/// The bucket of a target, folder by folder.
pub(super) struct Bucket<'a> {
    pub(super) s3: S3,
    pub(super) include: &'a Include,
}

impl Folders for Bucket<'_> {
    type Error = Failure;

    async fn list(&self, folder: &str) -> Result<Listed, Failure> {
        let listing = self.s3.list(&self.include.bucket, folder, Some("/")).await;
        let listing = listing.map_err(|error| Failure::from(error).at(self.include.url(folder)))?;
        let objects = listing.objects.into_iter().map(|object| (object.key, object.size));
        Ok(Listed { folders: listing.prefixes, objects: objects.collect() })
    }
}
