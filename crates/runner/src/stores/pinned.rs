//! A bucket of which some files are read as they were when they were listed, or not at all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What a file that was written anew is told by.
const REWRITTEN: &str = "the file was rewritten while the run read it";

/// The bucket.
#[derive(Debug)]
pub(crate) struct Pinned {
    store: Arc<dyn ObjectStore>,
    tags: Mutex<HashMap<Path, String>>,
}

impl Pinned {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, tags: Mutex::default() }
    }

    /// From now on the file is read with this tag only.
    ///
    /// # Errors
    /// Another source of the run has seen it with another tag.
    pub(crate) fn pin(&self, path: Path, tag: String) -> std::result::Result<(), String> {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        match tags.entry(path) {
            Entry::Occupied(known) if *known.get() != tag => Err(REWRITTEN.to_owned()),
            entry => {
                entry.or_insert(tag);
                Ok(())
            }
        }
    }

    fn tag(&self, path: &Path) -> Option<String> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Pinned {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.store.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, mut options: GetOptions) -> Result<GetResult> {
        let pinned = self.tag(path).filter(|_| options.if_match.is_none());
        let is_pinned = pinned.is_some();
        options.if_match = pinned.or(options.if_match);
        match self.store.get_opts(path, options).await {
            Err(Error::Precondition { .. }) if is_pinned => {
                Err(Error::Generic { store: "S3", source: REWRITTEN.into() })
            }
            answer => answer,
        }
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_rewritten_is_not_read_on() {
        let store = Pinned::new(Arc::new(InMemory::new()));
        let (pinned, other) = (Path::from("a"), Path::from("b"));
        for path in [&pinned, &other] {
            store.put(path, "one".into()).await.unwrap();
        }
        let tag = store.head(&pinned).await.unwrap().e_tag.unwrap();
        store.pin(pinned.clone(), tag.clone()).unwrap();
        store.pin(pinned.clone(), tag).unwrap();
        assert_eq!(store.pin(pinned.clone(), "another".to_owned()).unwrap_err(), REWRITTEN);
        assert_eq!(store.get_range(&pinned, 0..3).await.unwrap().as_ref(), b"one");
        for path in [&pinned, &other] {
            store.put(path, "two".into()).await.unwrap();
        }
        let error = store.get_range(&pinned, 0..3).await.unwrap_err().to_string();
        assert!(error.contains(REWRITTEN), "{error}");
        assert_eq!(store.get_range(&other, 0..3).await.unwrap().as_ref(), b"two");
    }
}
