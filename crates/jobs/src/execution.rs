//! One runner process: started with an assignment, heard until it ends, stopped or killed when it must.

mod end;
mod group;
mod memory;
mod python;

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use mastic_core::{Arn, Fault, Region, Timestamp};
use mastic_handoff::{
    Assignment, Category, Cause, Event, Finish, Log, RunCredentials, SessionEvent, SessionInput, Work,
    from_line, to_line,
};
use mastic_kernel::ports::{Credentials, ServiceSession};
use mastic_kernel::{Call, RunBinding};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::access::SERVICE_PRINCIPAL;
use crate::{Jobs, RunnerConfig};

use end::cannot_assume;
pub(crate) use end::{Ending, ONLY_PLANNED, Witness};
use group::{end_group, memory_of_group};
use memory::{Memory, of_process};

/// Which part of their time before their end credentials are replaced: ten minutes of an hour.
const REFRESH_AHEAD: u32 = 6;

/// How long a runner may take to end once its input is closed.
const GRACE: Duration = Duration::from_secs(5);

/// Log lines are handed on in batches of at most this many, and at least this often.
const BATCH: usize = 500;
const BATCH_AGE: Duration = Duration::from_millis(200);

/// For the allocator of a runner: the kernel is not to make its pages large. Clearing those that are touched in part took
/// more than they saved, and what was handed back of such a page came back with it: runs that went over to the disk grew
/// to twice what they used.
const SMALL_PAGES: (&str, &str) = ("MIMALLOC_ALLOW_THP", "0");

/// The same for one with enough memory: a process that lives for one run keeps the memory it had, since handing it back and
/// taking it anew cost a tenth of a large job's time.
const KEEPING: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "-1");

/// Bytes of memory that are enough for that. With less, what is kept in vain is what a run misses.
const ENOUGH: u64 = 4 << 30;

/// How often a runner's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The same of sessions: many are idle, each is several processes.
const LOOK_AT_SESSION: Duration = Duration::from_millis(500);

/// Lines of the runner's own standard error kept for the message of a crash.
const LAST_WORDS: usize = 20;

/// What is run, and for whom.
pub(crate) struct Execution {
    pub id: String,
    pub account: String,
    pub region: Region,
    pub role: Arn,
    /// The job or crawler.
    pub source: Arn,
    pub session_name: &'static str,
    pub session_policy: Option<String>,
    pub staged: bool,
    pub timeout: Option<Duration>,
    /// Bytes of memory that it wants, and what people call that; what the server gives if it does not say.
    pub memory: Option<(u64, String)>,
    pub work: Work,
    pub logs: LogPlaces,
}

/// Lines on their way to the logs.
type Lines = mpsc::Sender<(Log, Timestamp, String)>;

/// Where the lines of a run go.
pub(crate) struct LogPlaces {
    pub output_group: String,
    pub error_group: String,
    pub stream: String,
    /// Stands before each line.
    pub prefix: String,
    /// Group and stream of a further log that has all lines.
    pub continuous: Option<(String, String)>,
}

/// The server's ends of a conversation with an interactive session.
pub(crate) struct Dialog {
    /// What is said to the session.
    pub said: mpsc::UnboundedReceiver<SessionInput>,
    /// What it says.
    pub heard: mpsc::UnboundedSender<SessionEvent>,
}

/// What tests have armed for the runner to die of.
fn armed() -> Option<&'static str> {
    #[cfg(debug_assertions)]
    return mastic_core::failpoint::armed();
    #[cfg(not(debug_assertions))]
    None
}

impl Jobs {
    /// Runs it to its end. `started` is called once the runner has its assignment.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        execution: Execution,
        stop: watch::Receiver<bool>,
        started: impl Future<Output = ()>,
    ) -> Ending {
        self.converse(execution, None, stop, started).await
    }

    /// The same, with somebody who talks to the runner meanwhile.
    pub(crate) async fn converse(
        self: &Arc<Self>,
        execution: Execution,
        dialog: Option<Dialog>,
        mut stop: watch::Receiver<bool>,
        started: impl Future<Output = ()>,
    ) -> Ending {
        let credentials = match self.assume(&execution).await {
            Ok(credentials) => credentials,
            Err(fault) => return Ending::Failed(cannot_assume(&execution.role, &fault)),
        };
        let (lines, incoming) = mpsc::channel(4 * BATCH);
        let logger = tokio::spawn(Arc::clone(self).carry_lines(
            self.log_call(&credentials, &execution),
            incoming,
            &execution,
        ));
        let scratch = self.config.scratch.join(&execution.id);
        let place = (execution.account.as_str(), &execution.region);
        let (given, memory) = (Some(handed(&credentials)), self.memory(&execution).limit);
        let begun = async {
            let work = self.with_python(execution.work.clone(), &lines).await?;
            self.spawn(place, given, memory, work, &scratch).await
        };
        // The first run of a script waits minutes for its Python; nobody has to wait with it.
        let begun = tokio::select! {
            begun = begun => Some(begun),
            () = stopped(&mut stop) => None,
        };
        let ending = match begun {
            Some(Ok((child, input))) => {
                started.await;
                self.attend(&execution, credentials, (child, input), lines, dialog, &mut stop).await
            }
            Some(Err(reason)) => {
                drop(lines);
                Ending::Failed(Cause::new(Category::Launch, reason))
            }
            None => {
                drop(lines);
                Ending::Stopped
            }
        };
        if let Err(error) = logger.await {
            tracing::error!(%error, "the log lines of a run were lost");
        }
        // Late writes of a runner that was killed must not reach the overlay that is about to go.
        if let Err(fault) = self.end_sessions(&execution.id).await {
            tracing::error!(run = execution.id, %fault, "the sessions of a run could not be ended");
        }
        clear(&scratch).await;
        ending
    }

    pub(crate) async fn end_sessions(&self, run: &str) -> Result<(), Fault> {
        self.background.kernel().sessions()?.revoke(run).await
    }

    async fn assume(&self, execution: &Execution) -> Result<Credentials, Fault> {
        let session = ServiceSession {
            service: SERVICE_PRINCIPAL,
            role: execution.role.clone(),
            session_name: execution.session_name.to_owned(),
            session_policy: execution.session_policy.clone(),
            run: Some(RunBinding { id: execution.id.clone(), staged: execution.staged }),
            source: execution.source.clone(),
            duration: self.config.session,
        };
        self.background.kernel().sessions()?.assume(session).await
    }

    fn memory(&self, execution: &Execution) -> Memory {
        Memory::within(execution.memory.clone(), self.config.memory_limit)
    }

    /// Starts a runner for work in an account and region, and hands it its assignment.
    pub(crate) async fn spawn(
        &self,
        (account, region): (&str, &Region),
        credentials: Option<RunCredentials>,
        memory: u64,
        work: Work,
        scratch: &Path,
    ) -> Result<(Child, ChildStdin), String> {
        let RunnerConfig { binary, ca_file, .. } = &self.config;
        let failed =
            |what: &str, error: std::io::Error| format!("The runner could not be started: {what}: {error}");
        tokio::fs::create_dir_all(scratch).await.map_err(|e| failed("scratch directory", e))?;
        let assignment = Assignment {
            endpoint: self.endpoint.get().cloned().ok_or("The server does not listen yet.")?,
            ca_file: ca_file.as_ref().map(|path| path.display().to_string()),
            region: region.to_string(),
            account: account.to_owned(),
            credentials,
            memory_limit: memory,
            scratch: scratch.display().to_string(),
            work,
        };
        let line = to_line(&assignment).map_err(|e| format!("The assignment cannot be written: {e}"))?;
        // The runner gets nothing of the server's environment: no keys, no proxies, no settings.
        let mut child = Command::new(binary)
            .args(armed())
            .env_clear()
            .envs([SMALL_PAGES])
            .envs((memory >= ENOUGH).then_some(KEEPING))
            .current_dir(scratch)
            // With what a script starts it is one group, and that can be ended as a whole.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| failed(&binary.display().to_string(), e))?;
        let mut input = child.stdin.take().ok_or("The runner has no input.")?;
        // A runner that has ended already does not read; how it ended tells more than the broken pipe.
        match input.write_all(line.as_bytes()).await {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(failed("its input", error)),
            _ => {}
        }
        Ok((child, input))
    }

    async fn attend(
        self: &Arc<Self>,
        execution: &Execution,
        mut credentials: Credentials,
        (mut child, input): (Child, ChildStdin),
        lines: Lines,
        mut dialog: Option<Dialog>,
        stop: &mut watch::Receiver<bool>,
    ) -> Ending {
        let group = child.id();
        let scripted = matches!(execution.work, Work::Script(_) | Work::Session(_));
        let last_words = tokio::spawn(Arc::clone(self).read_last_words(child.stderr.take(), lines.clone()));
        let mut events = child.stdout.take().map(|out| BufReader::new(out).lines());
        let mut input = Some(input);
        let deadline = execution.timeout.map(|timeout| Instant::now() + timeout);
        let mut finish = None;
        let mut cut_short = None;
        let (witness, memory) = (Witness::begin(), self.memory(execution));
        let mut looks = tokio::time::interval(if dialog.is_some() { LOOK_AT_SESSION } else { LOOK });
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while let Some(out) = events.as_mut() {
            let ahead = self.config.session / REFRESH_AHEAD;
            let refresh_in = credentials.expires.minus(ahead).since(self.background.now());
            tokio::select! {
                line = out.next_line() => match line {
                    Ok(Some(line)) => match from_line::<Event>(&line) {
                        Ok(Event::Log { log, line }) => drop(lines.send((log, self.background.now(), line)).await),
                        Ok(Event::Progress { .. }) => {}
                        Ok(Event::Session(event)) => {
                            // A session that is about to end has nobody who listens.
                            dialog.iter().for_each(|dialog| drop(dialog.heard.send(event.clone())));
                        }
                        Ok(Event::Finished(end)) => finish = Some(end),
                        // Whatever a library prints to standard output is the run's output, too.
                        Err(_) => drop(lines.send((Log::Output, self.background.now(), line)).await),
                    },
                    Ok(None) | Err(_) => events = None,
                },
                word = next_word(&mut dialog), if cut_short.is_none() => {
                    if let (Some(input), Ok(line)) = (input.as_mut(), to_line(&word)) {
                        // What it does not read any more its end will tell.
                        let _ = input.write_all(line.as_bytes()).await;
                    }
                }
                () = stopped(stop), if cut_short.is_none() => {
                    cut_short = Some((Ending::Stopped, Instant::now() + GRACE));
                    input = None;
                }
                () = until(deadline), if cut_short.is_none() => {
                    cut_short = Some((Ending::TimedOut, Instant::now() + GRACE));
                    input = None;
                }
                () = until(cut_short.as_ref().map(|(_, end)| *end)), if cut_short.is_some() => events = None,
                _ = looks.tick() => {
                    let used = match group {
                        Some(group) if scripted => memory_of_group(group),
                        Some(runner) => of_process(runner).unwrap_or_default(),
                        None => 0,
                    };
                    if used > memory.limit {
                        // It may be too busy to end by itself, and every moment it takes more.
                        let _ = child.start_kill();
                        let cause = Cause::new(Category::OutOfMemory, memory.exceeded(used));
                        // Who hears of it looks in the log too.
                        drop(lines.send((Log::Error, self.background.now(), cause.text.clone())).await);
                        cut_short = Some((Ending::Failed(cause), Instant::now() + GRACE));
                        events = None;
                    }
                }
                () = tokio::time::sleep(refresh_in), if cut_short.is_none() => {
                    match self.assume(execution).await {
                        Ok(fresh) => {
                            credentials = fresh;
                            if let (Some(input), Ok(line)) = (input.as_mut(), to_line(&handed(&credentials))) {
                                // A runner that has ended does not need them.
                                let _ = input.write_all(line.as_bytes()).await;
                            }
                        }
                        Err(fault) => {
                            finish = Some(Finish::Failed(cannot_assume(&execution.role, &fault)));
                            events = None;
                        }
                    }
                }
            }
        }
        drop(input);
        let status = match tokio::time::timeout(GRACE, child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                // It is ours and does not end by itself.
                let _ = child.start_kill();
                child.wait().await
            }
        };
        if let Some(group) = group.filter(|_| scripted) {
            // What a script started and left behind must not go on, nor hold the streams open.
            end_group(group).await;
        }
        drop(lines);
        let last_words = last_words.await.unwrap_or_default();
        match (cut_short, finish) {
            (Some((ending, _)), _) => ending,
            (None, Some(Finish::Succeeded(tally))) => Ending::Succeeded(tally),
            (None, Some(Finish::Planned(plan))) => Ending::Planned(plan),
            (None, Some(Finish::Failed(reason))) => Ending::Failed(reason),
            (None, None) => Ending::Failed(witness.died(status, &last_words)),
        }
    }

    fn log_call(&self, credentials: &Credentials, execution: &Execution) -> Call {
        Call {
            caller: Arc::new(credentials.caller.clone()),
            region: execution.region.clone(),
            request_id: self.background.kernel().request_id(),
            time: self.background.now(),
            source_ip: None,
            user_agent: Some(SERVICE_PRINCIPAL.to_owned()),
            secure: true,
        }
    }

    /// Carries lines to the log groups in batches, while the run goes on.
    fn carry_lines(
        self: Arc<Self>,
        call: Call,
        mut incoming: mpsc::Receiver<(Log, Timestamp, String)>,
        execution: &Execution,
    ) -> impl Future<Output = ()> + Send + 'static {
        let LogPlaces { output_group, error_group, stream, prefix, continuous } = &execution.logs;
        let mut places = vec![
            (Some(Log::Output), output_group.clone(), stream.clone()),
            (Some(Log::Error), error_group.clone(), stream.clone()),
        ];
        places.extend(continuous.clone().map(|(group, stream)| (None, group, stream)));
        let (prefix, run) = (prefix.clone(), execution.id.clone());
        async move {
            let mut told = false;
            let mut buffer = Vec::new();
            while incoming.recv_many(&mut buffer, BATCH).await > 0 {
                // A moment's patience makes one write of many lines.
                let more = tokio::time::timeout(BATCH_AGE, async {
                    while buffer.len() < BATCH && incoming.recv_many(&mut buffer, BATCH).await > 0 {}
                });
                // Either the batch is full or it is old enough; both are fine.
                let _ = more.await;
                for (log, group, stream) in &places {
                    let of_log = |(l, at, line): &(Log, Timestamp, String)| {
                        log.is_none_or(|log| log == *l).then(|| (*at, format!("{prefix}{line}")))
                    };
                    let lines: Vec<_> = buffer.iter().filter_map(of_log).collect();
                    if lines.is_empty() {
                        continue;
                    }
                    let mut call = call.clone();
                    call.request_id = self.background.kernel().request_id();
                    call.time = self.background.now();
                    let outcome = match self.background.kernel().logs() {
                        Ok(sink) => sink.append(&call, group, stream, lines).await,
                        Err(fault) => Err(fault),
                    };
                    if let Err(fault) = outcome
                        && !std::mem::replace(&mut told, true)
                    {
                        tracing::warn!(run, %fault, "the role may not write the run's log lines; they are dropped");
                    }
                }
                buffer.clear();
            }
        }
    }
}

impl Jobs {
    /// The runner's own standard error goes to the run's error log; its end tells why it crashed.
    async fn read_last_words(
        self: Arc<Self>,
        stderr: Option<ChildStderr>,
        lines: mpsc::Sender<(Log, Timestamp, String)>,
    ) -> Vec<String> {
        let Some(stderr) = stderr else { return Vec::new() };
        let mut reader = BufReader::new(stderr).lines();
        let mut last = VecDeque::new();
        while let Ok(Some(line)) = reader.next_line().await {
            if last.len() == LAST_WORDS {
                last.pop_front();
            }
            last.push_back(line.clone());
            drop(lines.send((Log::Error, self.background.now(), line)).await);
        }
        last.into()
    }
}

/// Removes a scratch directory.
pub(crate) async fn clear(scratch: &Path) {
    if let Err(error) = tokio::fs::remove_dir_all(scratch).await
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(scratch = %scratch.display(), %error, "a scratch directory could not be removed");
    }
}

fn handed(credentials: &Credentials) -> RunCredentials {
    RunCredentials {
        access_key_id: credentials.access_key_id.clone(),
        secret_access_key: credentials.secret_access_key.clone(),
        session_token: credentials.session_token.clone(),
        expires: credentials.expires,
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody can stop it any more.
        std::future::pending::<()>().await;
    }
}

async fn next_word(dialog: &mut Option<Dialog>) -> SessionInput {
    let word = match dialog {
        Some(dialog) => dialog.said.recv().await,
        None => None,
    };
    match word {
        Some(word) => word,
        None => std::future::pending().await,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
