//! The end of a run that nobody queues: a crawl, or a computation of statistics.

use mastic_core::{Fault, Timestamp};
use mastic_store::WriteTx;
use mastic_store::overlay::{PublishError, publish};

use crate::Jobs;
use crate::execution::Ending;

impl Jobs {
    /// Ends a run with `close`. On success what it staged and its end become true in one transaction; where another writer
    /// was faster at `what`, and on any other end, nothing of it is kept. Calling it again goes on.
    pub(crate) async fn conclude_staged(
        &self,
        id: &str,
        ending: Ending,
        what: &'static str,
        close: impl Fn(&mut WriteTx<'_>, Timestamp, &Ending) -> Result<(), Fault> + Clone + Send + 'static,
    ) -> Result<(), Fault> {
        let ending = if let Ending::Succeeded(_) = &ending {
            let (run, now, end, succeeded) =
                (id.to_owned(), self.background.now(), close.clone(), ending.clone());
            let publishing = self.background.write(move |tx| match publish(tx, &run) {
                Ok(_) => end(tx, now, &succeeded).map(|()| None),
                Err(PublishError::Conflict(conflict)) => Ok(Some(conflict.to_string())),
                Err(PublishError::Store(error)) => Err(Fault::from(error)),
            });
            match publishing.await? {
                None => return Ok(()),
                Some(conflict) => {
                    let text = format!(
                        "Another writer changed {what} too: {conflict}. Nothing of this run was kept."
                    );
                    Ending::Failed(text.into())
                }
            }
        } else {
            ending
        };
        // The output goes first: a server that dies in between finds the run open and comes here again.
        self.end_sessions(id).await?;
        self.background.discard_staged(id).await?;
        let now = self.background.now();
        self.background.write(move |tx| close(tx, now, &ending)).await
    }
}
