//! What the machine has.

/// What a run gets where the machine's memory is not known.
const UNKNOWN: u64 = 4 << 30;

/// Half of the memory, in bytes: of the machine's, or of the control group's if that is less.
pub fn half_of_memory() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = group.into_iter().filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
    group.chain(machine).min().map_or(UNKNOWN, |bytes: u64| bytes / 2)
}

/// Four for each core: runs wait for data as often as they compute.
pub fn four_per_core() -> usize {
    4 * std::thread::available_parallelism().map_or(1, usize::from)
}

fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_known() {
        assert_eq!(total("MemTotal:       8000000 kB\nMemFree: 1 kB\n"), Some(8_192_000_000));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert!(half_of_memory() > 0 && four_per_core() >= 4);
    }
}
