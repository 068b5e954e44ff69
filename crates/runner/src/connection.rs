//! Connections to databases: tested, or made for a run as its role.

use async_trait::async_trait;
use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::GetConnectionRequest;
use mastic_client::Client;
use mastic_engine::Connector;
use mastic_handoff::{Category, ConnectionWork, Tally};
use mastic_jdbc::{Connection, Settings, check_authority, connect};

use crate::failure::Failure;

/// Tests a connection. A failure tells the steps that went well, and the one that did not.
pub(crate) async fn test(work: ConnectionWork) -> Result<Tally, Failure> {
    let ConnectionWork { connection_type, properties, secret_arn, authority } = work;
    let settings = Settings::new(&connection_type, properties.reveal(), secret_arn.as_deref())
        .map_err(|error| Failure::new(error.to_string()))?;
    let authority = authority.filter(|_| settings.authority.is_some());
    let mut passed = Vec::new();
    match reach(&settings, authority.as_deref().map(str::as_bytes), |step| passed.push(step)).await {
        Ok(_) => Ok(Tally::default()),
        Err(failure) => Err(Failure::new(match passed.is_empty() {
            true => format!("The connection failed. {failure}"),
            false => {
                format!("The connection failed. {failure}. What went well before: {}.", passed.join("; "))
            }
        })),
    }
}

/// Connects as the role of the run: gets the connection, and the certificate of an authority that it names.
/// A database that is named is used instead of the connection's own.
pub(crate) async fn open(
    client: &Client,
    name: &str,
    database: Option<&str>,
) -> Result<(Connection, Settings), Failure> {
    let input = GetConnectionRequest { name: name.to_owned(), ..GetConnectionRequest::default() };
    let found = client.call::<op::GetConnection>(input).await?.connection.unwrap_or_default();
    let kind = found.connection_type.map_or("", |kind| kind.as_str());
    let properties = found.connection_properties.unwrap_or_default();
    let secret = found.authentication_configuration.and_then(|given| given.secret_arn);
    let mut settings = Settings::new(kind, &properties, secret.as_deref())
        .map_err(|error| Failure::new(error.to_string()))?;
    if let Some(database) = database {
        settings.database = Some(database.to_owned());
    }
    let authority = match &settings.authority {
        None => None,
        Some(path) => {
            let place = path.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
            let Some((bucket, key)) = place else {
                return Err(Failure::new(format!("CUSTOM_JDBC_CERT is not an S3 path: {path}")));
            };
            let read = client.s3().get_object(bucket, key).await;
            Some(read.map_err(|error| Failure::from(error).at(path))?)
        }
    };
    let connection = reach(&settings, authority.as_deref(), drop).await?;
    Ok((connection, settings))
}

/// The connections of the catalog, as the engine sees them: opened as the run's role.
pub(crate) struct Connections(pub(crate) Client);

#[async_trait]
impl Connector for Connections {
    async fn connect(&self, connection: &str, database: Option<&str>) -> Result<Connection, String> {
        let opened = open(&self.0, connection, database).await;
        opened.map(|(connection, _)| connection).map_err(|failure| failure.to_string())
    }
}

/// Connects, and tells each step that went well.
pub(crate) async fn reach(
    settings: &Settings,
    authority: Option<&[u8]>,
    mut told: impl FnMut(String) + Send,
) -> Result<Connection, Failure> {
    if let Some(pem) = authority.filter(|_| settings.check_authority) {
        let path = settings.authority.as_deref().unwrap_or_default();
        check_authority(pem)
            .map_err(|error| Failure::new(format!("CUSTOM_JDBC_CERT ({path}) cannot be used: {error}")))?;
    }
    connect(settings, authority, |passed| told(passed.to_string()))
        .await
        .map_err(|error| Failure::of(Category::Connection, error.to_string()))
}
