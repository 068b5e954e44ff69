//! Immutable files with the bytes of objects: `blobs/xx/<id>`, where `xx` are the first two digits of the id.
//!
//! A blob is written beside its place, made durable, and only then given its name; the index may
//! refer to it from then on. What a crash leaves behind nothing refers to, and the sweeper removes it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use mastic_core::{Entropy, Timestamp, failpoint};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// How much of a blob is read at once.
const CHUNK: u64 = 512 * 1024;

/// The name of a blob: 16 random hexadecimal digits and 16 of the time in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BlobId(String);

impl BlobId {
    fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self(format!("{}{:016x}", entropy.hex(8), now.millis()))
    }

    fn parse(name: &str) -> Option<Self> {
        let legal = name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
        legal.then(|| Self(name.to_owned()))
    }

    /// When it was begun.
    pub(crate) fn time(&self) -> Timestamp {
        let millis = self.0.get(16..).and_then(|digits| i64::from_str_radix(digits, 16).ok());
        Timestamp::from_millis(millis.unwrap_or_default())
    }

    fn shard(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }
}

/// Whether a blob is on disk for certain before its object is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// File and directory are synchronized: it survives a loss of power.
    #[default]
    Full,
    /// The operating system writes it in its own time: it survives a crash of the server only.
    Relaxed,
}

/// The blob directory.
#[derive(Clone)]
pub(crate) struct Blobs {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    durability: Durability,
    /// Blobs that the index may refer to at any moment; the sweeper leaves them alone.
    pending: Mutex<HashSet<BlobId>>,
}

impl Blobs {
    /// Opens the directory `blobs` of `data`, making it where it is missing, and drops what a crash has
    /// left half written.
    pub(crate) fn open(data: &Path, durability: Durability) -> io::Result<Self> {
        let root = data.join("blobs");
        fs::create_dir_all(&root)?;
        let blobs = Self { inner: Arc::new(Inner { root, durability, pending: Mutex::default() }) };
        let unfinished = blobs.unfinished();
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir(&unfinished)?;
        Ok(blobs)
    }

    fn unfinished(&self) -> PathBuf {
        self.inner.root.join("new")
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        self.inner.root.join(id.shard()).join(&id.0)
    }

    /// Begins a blob.
    pub(crate) fn create(&self, now: Timestamp, entropy: &dyn Entropy) -> io::Result<BlobWriter> {
        let id = BlobId::new(now, entropy);
        let path = self.unfinished().join(&id.0);
        let file = File::options().write(true).create_new(true).open(&path)?;
        self.inner.pending.lock().insert(id.clone());
        let pending = PendingBlob { blobs: self.clone(), id };
        Ok(BlobWriter { file, unfinished: Unfinished(path), pending })
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        match self.inner.durability {
            Durability::Full => File::open(path)?.sync_all(),
            Durability::Relaxed => Ok(()),
        }
    }

    /// The blobs of one of the 256 directories, except those being written.
    pub(crate) fn list(&self, shard: u8) -> io::Result<Vec<BlobId>> {
        let entries = match fs::read_dir(self.inner.root.join(format!("{shard:02x}"))) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            found.extend(entry?.file_name().to_str().and_then(BlobId::parse));
        }
        let pending = self.inner.pending.lock();
        found.retain(|id| !pending.contains(id));
        Ok(found)
    }

    /// Removes a blob that nothing refers to.
    pub(crate) fn remove(&self, id: &BlobId) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads stretches of blobs one after the other.
    pub(crate) fn read(
        &self,
        stretches: Vec<Stretch>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let reader = Reader { blobs: self.clone(), stretches: stretches.into_iter(), open: None };
        futures::stream::try_unfold(reader, |mut reader| async move {
            let step = tokio::task::spawn_blocking(move || {
                let bytes = reader.next()?;
                Ok::<_, io::Error>(bytes.map(|bytes| (bytes, reader)))
            });
            step.await.map_err(io::Error::other)?
        })
    }
}

/// A part of a blob.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) blob: BlobId,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

struct Reader {
    blobs: Blobs,
    stretches: std::vec::IntoIter<Stretch>,
    open: Option<(File, Stretch)>,
}

impl Reader {
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let Some((file, stretch)) = &mut self.open else {
                let Some(stretch) = self.stretches.next() else {
                    return Ok(None);
                };
                let mut file = File::open(self.blobs.path(&stretch.blob))?;
                file.seek(SeekFrom::Start(stretch.offset))?;
                self.open = Some((file, stretch));
                continue;
            };
            if stretch.length == 0 {
                self.open = None;
                continue;
            }
            let wanted = usize::try_from(stretch.length.min(CHUNK)).unwrap_or_default();
            // Other than for an exact read the buffer need not be filled with zeros first.
            let mut buffer = Vec::with_capacity(wanted);
            file.take(wanted as u64).read_to_end(&mut buffer)?;
            if buffer.len() < wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            stretch.length -= wanted as u64;
            return Ok(Some(buffer.into()));
        }
    }
}

/// A blob being written; dropped before [`BlobWriter::finish`] it leaves nothing.
pub(crate) struct BlobWriter {
    file: File,
    unfinished: Unfinished,
    pending: PendingBlob,
}

/// A file that is removed unless it is renamed before.
struct Unfinished(PathBuf);

impl BlobWriter {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        failpoint::pass("blob.write")?;
        self.file.write_all(bytes)
    }

    /// Makes the blob durable and gives it its name.
    pub(crate) fn finish(self) -> io::Result<PendingBlob> {
        let blobs = &self.pending.blobs;
        if blobs.inner.durability == Durability::Full {
            self.file.sync_data()?;
        }
        let target = blobs.path(&self.pending.id);
        let shard = blobs.inner.root.join(self.pending.id.shard());
        if let Err(error) = fs::rename(&self.unfinished.0, &target) {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            fs::create_dir_all(&shard)?;
            blobs.sync_directory(&blobs.inner.root)?;
            fs::rename(&self.unfinished.0, &target)?;
        }
        blobs.sync_directory(&shard)?;
        failpoint::pass("blob.kept")?;
        Ok(self.pending)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "an unfinished blob could not be removed");
            }
            _ => {}
        }
    }
}

/// A blob on its way into the index: as long as this lives, the sweeper leaves the blob alone. It
/// belongs into the transaction that refers to the blob.
pub(crate) struct PendingBlob {
    blobs: Blobs,
    id: BlobId,
}

impl PendingBlob {
    pub(crate) fn id(&self) -> &BlobId {
        &self.id
    }
}

impl Drop for PendingBlob {
    fn drop(&mut self) {
        self.blobs.inner.pending.lock().remove(&self.id);
    }
}
