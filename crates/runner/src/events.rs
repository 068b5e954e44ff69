use std::io::{Stdout, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mastic_core::Timestamp;
use mastic_handoff::{Event, Finish, Log, SessionEvent, to_line};

/// Where a run's events go.
#[derive(Clone)]
pub(crate) enum Events {
    /// Lines of the standard output, which the server reads.
    Told(Arc<Stdout>),
    /// Nowhere: what a crawl that is planned only would print is kept.
    Kept(Arc<Mutex<Vec<String>>>),
}

impl Events {
    pub(crate) fn new() -> Self {
        Self::Told(Arc::new(std::io::stdout()))
    }

    pub(crate) fn keeping() -> Self {
        Self::Kept(Arc::default())
    }

    /// The lines that were kept.
    pub(crate) fn kept(&self) -> Vec<String> {
        match self {
            Self::Told(_) => Vec::new(),
            Self::Kept(lines) => std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn tell(&self, event: Event) {
        match (self, event) {
            (Self::Told(out), event) => {
                if let Ok(line) = to_line(&event) {
                    // A server that is gone has closed the input too, and that ends the process.
                    let _ = out.lock().write_all(line.as_bytes());
                }
            }
            (Self::Kept(lines), Event::Log { line, .. }) => {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
            (Self::Kept(_), _) => {}
        }
    }

    /// A line of what the run prints.
    pub(crate) fn output(&self, line: impl Into<String>) {
        self.tell(Event::Log { log: Log::Output, line: line.into() });
    }

    /// A line of what goes wrong.
    pub(crate) fn error(&self, line: impl Into<String>) {
        self.tell(Event::Log { log: Log::Error, line: line.into() });
    }

    /// How far the run is.
    pub(crate) fn progress(&self, done: u64) {
        self.tell(Event::Progress { done });
    }

    /// What a session has to say.
    pub(crate) fn session(&self, event: SessionEvent) {
        self.tell(Event::Session(event));
    }

    /// The end.
    pub(crate) fn finish(&self, finish: Finish) {
        self.tell(Event::Finished(finish));
    }
}

/// Lets through one event in a while.
pub(crate) struct Pace {
    every: Duration,
    last: Timestamp,
}

impl Pace {
    /// One event every so often, the first one at once.
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, last: Timestamp::default() }
    }

    /// Whether it is time for one.
    pub(crate) fn due(&mut self, now: Timestamp) -> bool {
        let due = now.since(self.last) >= self.every;
        if due {
            self.last = now;
        }
        due
    }
}
