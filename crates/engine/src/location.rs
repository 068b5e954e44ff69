use std::fmt;

/// A place in S3: `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The bucket.
    pub(crate) bucket: String,
    /// The key or prefix, without a slash at its start.
    pub(crate) key: String,
}

impl Location {
    /// Reads `s3://bucket/key`, also under the schemes that Hadoop uses.
    ///
    /// # Errors
    /// Names the text that is no such URL.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = ["s3://", "s3a://", "s3n://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or_else(|| format!("`{text}` is not an S3 location: s3://bucket/key is wanted"))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(format!("`{text}` names no bucket"));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The location as a folder: its key is empty or ends with a slash.
    pub(crate) fn folder(mut self) -> Self {
        if !self.key.is_empty() && !self.key.ends_with('/') {
            self.key.push('/');
        }
        self
    }

    /// What lies at `key` in the same bucket.
    pub(crate) fn at(&self, key: impl Into<String>) -> Self {
        Self { bucket: self.bucket.clone(), key: key.into() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let location = Location::parse("s3a://b/x/y").unwrap().folder();
        assert_eq!(location.to_string(), "s3://b/x/y/");
        assert_eq!(Location::parse("s3://b").unwrap().folder().key, "");
        assert!(Location::parse("/tmp/x").is_err());
        assert!(Location::parse("s3:///x").is_err());
    }
}
