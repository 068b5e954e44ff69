use std::sync::Arc;

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;

/// Bytes of a part; S3 wants at least 5 MiB of all but the last.
pub(super) const PART: usize = 8 << 20;
/// Parts of a file that are on their way at once.
const IN_FLIGHT: usize = 2;

/// One object on its way into its bucket: one request if it is small, parts if it is not.
pub(crate) struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    held: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    sent: JoinSet<object_store::Result<()>>,
    size: u64,
}

impl Upload {
    /// Begins the object at `path`; nothing is sent yet.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { store, path, held: Vec::new(), parts: None, sent: JoinSet::new(), size: 0 }
    }

    /// Bytes that wait to be sent.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// All bytes so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds bytes.
    pub(crate) async fn put(&mut self, bytes: Vec<u8>) -> object_store::Result<()> {
        self.size += bytes.len() as u64;
        if self.held.is_empty() {
            self.held = bytes;
        } else {
            self.held.extend(bytes);
        }
        if self.held.len() >= PART { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> object_store::Result<()> {
        if self.parts.is_none() {
            self.parts = Some(self.store.put_multipart(&self.path).await?);
        }
        while self.sent.len() >= IN_FLIGHT {
            self.wait().await?;
        }
        if let Some(parts) = &mut self.parts {
            let part = parts.put_part(PutPayload::from(std::mem::take(&mut self.held)));
            self.sent.spawn(part);
        }
        Ok(())
    }

    async fn wait(&mut self) -> object_store::Result<()> {
        match self.sent.join_next().await {
            None => Ok(()),
            Some(Ok(sent)) => sent,
            Some(Err(source)) => Err(object_store::Error::JoinError { source }),
        }
    }

    /// Makes the object visible.
    pub(crate) async fn finish(mut self) -> object_store::Result<u64> {
        if self.parts.is_none() {
            self.store.put(&self.path, PutPayload::from(self.held)).await?;
            return Ok(self.size);
        }
        if !self.held.is_empty() {
            self.send().await?;
        }
        while !self.sent.is_empty() {
            self.wait().await?;
        }
        if let Some(mut parts) = self.parts.take() {
            parts.complete().await?;
        }
        Ok(self.size)
    }

    /// Takes back what was sent.
    pub(crate) async fn abort(mut self) {
        self.sent.shutdown().await;
        if let Some(mut parts) = self.parts.take()
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(path = %self.path, %error, "an unfinished upload could not be taken back");
        }
    }
}
