//! `mastic demo`: the whole idea on real data, told step by step.

mod cast;
mod data;
mod script;
mod story;
mod table;
mod timeline;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use mastic_store::StoreError;
use tokio::sync::oneshot;

use crate::assemble::assemble;
use crate::failure::Failure;
use crate::home::Home;
use crate::runtime::PlaceArguments;
use crate::serve::ServeArguments;

/// A file that says that the data directory is the demo's own.
const MARK: &str = "demo";

/// Shows the whole idea on real data.
#[derive(Args)]
pub struct DemoArguments {
    /// Where the demo keeps its data. An earlier demo there is replaced; anything else is left alone.
    #[arg(long, default_value = ".mastic", env = "MASTIC_DATA")]
    data: PathBuf,
    /// The runner's binary; without it, `mastic-runner` beside this one.
    #[arg(long, env = "MASTIC_RUNNER")]
    runner: Option<PathBuf>,
    #[command(flatten)]
    python: PlaceArguments,
}

/// `mastic demo`.
#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
pub async fn run(arguments: DemoArguments) -> Result<(), Failure> {
    let mut timeline = timeline::Timeline::start();
    let home = fresh(&arguments.data)?;
    println!("Two accounts: {} keeps files, {} analyses them.\n", cast::STORAGE, cast::ANALYTICS);

    let step = timeline.step("server");
    let settings = ServeArguments {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        data: arguments.data.clone(),
        tls_cert: None,
        tls_key: None,
        region: "us-east-1".to_owned(),
        domains: Vec::new(),
        master_key_file: None,
        runner: arguments.runner,
        python: arguments.python,
        spark_remote: None,
        run_memory: None,
        runs_at_once: None,
        run_session: 3600,
        blob_grace: 3600,
        #[cfg(debug_assertions)]
        failpoint: None,
        account_id: Some(cast::STORAGE.to_owned()),
        oidc_issuers: Vec::new(),
        root_access_key_id: None,
        root_secret_access_key: None,
    }
    .settings()?;
    if !settings.runner.exists() {
        return Err(Failure::Usage(format!(
            "there is no runner at {}: build it with `cargo build -p mastic-runner`, or name it with --runner",
            settings.runner.display()
        )));
    }
    let place = settings.runtime.clone();
    let server = assemble(&home, settings).await?;
    let endpoint = server.endpoint.clone();
    timeline.done(step, &format!("answers at {endpoint}"));

    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        // Either word or silence ends it.
        let _ = stopped.await;
    }));
    let told = story::tell(&mut timeline, &home, &endpoint, &place).await;
    // The server may have ended by itself.
    let _ = stop.send(());
    let ended = serving.await;
    told?;
    ended.map_err(|e| Failure::Usage(format!("the server broke: {e}")))?;

    println!("\nHow long each step took:");
    timeline.print();
    story::print_farewell(&arguments.data);
    Ok(())
}

/// An empty data directory: made anew, or cleared of an earlier demo.
fn fresh(path: &std::path::Path) -> Result<Home, Failure> {
    let mark = path.join(MARK);
    if mark.exists() {
        if matches!(mastic_store_sqlite::open(&path.join("store")), Err(StoreError::InUse(_))) {
            return Err(Failure::Usage(format!(
                "a server is running on {}: stop it first, or give the demo another place with --data",
                path.display()
            )));
        }
        std::fs::remove_dir_all(path).map_err(Failure::file(path))?;
    } else if path.exists() {
        return Err(Failure::Usage(format!(
            "{} holds something other than a demo; give the demo another place with --data",
            path.display()
        )));
    }
    let home = Home::make(path)?;
    std::fs::write(&mark, "made by `mastic demo`, which may replace it\n").map_err(Failure::file(mark))?;
    Ok(home)
}
