use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use mastic_core::{Clock, Fault, Region, RequestId};
use mastic_kernel::ports::Keys;
use mastic_kernel::{Call, Caller};
use mastic_shape::Protocol;
use mastic_sigv4::{Family, Payload, Presented, RequestParts, SigError, Verifier, sha256};

/// Resolves and checks who signed a request.
pub(crate) struct Authenticator {
    verifier: Verifier,
    keys: Arc<dyn Keys>,
    clock: Arc<dyn Clock>,
    default_region: Region,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub ip: IpAddr,
    pub secure: bool,
}

impl Authenticator {
    pub(crate) fn new(keys: Arc<dyn Keys>, clock: Arc<dyn Clock>, default_region: Region) -> Self {
        Self { verifier: Verifier::new(), keys, clock, default_region }
    }

    /// The call as an unknown caller's, for the audit record of a request that is refused.
    pub(crate) fn anonymous(&self, parts: &Parts, origin: Origin, request_id: RequestId) -> Call {
        Call {
            caller: Arc::new(Caller::anonymous()),
            region: self.default_region.clone(),
            request_id,
            time: self.clock.now(),
            source_ip: Some(origin.ip),
            user_agent: parts
                .headers
                .get(http::header::USER_AGENT)
                .map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
            secure: origin.secure,
        }
    }

    /// The call with its caller; a request without signature, or with a wrong one, is refused.
    pub(crate) fn check(
        &self,
        parts: &Parts,
        body: &Bytes,
        service: &str,
        protocol: Protocol,
        mut call: Call,
    ) -> Result<Call, Fault> {
        let family = if protocol == Protocol::AwsQuery { Family::Query } else { Family::Json };
        let refuse = |error: SigError| error.fault(family);
        let request = RequestParts::new(&parts.method, &parts.uri, &parts.headers);
        let presented =
            Presented::parse(&request).map_err(refuse)?.ok_or_else(|| refuse(SigError::MissingToken))?;
        presented.require_scope(service, None).map_err(refuse)?;
        let key = self.keys.key(&presented.access_key_id)?.filter(|key| key.active);
        let key = key.ok_or_else(|| refuse(SigError::UnknownKey))?;
        let hash = sha256(body);
        self.verifier.verify(&presented, &request, Some(&hash), &key.secret, call.time).map_err(refuse)?;
        // Only S3 takes a body that its signature does not cover.
        if let Payload::SignedChunks { .. } | Payload::UnsignedChunks | Payload::Unsigned = presented.payload
        {
            return Err(refuse(SigError::PayloadMode));
        }
        match (&key.session_token, &presented.session_token) {
            (None, None) => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return Err(refuse(SigError::InvalidToken)),
        }
        if key.expires.is_some_and(|end| end <= call.time) {
            return Err(refuse(SigError::ExpiredToken));
        }
        if let Ok(region) = presented.scope.region.parse() {
            call.region = region;
        }
        self.keys.used(&presented.access_key_id, service, &call.region, call.time);
        call.caller = Arc::clone(&key.caller);
        Ok(call)
    }
}
