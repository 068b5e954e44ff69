//! The root: makes every part and connects them.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mastic_analyzer::Analyzer;
use mastic_catalog::{Catalog, CatalogPolicies, GlueTags};
use mastic_core::{AccountId, Region, Secret, SystemClock, SystemEntropy};
use mastic_gateway::{Calls, Fallback, Limits, Server};
use mastic_iam::{GivenRoot, Iam};
use mastic_jobs::{CrawlStarter, Jobs, RunnerConfig, StatisticsStarter};
use mastic_kernel::timetable::Timetable;
use mastic_kernel::{Background, Kernel, Registry, Seams};
use mastic_objects::Objects;
use mastic_organizations::Organizations;
use mastic_runtime::Place;
use mastic_s3_door::S3Door;
use mastic_trail::Trail;
use mastic_watch::Watch;

use crate::failure::Failure;
use crate::home::{Address, Home, Keys};
use crate::issuers::Issuers;
use crate::master_key;

/// The longest body of an awsJson or awsQuery call, in bytes.
const MAX_CALL: usize = 16 << 20;

/// How long the catalog's own work rests after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How often leftovers are swept and old records dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(15 * 60);

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Certificate chain and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The region that `mastic env` names.
    pub region: Region,
    /// Host names of the server besides `localhost`; a label before one names a bucket.
    pub domains: Vec<String>,
    /// The master key's file, if it is not in the data directory.
    pub master_key_file: Option<PathBuf>,
    /// The runner's binary.
    pub runner: PathBuf,
    /// The Python of scripts.
    pub runtime: Place,
    /// What of the environment it needs.
    pub python_environment: BTreeMap<String, String>,
    /// The Spark Connect endpoint of scripts that name none.
    pub spark_remote: Option<String>,
    /// Bytes of memory that one run may use at most.
    pub run_memory: u64,
    /// How many job runs are at work at once.
    pub runs_at_once: usize,
    /// How long the credentials of a run last before they are made anew.
    pub run_session: Duration,
    /// How long a blob that nothing refers to is kept.
    pub blob_grace: Duration,
    /// The management account's id at the first start.
    pub account: Option<AccountId>,
    /// Access key id and secret of its root user at the first start.
    pub root_keys: Option<(String, String)>,
    /// Key sets of OpenID Connect issuers in files, by the issuer's URL.
    pub issuers: HashMap<String, PathBuf>,
}

/// A server that listens.
pub struct Running {
    /// Its URL.
    pub endpoint: String,
    server: Server,
    kernel: Kernel,
    iam: Arc<Iam>,
}

impl Running {
    /// Serves until `stop` ends, then lets open requests finish and the audit trail reach the disk.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        self.server.run(stop).await;
        if let Err(fault) = self.iam.tend().await {
            tracing::warn!(%fault, "when access keys were last used could not be kept");
        }
        self.kernel.audit_flush().await;
    }
}

/// Opens the data directory and the port; answers as soon as this returns.
pub async fn assemble(home: &Home, settings: Settings) -> Result<Running, Failure> {
    let store = mastic_store_sqlite::open(&home.store())?;
    let trail = mastic_store_sqlite::open(&home.trail())?;
    let clock = Arc::new(SystemClock);
    let entropy = Arc::new(SystemEntropy::new());
    let key_file = settings.master_key_file.clone().unwrap_or_else(|| home.master_key_file());
    let vault = master_key::vault(&store, &key_file, &*entropy).await?;
    let kernel = Kernel::with_vault(store, trail, Seams { clock: clock.clone(), entropy }, vault);

    let identities = kernel.background("iam");
    let iam = Iam::new(identities.clone());
    let objects = Objects::open(&kernel, home.path(), &mastic_objects::Settings::default())
        .map_err(|e| Failure::Usage(e.to_string()))?;
    let catalog = Catalog::new();
    let watch = Watch::new(kernel.background("watch"));
    let config = RunnerConfig {
        binary: settings.runner.clone(),
        scratch: home.scratch(),
        ca_file: settings.tls.as_ref().map(|(certificate, _)| certificate.clone()),
        memory_limit: settings.run_memory,
        runs_at_once: settings.runs_at_once,
        runtime: settings.runtime.clone(),
        python_environment: settings.python_environment.clone(),
        spark_remote: settings.spark_remote.clone(),
        session: settings.run_session,
    };
    let jobs = Jobs::new(kernel.background("jobs"), config);
    let organizations = Organizations::new(kernel.background("organizations"));
    iam.connect(&kernel);
    organizations.connect(&kernel);
    kernel.connect_issuers(Issuers::new(settings.issuers.clone()));
    kernel.connect_logs(watch.clone());
    kernel.connect_policies("s3", objects.clone());
    kernel.connect_object_writer(objects.clone());
    kernel.connect_object_reader(objects.clone());
    kernel.connect_connection_tests(jobs.clone());
    kernel.connect_plans(jobs.clone(), catalog.clone(), objects.clone());
    kernel.connect_usage_profiles(catalog.clone());
    kernel.connect_tags("logs", watch.clone());
    kernel.connect_tags("glue", GlueTags::new(kernel.background("tags")));
    kernel.connect_holders(objects.clone());
    kernel.connect_policies("glue", CatalogPolicies::new(kernel.background("catalog")));

    let (access_key_id, secret) = settings.root_keys.clone().unzip();
    let given = GivenRoot {
        account: settings.account.clone(),
        access_key_id,
        secret_access_key: secret.map(Secret::new),
    };
    let root = mastic_iam::bootstrap(&identities, given).await?;
    let secret_access_key = root.secret_access_key.reveal().clone();
    home.add_keys("default", &Keys { access_key_id: root.access_key_id, secret_access_key })?;

    let mut registry = Registry::new();
    iam.register(&mut registry);
    catalog.register(&mut registry);
    jobs.register(&mut registry);
    watch.register(&mut registry);
    organizations.register(&mut registry);
    Analyzer::new().register(&mut registry);
    let trail = Trail::new();
    trail.register(&mut registry);
    trail.connect(&kernel, registry.services());

    let door =
        S3Door::new(kernel.clone(), iam.clone(), objects.clone(), &settings.domains, settings.region.clone());
    let fallback: Fallback = Arc::new(move |request, arrival| {
        let door = door.clone();
        Box::pin(async move { door.handle(request, arrival.ip, arrival.secure, arrival.request_id).await })
    });
    let calls = Calls::new(kernel.clone(), registry, iam.clone(), clock, settings.region.clone(), MAX_CALL);
    let tls = match &settings.tls {
        Some((certificate, key)) => Some(mastic_gateway::acceptor(certificate, key)?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let server = Server::bind(settings.listen, tls, calls, fallback, Limits::default()).await?;
    let endpoint = format!("{scheme}://{}", reachable(server.address()));
    home.write_address(&Address { endpoint: endpoint.clone(), region: settings.region.to_string() })?;
    jobs.start(endpoint.clone()).await?;
    tokio::spawn(work(kernel.background("catalog"), catalog.clone()));
    let timetable = Timetable::new(kernel.background("timetable"));
    timetable.connect(CrawlStarter::KIND, CrawlStarter::new(jobs.clone()));
    timetable.connect(StatisticsStarter::KIND, StatisticsStarter::new(jobs));
    tokio::spawn(async move { timetable.run().await });
    let grace = settings.blob_grace;
    tokio::spawn(sweep(grace, kernel.clone(), iam.clone(), objects, catalog, watch, organizations));
    Ok(Running { endpoint, server, kernel, iam })
}

/// The address as a client on this machine writes it.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

/// Does what calls of the catalog leave to be done.
async fn work(background: Background, catalog: Arc<Catalog>) {
    loop {
        let Err(fault) = catalog.work(&background).await;
        tracing::error!(%fault, cause = fault.cause(), "the catalog's work stopped");
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

/// Drops what nobody needs any more, now and then.
async fn sweep(
    blob_grace: Duration,
    kernel: Kernel,
    iam: Arc<Iam>,
    objects: Arc<Objects>,
    catalog: Arc<Catalog>,
    watch: Arc<Watch>,
    organizations: Arc<Organizations>,
) {
    let background = kernel.background("sweeper");
    let mut ticks = tokio::time::interval(SWEEP_EVERY.min(blob_grace));
    loop {
        ticks.tick().await;
        let outcomes = [
            ("blobs", objects.sweep(&background, blob_grace).await.map(drop)),
            ("sessions", iam.tend().await),
            ("the catalog", catalog.sweep(&background).await),
            ("log events", watch.sweep().await),
            ("closed accounts", organizations.sweep().await),
            ("audit records", kernel.audit_prune().await),
        ];
        for (what, outcome) in outcomes {
            if let Err(fault) = outcome {
                tracing::error!(%fault, cause = fault.cause(), "{what} could not be swept");
            }
        }
    }
}
