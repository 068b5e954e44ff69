//! `mastic serve`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mastic_core::{AccountId, Region};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::assemble::{Settings, assemble};
use crate::failure::Failure;
use crate::home::Home;
use crate::machine;
use crate::runtime::{self, PlaceArguments};

/// Runs the server.
#[derive(Args, Clone)]
pub struct ServeArguments {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4566", env = "MASTIC_LISTEN")]
    pub listen: SocketAddr,
    /// The data directory; made if it is not there.
    #[arg(long, default_value = ".mastic", env = "MASTIC_DATA")]
    pub data: PathBuf,
    /// A PEM file with the server's certificate chain; needs --tls-key.
    #[arg(long, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// A PEM file with the certificate's key.
    #[arg(long, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The region that `mastic env` names; every region is served.
    #[arg(long, default_value = "us-east-1", env = "MASTIC_REGION")]
    pub region: String,
    /// A host name of this server besides localhost: BUCKET.NAME then reaches the bucket.
    #[arg(long = "domain", env = "MASTIC_DOMAIN", value_delimiter = ',')]
    pub domains: Vec<String>,
    /// The master key, which opens the secrets in the data directory; `master.key` in it if not given, made at the
    /// first start.
    #[arg(long, env = "MASTIC_MASTER_KEY_FILE")]
    pub master_key_file: Option<PathBuf>,
    /// The runner's binary; without it, `mastic-runner` beside this one.
    #[arg(long, env = "MASTIC_RUNNER")]
    pub runner: Option<PathBuf>,
    /// The keys of an OpenID Connect issuer that the server cannot reach: URL=FILE, a JSON Web Key Set. All others are
    /// asked for their keys.
    #[arg(long = "oidc-issuer", env = "MASTIC_OIDC_ISSUER", value_delimiter = ',', value_name = "URL=FILE")]
    pub oidc_issuers: Vec<String>,
    /// Memory in MiB that one run may use at most, whatever its worker type; without it, half of the machine's.
    #[arg(long, env = "MASTIC_RUN_MEMORY_MIB")]
    pub run_memory: Option<u64>,
    #[command(flatten)]
    pub python: PlaceArguments,
    /// The Spark Connect endpoint of scripts that name none, `sc://host:port`; without it each run has its own Spark.
    #[arg(long, env = "MASTIC_SPARK_REMOTE")]
    pub spark_remote: Option<String>,
    /// How many job runs are at work at once, while others wait; without it, four for each core.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), env = "MASTIC_RUNS_AT_ONCE")]
    pub runs_at_once: Option<u16>,
    /// How long a run's credentials last before they are made anew, in seconds; the run may last longer.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(2..=43_200), env = "MASTIC_RUN_SESSION")]
    pub run_session: u64,
    /// How long a blob that nothing refers to is kept, in seconds: longer than anybody reads an object.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..), env = "MASTIC_BLOB_GRACE")]
    pub blob_grace: u64,
    /// A point at which the server, or its runners, die or meet a full disk: `POINT[:PASS]=kill|full`.
    #[cfg(debug_assertions)]
    #[arg(long, hide = true)]
    pub failpoint: Option<String>,
    /// The management account's id at the first start; random if not given.
    #[arg(long, env = "MASTIC_ACCOUNT_ID")]
    pub account_id: Option<String>,
    /// Its root user's access key id at the first start.
    #[arg(long, env = "MASTIC_ROOT_ACCESS_KEY_ID", requires = "root_secret_access_key")]
    pub root_access_key_id: Option<String>,
    /// Its root user's secret access key at the first start.
    #[arg(
        long,
        env = "MASTIC_ROOT_SECRET_ACCESS_KEY",
        hide_env_values = true,
        requires = "root_access_key_id"
    )]
    pub root_secret_access_key: Option<String>,
}

impl ServeArguments {
    fn issuers(&self) -> Result<HashMap<String, PathBuf>, Failure> {
        let parse = |text: &String| {
            let (url, file) = text.rsplit_once('=')?;
            Some((url.to_owned(), PathBuf::from(file)))
        };
        let read =
            |text| parse(text).ok_or_else(|| Failure::Usage(format!("--oidc-issuer {text}: not URL=FILE")));
        self.oidc_issuers.iter().map(read).collect()
    }

    /// The arguments as settings.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let usage = |e: &dyn std::fmt::Display| Failure::Usage(e.to_string());
        let runner = match &self.runner {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("mastic-runner"),
        };
        let keys = self.root_access_key_id.clone().zip(self.root_secret_access_key.clone());
        Ok(Settings {
            listen: self.listen,
            tls: self.tls_cert.clone().zip(self.tls_key.clone()),
            region: self.region.parse::<Region>().map_err(|e| usage(&e))?,
            domains: self.domains.clone(),
            master_key_file: self.master_key_file.clone(),
            runner,
            runtime: self.python.place()?,
            python_environment: runtime::handed_on(),
            spark_remote: self.spark_remote.clone(),
            run_memory: self.run_memory.map_or_else(machine::half_of_memory, |mebibytes| mebibytes << 20),
            runs_at_once: self.runs_at_once.map_or_else(machine::four_per_core, usize::from),
            run_session: Duration::from_secs(self.run_session),
            blob_grace: Duration::from_secs(self.blob_grace),
            account: self
                .account_id
                .as_deref()
                .map(str::parse::<AccountId>)
                .transpose()
                .map_err(|e| usage(&e))?,
            root_keys: keys,
            issuers: self.issuers()?,
        })
    }
}

/// `mastic serve`.
#[expect(clippy::print_stdout, reason = "people and scripts wait for this line")]
pub async fn run(arguments: ServeArguments) -> Result<(), Failure> {
    // s3s calls every refused request an error; the door logs those that are.
    let filter = EnvFilter::try_from_env("MASTIC_LOG").unwrap_or_else(|_| EnvFilter::new("warn,s3s=off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    #[cfg(debug_assertions)]
    if let Some(armed) = &arguments.failpoint {
        mastic_core::failpoint::arm(armed).map_err(Failure::Usage)?;
    }
    let home = Home::make(&arguments.data)?;
    let server = assemble(&home, arguments.settings()?).await?;
    println!("Mastic listens on {}", server.endpoint);
    println!("Root keys: {} (readable by you only)", home.credentials_file().display());
    println!("Point your tools at it: eval \"$(mastic env --data {})\"", arguments.data.display());
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    server
        .run(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
    Ok(())
}
