//! How much memory a runner has, and whether the machine ran out of it. Known on Linux only: elsewhere the engine's own
//! bookkeeping is all that limits a run.

use std::fmt;

/// What a run may use, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Bytes.
    pub limit: u64,
    /// `worker type G.1X`, `--run-memory`.
    pub says: String,
}

impl Memory {
    /// What the server allows a run at most.
    pub(crate) fn of_server(limit: u64) -> Self {
        Self { limit, says: "what this server gives a run".to_owned() }
    }

    /// What a run wants, within what the server allows.
    pub(crate) fn within(wanted: Option<(u64, String)>, most: u64) -> Self {
        match wanted {
            Some((limit, says)) if limit <= most => Self { limit, says },
            _ => Self::of_server(most),
        }
    }

    /// What people read of a run that used more.
    pub(crate) fn exceeded(&self, used: u64) -> String {
        format!(
            "The run was ended because it used {} of memory; its limit is {} ({}).",
            Bytes(used),
            Bytes(self.limit),
            self.says
        )
    }
}

/// Bytes for people.
pub(crate) struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = self.0 >> 20;
        match mebibytes {
            0..1024 => write!(f, "{mebibytes} MB"),
            _ if mebibytes.is_multiple_of(1024) => write!(f, "{} GB", mebibytes / 1024),
            _ => write!(f, "{:.1} GB", mebibytes as f64 / 1024.0),
        }
    }
}

/// Bytes of memory that are a process's own: without what it shares and what it maps of files.
pub(crate) fn of_process(id: u32) -> Option<u64> {
    own_memory(&std::fs::read_to_string(format!("/proc/{id}/status")).ok()?)
}

fn own_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

/// How many processes the system has ended for want of memory since it began.
pub(crate) fn kills_of_system() -> Option<u64> {
    kills(&std::fs::read_to_string("/proc/vmstat").ok()?)
}

fn kills(vmstat: &str) -> Option<u64> {
    vmstat.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells() {
        let status = "Name:\tx\nVmRSS:\t    900 kB\nRssAnon:\t     512 kB\nRssFile:\t 388 kB\n";
        assert_eq!(own_memory(status), Some(512 << 10));
        assert_eq!(own_memory("Name:\tx\n"), None);
        assert_eq!(kills("nr_free_pages 7\noom_kill 3\n"), Some(3));
        assert_eq!(kills("nr_free_pages 7\n"), None);
    }

    #[test]
    fn the_server_has_the_last_word() {
        let wanted = |bytes: u64| Some((bytes << 30, "worker type G.1X".to_owned()));
        assert_eq!(Memory::within(wanted(16), 32 << 30).says, "worker type G.1X");
        assert_eq!(Memory::within(wanted(16), 4 << 30), Memory::of_server(4 << 30));
        assert_eq!(Memory::within(None, 4 << 30), Memory::of_server(4 << 30));
        let text = Memory::within(wanted(16), 32 << 30).exceeded(17_500 << 20);
        assert_eq!(
            text,
            "The run was ended because it used 17.1 GB of memory; its limit is 16 GB (worker type G.1X)."
        );
        assert_eq!(Bytes(512 << 20).to_string(), "512 MB");
    }
}
