//! The files of Iceberg tables, through the run's buckets.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use iceberg::io::{
    FileIO, FileIOBuilder, FileMetadata, FileRead, FileWrite, InputFile, OutputFile, Storage, StorageConfig,
    StorageFactory,
};
use iceberg::{Error, ErrorKind, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use crate::environment::{Environment, Stores};
use crate::error::FileError;
use crate::location::Location;
use crate::sink::Upload;

/// The buckets that the run may reach, as the Iceberg library asks for files.
#[derive(Clone)]
struct Files {
    node: Arc<str>,
    stores: Arc<dyn Stores>,
    unfinished: Unfinished,
}

/// Files by their URLs; errors name the node and the file.
pub(crate) fn file_io(environment: &Environment, node: &str) -> FileIO {
    writing_io(environment, node).0
}

/// The same, with what was begun and not ended.
pub(crate) fn writing_io(environment: &Environment, node: &str) -> (FileIO, Unfinished) {
    let unfinished = Unfinished::default();
    let stores = Arc::clone(&environment.stores);
    let files = Files { node: node.into(), stores, unfinished: unfinished.clone() };
    (FileIOBuilder::new(Arc::new(files)).build(), unfinished)
}

/// Uploads whose writers were given up.
#[derive(Clone, Default)]
pub(crate) struct Unfinished(Arc<Mutex<Vec<Upload>>>);

impl Unfinished {
    /// Takes them back.
    pub(crate) async fn take_back(&self) {
        let uploads = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for upload in uploads {
            upload.abort().await;
        }
    }
}

/// A file in its bucket.
struct Place {
    files: Files,
    url: String,
    store: Arc<dyn ObjectStore>,
    key: Path,
}

impl Place {
    fn failed(&self, cause: impl ToString) -> Error {
        self.files.failed(&self.url, cause)
    }
}

impl Files {
    fn failed(&self, url: &str, cause: impl ToString) -> Error {
        let error = FileError::new(self.node.as_ref(), url, cause);
        Error::new(ErrorKind::Unexpected, error.to_string()).with_source(error)
    }

    fn place(&self, url: &str) -> Result<Place> {
        let failed = |cause: String| self.failed(url, cause);
        let location = Location::parse(url).map_err(failed)?;
        let store = self.stores.bucket(&location.bucket).map_err(failed)?;
        let key = Path::parse(&location.key).map_err(|error| failed(error.to_string()))?;
        Ok(Place { files: self.clone(), url: url.to_owned(), store, key })
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("node", &self.node).finish_non_exhaustive()
    }
}

/// What the library asks of a storage that moves between processes. This one stays in its own.
impl serde::Serialize for Files {
    fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("the buckets of a run cannot leave it"))
    }
}

impl StorageFactory for Files {
    fn typetag_name(&self) -> &'static str {
        "Files"
    }

    fn typetag_deserialize(&self) {}

    fn build(&self, _: &StorageConfig) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Storage for Files {
    fn typetag_name(&self) -> &'static str {
        "Files"
    }

    fn typetag_deserialize(&self) {}

    async fn exists(&self, path: &str) -> Result<bool> {
        let place = self.place(path)?;
        match place.store.head(&place.key).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(place.failed(error)),
        }
    }

    async fn metadata(&self, path: &str) -> Result<FileMetadata> {
        let place = self.place(path)?;
        let meta = place.store.head(&place.key).await.map_err(|error| place.failed(error))?;
        Ok(FileMetadata { size: meta.size })
    }

    async fn read(&self, path: &str) -> Result<Bytes> {
        let place = self.place(path)?;
        let found = place.store.get(&place.key).await.map_err(|error| place.failed(error))?;
        found.bytes().await.map_err(|error| place.failed(error))
    }

    async fn reader(&self, path: &str) -> Result<Box<dyn FileRead>> {
        Ok(Box::new(Reader(self.place(path)?)))
    }

    async fn write(&self, path: &str, bytes: Bytes) -> Result<()> {
        let place = self.place(path)?;
        let put = place.store.put(&place.key, PutPayload::from(bytes)).await;
        put.map(drop).map_err(|error| place.failed(error))
    }

    async fn writer(&self, path: &str) -> Result<Box<dyn FileWrite>> {
        let place = self.place(path)?;
        let upload = Upload::new(Arc::clone(&place.store), place.key.clone());
        Ok(Box::new(Writer { place, upload: Some(upload) }))
    }

    async fn delete(&self, path: &str) -> Result<()> {
        let place = self.place(path)?;
        place.store.delete(&place.key).await.map_err(|error| place.failed(error))
    }

    async fn delete_prefix(&self, path: &str) -> Result<()> {
        let place = self.place(path)?;
        let mut found = place.store.list(Some(&place.key));
        while let Some(meta) = found.next().await {
            let meta = meta.map_err(|error| place.failed(error))?;
            place.store.delete(&meta.location).await.map_err(|error| place.failed(error))?;
        }
        Ok(())
    }

    async fn delete_stream(&self, mut paths: BoxStream<'static, String>) -> Result<()> {
        while let Some(path) = paths.next().await {
            self.delete(&path).await?;
        }
        Ok(())
    }

    fn new_input(&self, path: &str) -> Result<InputFile> {
        Ok(InputFile::new(Arc::new(self.clone()), path.to_owned()))
    }

    fn new_output(&self, path: &str) -> Result<OutputFile> {
        Ok(OutputFile::new(Arc::new(self.clone()), path.to_owned()))
    }
}

struct Reader(Place);

#[async_trait]
impl FileRead for Reader {
    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let Self(place) = self;
        place.store.get_range(&place.key, range).await.map_err(|error| place.failed(error))
    }
}

struct Writer {
    place: Place,
    upload: Option<Upload>,
}

#[async_trait]
impl FileWrite for Writer {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match &mut self.upload {
            Some(upload) => upload.put(bytes.into()).await.map_err(|error| self.place.failed(error)),
            None => Err(self.place.failed("it is closed")),
        }
    }

    async fn close(&mut self) -> Result<()> {
        match self.upload.take() {
            Some(upload) => upload.finish().await.map(drop).map_err(|error| self.place.failed(error)),
            None => Err(self.place.failed("it is closed already")),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            let Unfinished(kept) = &self.place.files.unfinished;
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(upload);
        }
    }
}
