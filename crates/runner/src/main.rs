//! One run in one process: crawl, visual job, column statistics or the test of a connection.
//!
//! The server starts this program, writes an assignment to its standard input and reads events from its
//! standard output (see `mastic-handoff`). All else goes through the public API, as the run's role.

mod catalog;
mod connection;
mod crawl;
mod events;
mod failure;
mod job;
mod script;
mod session;
mod statistics;
mod stores;

use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;

use mastic_handoff::{Assignment, Finish, Input, SessionInput, Work, from_line};
use mimalloc::MiMalloc;
use tokio::sync::mpsc::UnboundedSender;

use crate::events::Events;
use crate::failure::Failure;
use crate::session::Session;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The end of a run whose input was closed, as that of a program that a terminal interrupts.
const STOPPED: i32 = 130;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("The runner is broken: {}", one_line(&panic.to_string()))
    }));
    #[cfg(debug_assertions)]
    if let Some(Err(error)) = std::env::args().nth(1).map(|armed| mastic_core::failpoint::arm(&armed)) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    let mut line = String::new();
    let assignment: Assignment = match std::io::stdin().read_line(&mut line).map(|_| from_line(&line)) {
        Ok(Ok(assignment)) => assignment,
        Ok(Err(error)) => {
            eprintln!("mastic-runner is started by `mastic serve`; its input is no assignment: {error}");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            eprintln!("The assignment cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let events = Events::new();
    let finish = match work(assignment, &events) {
        Ok(finish) => finish,
        Err(failure) => Finish::Failed(failure.cause()),
    };
    pass("runner.finish");
    events.finish(finish);
    pass("runner.told");
    ExitCode::SUCCESS
}

/// Passes a point at which tests let the process die; no disk of its own can be full there.
pub(crate) fn pass(point: &str) {
    let _ = mastic_core::failpoint::pass(point);
}

fn work(assignment: Assignment, events: &Events) -> Result<Finish, Failure> {
    let Assignment { work, .. } = &assignment;
    let work = work.clone();
    let planned = match &work {
        Work::Job(job) => job.plan,
        Work::Script(_) => false,
        Work::Crawl(crawl) => crawl.plan.is_some(),
        Work::Session(_) | Work::ColumnStatistics(_) | Work::TestConnection(_) => false,
    };
    let events = if planned { Events::keeping() } else { events.clone() };
    let session = Arc::new(Session::new(assignment, events)?);
    let (watched, scripted) = (Arc::clone(&session), matches!(work, Work::Script(_) | Work::Session(_)));
    let (tell, words) = tokio::sync::mpsc::unbounded_channel();
    std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            watch_input(&watched, &tell);
            if scripted {
                script::end_all();
            }
            std::process::exit(STOPPED);
        })
        .map_err(|error| Failure::new(format!("A thread cannot be started: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("The runtime cannot be started: {error}")))?;
    let done = runtime.block_on(async {
        match work {
            Work::Job(job) if job.plan => job::plan(&session, *job).await,
            Work::Job(job) => job::run(&session, *job).await.map(Finish::Succeeded),
            Work::Script(script) => script::run(&session, *script).await.map(Finish::Succeeded),
            Work::Session(work) => script::kernel(&session, *work, words).await.map(Finish::Succeeded),
            Work::Crawl(crawl) if crawl.plan.is_some() => crawl::plan(&session, *crawl).await,
            Work::Crawl(crawl) => crawl::run(&session, *crawl).await.map(Finish::Succeeded),
            Work::ColumnStatistics(work) => statistics::run(&session, *work).await.map(Finish::Succeeded),
            Work::TestConnection(work) => connection::test(*work).await.map(Finish::Succeeded),
        }
    });
    // Threads that are still busy have nothing to say any more.
    runtime.shutdown_background();
    done
}

/// Takes up fresh credentials, and hands on what is said to an interactive session, until the input ends.
fn watch_input(session: &Session, tell: &UnboundedSender<SessionInput>) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match from_line(&line) {
            Ok(Input::Credentials(credentials)) => session.renew(credentials),
            // A session that is ending does not listen.
            Ok(Input::Session(word)) => drop(tell.send(word)),
            Err(error) => eprintln!("A line of the input is not understood: {error}"),
        }
    }
}

/// The server keeps the last line that a broken runner wrote.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
