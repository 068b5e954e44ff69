use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// Tells a bucket from the host name ("Virtual hosting of general purpose buckets").
pub(crate) struct Hosts {
    /// The names under which the server itself is known, longest first.
    bases: Vec<String>,
}

impl Hosts {
    /// `bases` are host names without port; each is also known with `s3.` before it.
    pub(crate) fn new(bases: impl IntoIterator<Item = String>) -> Self {
        let given: Vec<String> = bases.into_iter().chain(["localhost".to_owned()]).collect();
        let mut bases: Vec<String> =
            given.iter().map(|base| format!("s3.{base}")).chain(given.iter().cloned()).collect();
        bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
        bases.dedup();
        Self { bases }
    }

    /// The bucket that a host name begins with; none where it names the server or something unknown.
    pub(crate) fn bucket<'a>(&self, host: &'a str) -> Option<&'a str> {
        let host = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        if let Some(rest) = host.strip_suffix(".amazonaws.com") {
            return of_aws(rest);
        }
        if self.bases.iter().any(|base| base == host) {
            return None;
        }
        self.bases.iter().find_map(|base| host.strip_suffix(base.as_str())?.strip_suffix('.'))
    }
}

/// The bucket in `BUCKET.s3`, `BUCKET.s3.REGION`, `BUCKET.s3-REGION` or `BUCKET.s3.dualstack.REGION`.
fn of_aws(rest: &str) -> Option<&str> {
    let mut at = rest.len();
    // The service stands at most two labels before the end, and the bucket may hold dots itself.
    for label in rest.rsplit('.').take(3) {
        at -= label.len();
        if label == "s3" || label.starts_with("s3-") {
            return rest.get(..at)?.strip_suffix('.');
        }
        at = at.saturating_sub(1);
    }
    None
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let whole = VirtualHost::new(host);
        Ok(match self.bucket(host) {
            Some(bucket) => whole.with_bucket(bucket),
            None => whole,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_in_host_names() {
        let hosts = Hosts::new(["glue.example.com".to_owned()]);
        for (host, bucket) in [
            ("localhost:4566", None),
            ("s3.localhost:4566", None),
            ("b.localhost:4566", Some("b")),
            ("b.s3.localhost", Some("b")),
            ("a.b.s3.localhost", Some("a.b")),
            ("glue.example.com", None),
            ("b.glue.example.com", Some("b")),
            ("other.example.com", None),
            ("s3.eu-west-1.amazonaws.com", None),
            ("s3.amazonaws.com", None),
            ("a.b.s3.amazonaws.com", Some("a.b")),
            ("b.s3.eu-west-1.amazonaws.com", Some("b")),
            ("b.s3.dualstack.eu-west-1.amazonaws.com", Some("b")),
            ("b.s3-eu-west-1.amazonaws.com", Some("b")),
        ] {
            assert_eq!(hosts.bucket(host), bucket, "{host}");
        }
    }
}
