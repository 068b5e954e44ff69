//! Databases that a script names by a connection of the catalog, or by their URL.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use mastic_client::Client;
use mastic_core::Secret;
use mastic_engine::Connector;
use mastic_jdbc::{Connection, Settings};

use crate::connection::{open, reach};
use crate::failure::Failure;

/// The connections of a script.
pub(crate) struct ScriptConnections {
    client: Client,
    /// Properties of those that the script itself describes, by the names that they were given here.
    own: Mutex<BTreeMap<String, Secret<BTreeMap<String, String>>>>,
}

impl ScriptConnections {
    pub(super) fn new(client: Client) -> Self {
        Self { client, own: Mutex::default() }
    }

    /// A name for what a URL, a user and a password lead to.
    pub(super) fn named(&self, url: &str, user: Option<String>, password: Option<String>) -> String {
        let mut properties = BTreeMap::from([("JDBC_CONNECTION_URL".to_owned(), url.to_owned())]);
        properties.extend(user.map(|user| ("USERNAME".to_owned(), user)));
        properties.extend(password.map(|password| ("PASSWORD".to_owned(), password)));
        // Parameters of the URL may be secrets.
        let plain = url.split(['?', ';']).next().unwrap_or_default().to_owned();
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut name = plain.clone();
        let mut number = 1;
        while own.get(&name).is_some_and(|known| *known.reveal() != properties) {
            number += 1;
            name = format!("{plain} ({number})");
        }
        own.insert(name.clone(), Secret::new(properties));
        name
    }

    fn own(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.get(name).map(|properties| properties.reveal().clone())
    }

    async fn reached(
        &self,
        properties: &BTreeMap<String, String>,
        database: Option<&str>,
    ) -> Result<Connection, Failure> {
        let settings = Settings::new("JDBC", properties, None);
        let mut settings = settings.map_err(|error| Failure::new(error.to_string()))?;
        if let Some(database) = database {
            settings.database = Some(database.to_owned());
        }
        reach(&settings, None, drop).await
    }
}

#[async_trait]
impl Connector for ScriptConnections {
    async fn connect(&self, connection: &str, database: Option<&str>) -> Result<Connection, String> {
        let opened = match self.own(connection) {
            Some(properties) => self.reached(&properties, database).await,
            None => open(&self.client, connection, database).await.map(|(connection, _)| connection),
        };
        opened.map_err(|failure| failure.to_string())
    }
}
