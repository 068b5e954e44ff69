//! Tests of connections. A runner goes to the database, because the server itself links no drivers; the server reads the
//! authority's certificate for it as the caller, so that the runner needs no role.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use mastic_core::{Arn, Fault};
use mastic_handoff::{ConnectionWork, Event, Finish, Work, from_line};
use mastic_kernel::Ctx;
use mastic_kernel::ports::{ConnectionFacts, ConnectionTests};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::time::timeout;

use crate::execution::{Witness, clear};
use crate::{Jobs, access};

/// How long a test may take. The steps have limits of their own, which are shorter together unless a host has many
/// addresses or the URL says otherwise.
const LONGEST: Duration = Duration::from_secs(120);

/// Bytes of an authority's certificates at most.
const CERTIFICATES: u64 = 1 << 20;

/// Bytes of a broken runner's last words that are kept.
const LAST_WORDS: u64 = 64 << 10;

#[async_trait]
impl ConnectionTests for Jobs {
    async fn test(&self, ctx: &Ctx, connection: ConnectionFacts) -> Result<(), Fault> {
        let ConnectionFacts { connection_type, properties, secret_arn } = connection;
        let authority = match properties.reveal().get("CUSTOM_JDBC_CERT") {
            Some(path) if !path.is_empty() => Some(authority(ctx, path).await?),
            _ => None,
        };
        let work = ConnectionWork { connection_type, properties, secret_arn, authority };
        let _turn = self.connection_tests.acquire().await.map_err(Fault::internal)?;
        let scratch = self.config.scratch.join(ctx.entropy().uuid());
        let work = Work::TestConnection(Box::new(work));
        let ended = timeout(LONGEST, self.hear(ctx, work, &scratch)).await;
        clear(&scratch).await;
        match ended {
            Ok(Ok(Finish::Succeeded(_))) => Ok(()),
            Ok(Ok(Finish::Failed(cause))) => Err(Fault::sender("InvalidInputException", cause.text)),
            Ok(Ok(Finish::Planned(_))) => Err(Fault::internal("the runner planned a test of a connection")),
            Ok(Err(reason)) => Err(Fault::internal(reason)),
            Err(_) => {
                let text = format!("The test of the connection took longer than {} s.", LONGEST.as_secs());
                Err(Fault::sender("OperationTimeoutException", text))
            }
        }
    }
}

impl Jobs {
    /// Hears a runner until it ends.
    async fn hear(&self, ctx: &Ctx, work: Work, scratch: &Path) -> Result<Finish, String> {
        let call = ctx.call();
        let account = access::account_of(call).map_err(|fault| fault.message().to_owned())?;
        // The input stays open until the runner has ended: its end would tell the runner to stop.
        let (place, memory, witness) = ((account, &call.region), self.config.memory_limit, Witness::begin());
        let (mut child, _input) = self.spawn(place, None, memory, work, scratch).await?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let events = async {
            let mut finish = None;
            let Some(out) = out else { return finish };
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Ok(Event::Finished(end)) = from_line::<Event>(&line) {
                    finish = Some(end);
                }
            }
            finish
        };
        let words = async {
            let mut words = Vec::new();
            if let Some(err) = err {
                // What cannot be read is not told.
                let _ = err.take(LAST_WORDS).read_to_end(&mut words).await;
            }
            String::from_utf8_lossy(&words).lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let (finish, words) = tokio::join!(events, words);
        let status = child.wait().await;
        finish.ok_or_else(|| witness.died(status, &words).text)
    }
}

async fn authority(ctx: &Ctx, path: &str) -> Result<String, Fault> {
    let invalid = |text: String| Fault::sender("InvalidInputException", text);
    let place = path.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let Some((bucket, key)) = place.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) else {
        return Err(invalid(format!("CUSTOM_JDBC_CERT is not the S3 path of a file: {path}")));
    };
    let bytes =
        ctx.kernel().object_reader()?.read(ctx, bucket, key, CERTIFICATES).await.map_err(|fault| {
            let denied = fault.code().starts_with("AccessDenied");
            if denied {
                fault
            } else {
                invalid(format!("The certificate {path} cannot be read: {}", fault.message()))
            }
        })?;
    String::from_utf8(bytes)
        .map_err(|_| invalid(format!("The certificate {path} is not PEM: it is not text.")))
}

/// The ARN of a connection of the caller's own catalog, and of the catalog.
pub(crate) fn arns(ctx: &Ctx, name: &str) -> Result<[Arn; 2], Fault> {
    let (region, account) = (ctx.call().region.as_str(), access::account_of(ctx.call())?);
    Ok([format!("connection/{name}"), "catalog".to_owned()]
        .map(|resource| Arn::new("glue", region, account, &resource)))
}
