//! How names of databases, tables and columns are stored, and how a crawler makes them
//! (Defining crawlers and Running a crawler in the AWS Glue Developer Guide).

use std::fmt::Write;

use md5::{Digest, Md5};

/// The longest table name that a crawler makes, in characters.
const MAX_CRAWLED: usize = 128;
/// The longest name of a column, in characters.
const MAX_COLUMN: usize = 255;

/// A database's, table's or column's name as the catalog keeps it: in lower case.
#[must_use]
pub fn stored_name(name: &str) -> String {
    name.to_lowercase()
}

/// Whether the catalog takes this as a column's name: 1 to 255 characters, tabs allowed, no other
/// control characters.
#[must_use]
pub fn is_column_name(name: &str) -> bool {
    let allowed = |c: char| c == '\t' || (c >= ' ' && c != '\u{FFFE}' && c != '\u{FFFF}');
    !name.is_empty() && name.chars().count() <= MAX_COLUMN && name.chars().all(allowed)
}

/// The table name that a crawler makes of a prefix and a folder's or file's name: lower case, only
/// `[a-z0-9_]`, at most 128 characters.
#[must_use]
pub fn crawler_table_name(prefix: &str, name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
    prefix.chars().chain(name.chars()).take(MAX_CRAWLED).map(|c| allowed(c.to_ascii_lowercase())).collect()
}

/// The name of a second table that would have the same name: the first one's, `_`, and 32 hex
/// digits that depend on `location` only, so that a later crawl finds the same name again.
#[must_use]
pub fn suffixed_table_name(name: &str, location: &str) -> String {
    let digest = Md5::digest(location.as_bytes());
    let mut suffixed: String = name.chars().take(MAX_CRAWLED - 2 * digest.len() - 1).collect();
    suffixed.push('_');
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(suffixed, "{byte:02x}");
    }
    suffixed
}

#[cfg(test)]
mod tests {
    use super::{crawler_table_name, is_column_name, suffixed_table_name};

    #[test]
    fn crawled_names() {
        assert_eq!(crawler_table_name("raw_", "Year=2017"), "raw_year_2017");
        assert_eq!(crawler_table_name("", "a b.csv-é"), "a_b_csv__");
        assert_eq!(crawler_table_name("p", &"x".repeat(300)).len(), 128);
        let suffixed = suffixed_table_name("landing", "s3://bucket/landing/");
        assert!(suffixed.starts_with("landing_") && suffixed.len() == "landing_".len() + 32, "{suffixed}");
        assert_eq!(suffixed_table_name(&"x".repeat(128), "a").len(), 128);
    }

    #[test]
    fn column_names() {
        assert!(is_column_name("a b\tc") && is_column_name(&"é".repeat(255)));
        assert!(!is_column_name("") && !is_column_name("a\nb") && !is_column_name(&"x".repeat(256)));
    }
}
