//! Reaching the server: `mastic env`, and the client of the other commands.

use std::path::PathBuf;

use clap::Args;
use mastic_client::{Client, Config, Credentials};
use mastic_core::Secret;

use crate::failure::Failure;
use crate::home::Home;

/// How a command finds the server and whose keys it uses.
#[derive(Args, Clone)]
pub struct Reach {
    /// The server's data directory.
    #[arg(long, default_value = ".mastic", env = "MASTIC_DATA")]
    pub data: PathBuf,
    /// The server's URL; without it, that of the data directory's server.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    pub endpoint: Option<String>,
    /// The region.
    #[arg(long, env = "AWS_DEFAULT_REGION")]
    pub region: Option<String>,
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide = true)]
    access_key_id: Option<String>,
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    secret_access_key: Option<String>,
    #[arg(long, env = "AWS_SESSION_TOKEN", hide = true, hide_env_values = true)]
    session_token: Option<String>,
    /// A PEM file with the authority that signed the server's certificate.
    #[arg(long, env = "AWS_CA_BUNDLE")]
    ca_file: Option<PathBuf>,
}

impl Reach {
    /// A client: with the keys of the environment, or else the root keys of the data directory.
    pub fn client(&self) -> Result<Client, Failure> {
        let credentials = match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => Credentials {
                access_key_id: id.clone(),
                secret_access_key: Secret::new(secret.clone()),
                session_token: self.session_token.clone().map(Secret::new),
            },
            _ => root_credentials(&Home::find(&self.data)?, "default")?,
        };
        self.client_of(credentials)
    }

    /// A client without keys, for what is called unsigned.
    pub fn stranger(&self) -> Result<Client, Failure> {
        self.client_of(Credentials {
            access_key_id: String::new(),
            secret_access_key: Secret::new(String::new()),
            session_token: None,
        })
    }

    fn client_of(&self, credentials: Credentials) -> Result<Client, Failure> {
        let (endpoint, region) = match (&self.endpoint, &self.region) {
            (Some(endpoint), region) => {
                (endpoint.clone(), region.clone().unwrap_or_else(|| "us-east-1".to_owned()))
            }
            (None, region) => {
                let address = Home::find(&self.data)?.address()?;
                (address.endpoint, region.clone().unwrap_or(address.region))
            }
        };
        let mut config = Config::new(endpoint, region);
        config.ca_file.clone_from(&self.ca_file);
        Ok(Client::with_config(config, credentials)?)
    }
}

/// The root keys of an account that the data directory knows.
pub fn root_credentials(home: &Home, profile: &str) -> Result<Credentials, Failure> {
    let keys = home.keys(profile)?.ok_or_else(|| {
        let file = home.credentials_file();
        Failure::Usage(format!("{} has no keys for {profile}", file.display()))
    })?;
    Ok(Credentials {
        access_key_id: keys.access_key_id,
        secret_access_key: Secret::new(keys.secret_access_key),
        session_token: None,
    })
}

/// Prints shell commands that point AWS's tools at the server.
#[derive(Args)]
pub struct EnvArguments {
    /// The server's data directory.
    #[arg(long, default_value = ".mastic", env = "MASTIC_DATA")]
    data: PathBuf,
    /// The account whose root keys to use; without it, the management account.
    #[arg(long)]
    account: Option<String>,
}

/// `mastic env`.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub fn print_env(arguments: &EnvArguments) -> Result<(), Failure> {
    let home = Home::find(&arguments.data)?;
    let address = home.address()?;
    let profile = arguments.account.as_deref().unwrap_or("default");
    let credentials = root_credentials(&home, profile)?;
    println!("export AWS_ENDPOINT_URL={}", address.endpoint);
    println!("export AWS_DEFAULT_REGION={}", address.region);
    println!("export AWS_REGION={}", address.region);
    println!("export AWS_ACCESS_KEY_ID={}", credentials.access_key_id);
    println!("export AWS_SECRET_ACCESS_KEY='{}'", credentials.secret_access_key.reveal());
    println!("unset AWS_SESSION_TOKEN AWS_PROFILE");
    Ok(())
}
