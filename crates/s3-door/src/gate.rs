//! Who calls: the signature is checked here, with the kernel's clock and AWS's texts; s3s checks it again
//! and decodes the body that it covers.

use std::sync::Arc;

use http::request::Parts;
use mastic_core::{Fault, Region, RequestId};
use mastic_kernel::ports::{KeyMaterial, Keys};
use mastic_kernel::{Call, Caller, Kernel};
use mastic_objects::fault;
use mastic_sigv4::{Family, Form, Presented, RequestParts, SigError, Verifier};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::host::Hosts;
use crate::legacy::LegacyUrl;
use crate::query;

/// Where a request comes from.
pub(crate) struct Origin {
    pub(crate) ip: std::net::IpAddr,
    pub(crate) secure: bool,
    pub(crate) request_id: RequestId,
}

pub(crate) struct Gate {
    kernel: Kernel,
    keys: Arc<dyn Keys>,
    verifier: Verifier,
    usual_region: Region,
    hosts: Hosts,
}

impl Gate {
    pub(crate) fn new(kernel: Kernel, keys: Arc<dyn Keys>, usual_region: Region, hosts: Hosts) -> Self {
        Self { kernel, keys, verifier: Verifier::new(), usual_region, hosts }
    }

    /// The bucket in the host name.
    pub(crate) fn bucket<'a>(&self, request: &'a Parts) -> Option<&'a str> {
        let host = request.headers.get(http::header::HOST)?.to_str().ok()?;
        self.hosts.bucket(host)
    }

    /// The call, and whether it may go on. A call that may not is an anonymous one: nobody has proved anything.
    pub(crate) fn call(&self, request: &mut Parts, origin: Origin) -> (Call, Result<(), Fault>) {
        let agent = request.headers.get(http::header::USER_AGENT);
        let mut call = Call {
            caller: Arc::new(Caller::anonymous()),
            region: self.usual_region.clone(),
            request_id: origin.request_id,
            time: self.kernel.clock().now(),
            source_ip: Some(origin.ip),
            user_agent: agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
            secure: origin.secure,
        };
        let outcome = self.identify(request, &mut call);
        (call, outcome)
    }

    fn identify(&self, request: &mut Parts, call: &mut Call) -> Result<(), Fault> {
        let s3 = |error: SigError| error.fault(Family::S3);
        refuse_older_forms(request)?;
        if let Some(url) = LegacyUrl::parse(request).map_err(s3)? {
            let key = self.key(&url.access_key_id, url.session_token.as_deref(), call)?;
            let secret = key.secret.reveal();
            url.verify(request, self.bucket(request), secret, call.time).map_err(s3)?;
            url.settle(request);
            self.keys.used(&url.access_key_id, "s3", &call.region, call.time);
            call.caller = Arc::clone(&key.caller);
            return Ok(());
        }
        let wire = RequestParts::new(&request.method, &request.uri, &request.headers);
        let Some(presented) = Presented::parse(&wire).map_err(s3)? else {
            return Ok(());
        };
        presented.require_scope("s3", None).map_err(s3)?;
        if let Form::Query { expires: None } = presented.form {
            let text = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
            return Err(s3(SigError::BadQuery(text.into())));
        }
        let region = presented.scope.region.parse();
        call.region = region.map_err(|_| s3(SigError::Scope("the region is wrong".into())))?;
        let token = presented.session_token.as_ref().map(|token| token.reveal().as_str());
        let key = self.key(&presented.access_key_id, token, call)?;
        self.verifier.verify(&presented, &wire, None, &key.secret, call.time).map_err(s3)?;
        self.keys.used(&presented.access_key_id, "s3", &call.region, call.time);
        call.caller = Arc::clone(&key.caller);
        Ok(())
    }

    /// The key that a request names, if it may be used now and the session token is its own.
    fn key(&self, id: &str, token: Option<&str>, call: &Call) -> Result<Arc<KeyMaterial>, Fault> {
        let s3 = |error: SigError| error.fault(Family::S3);
        let key = self.keys.key(id)?.filter(|key| key.active).ok_or_else(|| s3(SigError::UnknownKey))?;
        if token != key.session_token.as_ref().map(|token| token.reveal().as_str()) {
            return Err(s3(if token.is_some() { SigError::InvalidToken } else { SigError::UnknownKey }));
        }
        if key.expires.is_some_and(|end| end <= call.time) {
            return Err(s3(SigError::ExpiredToken));
        }
        Ok(key)
    }
}

/// Of signature version 2 only presigned URLs are taken.
fn refuse_older_forms(request: &Parts) -> Result<(), Fault> {
    let header = request.headers.get(http::header::AUTHORIZATION);
    let in_header = header.is_some_and(|value| value.as_bytes().starts_with(b"AWS "));
    let parameters = query::parameters(request.uri.query());
    let given = |name: &str| query::value(&parameters, name).is_some();
    let halved = given("Signature") != given("AWSAccessKeyId");
    if in_header || halved || (header.is_some() && given("Signature")) {
        return Err(fault::invalid_request(
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ));
    }
    Ok(())
}

/// Gives s3s the secrets for its own check.
pub(crate) struct Secrets(pub(crate) Arc<dyn Keys>);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let key = self.0.key(access_key).map_err(|_| S3Error::new(S3ErrorCode::InternalError))?;
        match key {
            Some(key) if key.active => Ok(SecretKey::from(key.secret.reveal().as_str())),
            _ => Err(S3Error::new(S3ErrorCode::InvalidAccessKeyId)),
        }
    }
}
