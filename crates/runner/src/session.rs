use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mastic_client::{Client, Config, Credentials};
use mastic_core::{Clock, Entropy, Secret, SystemClock, SystemEntropy, Timestamp};
use mastic_handoff::{Assignment, RunCredentials};

use crate::events::Events;
use crate::failure::Failure;

/// How long a server that restarts is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every kind of run has: the server, seen as the run's role, and a way to tell how it goes.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) events: Events,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) ca_file: Option<PathBuf>,
    /// Bytes of memory that the run may use.
    pub(crate) memory_limit: u64,
    /// Where it may spill.
    pub(crate) scratch: PathBuf,
    pub(crate) region: String,
    /// When the credentials end.
    expires: Mutex<Timestamp>,
}

impl Session {
    pub(crate) fn new(assignment: Assignment, events: Events) -> Result<Self, Failure> {
        let ca_file = assignment.ca_file.map(PathBuf::from);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let config = Config {
            ca_file: ca_file.clone(),
            patience: PATIENCE,
            clock: Arc::clone(&clock),
            ..Config::new(assignment.endpoint, assignment.region.clone())
        };
        let expires = assignment.credentials.as_ref().map_or_else(Timestamp::default, |given| given.expires);
        Ok(Self {
            client: Client::with_config(config, assignment.credentials.map_or_else(nobody, taken))?,
            events,
            clock,
            entropy: Arc::new(SystemEntropy::new()),
            ca_file,
            memory_limit: assignment.memory_limit,
            scratch: assignment.scratch.into(),
            region: assignment.region,
            expires: Mutex::new(expires),
        })
    }

    /// Makes every later request as the role's newer session.
    pub(crate) fn renew(&self, credentials: RunCredentials) {
        *self.expires.lock().unwrap_or_else(PoisonError::into_inner) = credentials.expires;
        self.client.set_credentials(taken(credentials));
    }

    /// When the credentials of now end.
    pub(crate) fn expires(&self) -> Timestamp {
        *self.expires.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server refuses what is signed with these: the run was given none because it needs none.
fn nobody() -> Credentials {
    Credentials { access_key_id: String::new(), secret_access_key: Secret::default(), session_token: None }
}

fn taken(credentials: RunCredentials) -> Credentials {
    Credentials {
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret_access_key,
        session_token: Some(credentials.session_token),
    }
}
