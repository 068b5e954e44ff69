//! The processes of a run with a script: the runner, Python, and what the script starts. They are one process group, whose
//! number is the runner's.

use std::fs;
use std::path::Path;

use tokio::process::Command;

use super::memory::of_process;

/// Bytes of memory that a process and all that descend from it have of their own.
pub(crate) fn memory_of_group(leader: u32) -> u64 {
    let (mut all, mut open) = (0, vec![leader]);
    while let Some(process) = open.pop() {
        all += of_process(process).unwrap_or_default();
        open.extend(children(process));
    }
    all
}

/// The processes that the threads of a process have started. Known on Linux only.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.flat_map(|thread| started_by(&thread.path())).collect()
}

fn started_by(thread: &Path) -> Vec<u32> {
    let told = fs::read_to_string(thread.join("children")).unwrap_or_default();
    told.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// Ends every process of a group. The shell has the call that this takes, so that it needs no unsafe code here.
pub(crate) async fn end_group(group: u32) {
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -s KILL -- -{group}")]).stderr(std::process::Stdio::null());
    // It fails where nothing is left, which is what is wanted.
    if let Err(error) = kill.status().await {
        tracing::error!(%error, group, "the processes of a run could not be ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_group_ends_as_a_whole() {
        let mut leader = Command::new("sh")
            .args(["-c", "sleep 600 & echo begun; wait"])
            .process_group(0)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let group = leader.id().unwrap();
        let mut told = String::new();
        let mut out = leader.stdout.take().unwrap();
        let mut lines = tokio::io::BufReader::new(&mut out);
        tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut told).await.unwrap();
        assert_eq!(children(group).len(), 1);
        assert!(memory_of_group(group) > of_process(group).unwrap());
        end_group(group).await;
        assert!(!leader.wait().await.unwrap().success());
        // The stream ends when the last process that holds it has.
        let mut rest = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut lines, &mut rest).await.unwrap();
        assert_eq!((told.as_str(), rest.len()), ("begun\n", 0));
    }
}
