//! The first steps, which all databases share.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::{ConnectError, Step};
use crate::settings::Settings;

/// Waits for a step.
pub(crate) async fn within<T, E: Display>(
    patience: Duration,
    step: Step,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, ConnectError> {
    match timeout(patience, work).await {
        Ok(done) => done.map_err(|error| ConnectError::new(step, error.to_string())),
        Err(_) => Err(late(patience, step)),
    }
}

pub(crate) fn late(patience: Duration, step: Step) -> ConnectError {
    ConnectError::new(step, format!("no answer within {} s", patience.as_secs_f64()))
}

/// The addresses of the host.
pub(crate) async fn resolve(settings: &Settings) -> Result<Vec<IpAddr>, ConnectError> {
    let Settings { host, port, patience, .. } = settings;
    let found = within(*patience, Step::Dns, tokio::net::lookup_host((host.as_str(), *port))).await;
    let found = found.map_err(|error| {
        ConnectError::new(Step::Dns, format!("the host {host} cannot be found: {}", error.cause))
    })?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    if addresses.is_empty() {
        return Err(ConnectError::new(Step::Dns, format!("the host {host} has no address")));
    }
    Ok(addresses)
}

/// Connects to the first address that takes the connection.
pub(crate) async fn connect(settings: &Settings, addresses: &[IpAddr]) -> Result<TcpStream, ConnectError> {
    let mut refused = Vec::new();
    for address in addresses {
        let address = SocketAddr::new(*address, settings.port);
        match within(settings.patience, Step::Tcp, TcpStream::connect(address)).await {
            Ok(stream) => {
                // Small packets go out at once; a connection that cannot do that works as well.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => refused.push(format!("{address}: {}", error.cause)),
        }
    }
    Err(ConnectError::new(Step::Tcp, refused.join("; ")))
}
