//! How an execution ends, and what is known of a runner that ended without a word.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use mastic_core::{Arn, Fault};
use mastic_handoff::{Category, Cause, Plan, Tally};

use super::memory::kills_of_system;

/// What people read of work whose runner did not do it.
pub(crate) const ONLY_PLANNED: &str = "The runner told what it would do and did not do it.";

/// How an execution ended; nothing of its output is true yet.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    Succeeded(Tally),
    /// The work was planned only.
    Planned(Box<Plan>),
    Failed(Cause),
    Stopped,
    TimedOut,
}

impl Ending {
    /// An end before anything began.
    pub(crate) fn not_begun(fault: &Fault) -> Self {
        Self::Failed(Cause::new(Category::Launch, fault.message()))
    }
}

pub(super) fn cannot_assume(role: &Arn, fault: &Fault) -> Cause {
    let text = format!("Glue could not assume the role {role}: {}", fault.message());
    Cause::new(Category::Permission, text)
}

/// What a look at the machine before a runner begins tells after its end.
pub(crate) struct Witness {
    kills: Option<u64>,
}

impl Witness {
    pub(crate) fn begin() -> Self {
        Self { kills: kills_of_system() }
    }

    /// What is known of a runner that ended without a word.
    pub(crate) fn died(&self, status: std::io::Result<ExitStatus>, last_words: &[String]) -> Cause {
        let killed_by_system = match (self.kills, kills_of_system()) {
            (Some(before), Some(after)) => Some(after > before),
            _ => None,
        };
        cause(status, killed_by_system, last_words)
    }
}

const SIGKILL: i32 = 9;

/// What Rust says of memory that it did not get, before it aborts.
const NO_MEMORY: &str = "memory allocation of";

fn cause(
    status: std::io::Result<ExitStatus>,
    killed_by_system: Option<bool>,
    last_words: &[String],
) -> Cause {
    let (category, how) = match status {
        Ok(status) => match (status.code(), status.signal()) {
            (_, Some(SIGKILL)) => match killed_by_system {
                Some(true) => (
                    Category::OutOfMemory,
                    "The operating system killed the runner because the machine ran out of memory."
                        .to_owned(),
                ),
                Some(false) => (Category::Internal, "Somebody killed the runner (signal 9).".to_owned()),
                None => (
                    Category::Internal,
                    "The runner was killed (signal 9). The machine may have run out of memory.".to_owned(),
                ),
            },
            (_, Some(signal)) => (Category::Internal, format!("The runner crashed with signal {signal}.")),
            (Some(code), _) => (Category::Internal, format!("The runner ended with exit code {code}.")),
            _ => (Category::Internal, "The runner ended.".to_owned()),
        },
        Err(error) => (Category::Internal, format!("The runner was lost: {error}.")),
    };
    let starved = last_words.iter().any(|line| line.starts_with(NO_MEMORY));
    let category = if starved { Category::OutOfMemory } else { category };
    Cause::new(
        category,
        match last_words.last() {
            Some(line) => format!("{how} Its last words: {line}"),
            None => how,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(raw: i32, killed_by_system: Option<bool>, last_words: &[&str]) -> (&'static str, String) {
        let last_words: Vec<_> = last_words.iter().map(|line| (*line).to_owned()).collect();
        let cause = cause(Ok(ExitStatus::from_raw(raw)), killed_by_system, &last_words);
        (cause.category.as_str(), cause.text)
    }

    #[test]
    fn deaths_are_told_apart() {
        let (category, text) = told(9, Some(true), &[]);
        assert_eq!(category, "OUT_OF_MEMORY_ERROR");
        assert!(text.contains("the machine ran out of memory"), "{text}");
        let (category, text) = told(9, Some(false), &[]);
        assert_eq!(
            (category, text.as_str()),
            ("GLUE_INTERNAL_SERVICE_ERROR", "Somebody killed the runner (signal 9).")
        );
        assert!(told(9, None, &[]).1.contains("may have run out"));
        let (category, text) = told(6, Some(false), &["memory allocation of 8 bytes failed"]);
        assert_eq!(category, "OUT_OF_MEMORY_ERROR");
        assert!(
            text.starts_with("The runner crashed with signal 6.") && text.ends_with("8 bytes failed"),
            "{text}"
        );
        assert_eq!(told(3 << 8, Some(false), &[]).1, "The runner ended with exit code 3.");
    }
}
