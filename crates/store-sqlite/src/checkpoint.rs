use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use mastic_store::StoreError;

use crate::connection::Sql;

/// Written bytes after which the log is worth copying into the database.
const WORTHWHILE: u64 = 4 << 20;

/// Copies the log into the database on a thread of its own, so that no commit waits for it.
pub(crate) struct Checkpointer {
    written: AtomicU64,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(database: PathBuf) -> Result<Self, StoreError> {
        let (wake, woken) = sync_channel::<()>(1);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                let mut connection = None;
                while woken.recv().is_ok() {
                    if connection.is_none() {
                        connection = Sql::bare(&database).ok();
                    }
                    // What fails here is tried again after the next writes, and by the writer itself when the
                    // log has grown too far; nothing is lost meanwhile.
                    if connection.as_ref().is_some_and(|sql: &Sql| sql.checkpoint().is_err()) {
                        connection = None;
                    }
                }
            })
            .map_err(|error| StoreError::Io(error.to_string().into()))?;
        Ok(Self { written: AtomicU64::new(0), wake: Some(wake), thread: Some(thread) })
    }

    /// Tells of a commit of that many bytes.
    pub(crate) fn committed(&self, bytes: u64) {
        if self.written.fetch_add(bytes, Ordering::Relaxed) + bytes >= WORTHWHILE {
            self.written.store(0, Ordering::Relaxed);
            if let Some(wake) = &self.wake {
                // A full channel means that a checkpoint is due already.
                let _ = wake.try_send(());
            }
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
