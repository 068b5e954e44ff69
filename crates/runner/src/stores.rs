//! The buckets as object stores. All share one set of connections and the run's credentials.

mod pinned;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mastic_client::Client;
use mastic_engine::Stores;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::client::{HttpClient, HttpConnector, ReqwestConnector};
use object_store::path::Path;
use object_store::{BackoffConfig, Certificate, ClientOptions, CredentialProvider, ObjectStore, RetryConfig};

use crate::failure::Failure;
use crate::session::Session;

use pinned::Pinned;

/// How long a request for part of an object may take.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The buckets that the run's role may reach.
pub(crate) struct Buckets {
    client: Client,
    options: ClientOptions,
    connector: Shared,
    made: Mutex<HashMap<String, Arc<Pinned>>>,
}

impl Buckets {
    pub(crate) fn new(session: &Session) -> Result<Self, Failure> {
        let mut options = ClientOptions::new()
            .with_allow_http(true)
            .with_http1_only()
            .with_timeout(TIMEOUT)
            .with_connect_timeout(Duration::from_secs(10));
        if let Some(path) = &session.ca_file {
            let unusable = |error: &dyn std::fmt::Display| {
                Failure::new(format!("the certificates of `{}` cannot be used: {error}", path.display()))
            };
            let pem = std::fs::read(path).map_err(|error| unusable(&error))?;
            for certificate in Certificate::from_pem_bundle(&pem).map_err(|error| unusable(&error))? {
                options = options.with_root_certificate(certificate);
            }
        }
        Ok(Self {
            client: session.client.clone(),
            options,
            connector: Shared::default(),
            made: Mutex::new(HashMap::new()),
        })
    }
}

impl Stores for Buckets {
    fn bucket(&self, name: &str) -> Result<Arc<dyn ObjectStore>, String> {
        Ok(self.pinned(name)?)
    }

    fn pin(&self, bucket: &str, key: &Path, tag: &str) -> Result<(), String> {
        self.pinned(bucket)?.pin(key.clone(), tag.to_owned())
    }
}

impl Buckets {
    fn pinned(&self, name: &str) -> Result<Arc<Pinned>, String> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = made.get(name) {
            return Ok(Arc::clone(store));
        }
        let store = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(self.client.region())
            .with_endpoint(self.client.endpoint())
            .with_virtual_hosted_style_request(false)
            .with_allow_http(true)
            // The server is on this machine; hashing all that is written, twice, guards against nothing there.
            .with_unsigned_payload(true)
            .with_client_options(self.options.clone())
            .with_credentials(Arc::new(Current(self.client.clone())))
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(50),
                    ..BackoffConfig::default()
                },
                max_retries: 4,
                retry_timeout: Duration::from_secs(30),
            })
            .with_http_connector(self.connector.clone())
            .build()
            .map_err(|error| error.to_string())?;
        let store = Arc::new(Pinned::new(Arc::new(store)));
        made.insert(name.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

/// The client's credentials, whatever they are by now.
struct Current(Client);

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current")
    }
}

#[async_trait]
impl CredentialProvider for Current {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let now = self.0.credentials();
        Ok(Arc::new(AwsCredential {
            key_id: now.access_key_id.clone(),
            secret_key: now.secret_access_key.reveal().clone(),
            token: now.session_token.as_ref().map(|token| token.reveal().clone()),
        }))
    }
}

/// Connects once, for all buckets.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Option<HttpClient>>>);

impl HttpConnector for Shared {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut connected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = connected.as_ref() {
            return Ok(client.clone());
        }
        let client = ReqwestConnector::default().connect(options)?;
        *connected = Some(client.clone());
        Ok(client)
    }
}
