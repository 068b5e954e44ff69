use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use mastic_core::Timestamp;
use mastic_handoff::{Event, Finish, Log, to_line};

/// Where a run's events go. Clones go to the same place.
#[derive(Clone)]
pub(crate) struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Events as lines of the standard output, where the server reads them.
    pub(crate) fn to_stdout() -> Self {
        Self(Arc::new(|event| {
            if let Ok(line) = to_line(&event) {
                // A server that is gone has closed the input too, and that ends the process.
                let _ = std::io::stdout().lock().write_all(line.as_bytes());
            }
        }))
    }

    /// Events into a sink of the test's own.
    #[cfg(test)]
    pub(crate) fn to(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// A line of what the run prints.
    pub(crate) fn output(&self, line: impl Into<String>) {
        (self.0)(Event::Log { log: Log::Output, line: line.into() });
    }

    /// A line of what goes wrong.
    pub(crate) fn error(&self, line: impl Into<String>) {
        (self.0)(Event::Log { log: Log::Error, line: line.into() });
    }

    /// How far the run is.
    pub(crate) fn progress(&self, done: u64) {
        (self.0)(Event::Progress { done });
    }

    /// The end.
    pub(crate) fn finish(&self, finish: Finish) {
        (self.0)(Event::Finished(finish));
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
