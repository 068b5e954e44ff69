//! AWS's names as Rust names, and Java's regular expressions as Rust's.

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "box", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
    "static", "struct", "super", "trait", "type", "union", "unsafe", "use", "where", "while",
];

/// Names that generated code needs for itself.
const TAKEN: &[&str] =
    &["Option", "Vec", "String", "Box", "Default", "Value", "Secret", "Blob", "Timestamp", "Result"];

/// `TableInput` for a type; a name that generated code needs itself gets `Shape` behind it.
pub fn type_name(name: &str) -> String {
    let mut letters = name.chars();
    let pascal: String = letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect();
    let pascal = pascal.replace(['_', '-'], "");
    if TAKEN.contains(&pascal.as_str()) { format!("{pascal}Shape") } else { pascal }
}

/// `table_input` for a field.
pub fn field_name(name: &str) -> String {
    let snake = snake(name);
    if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}

/// `TABLE_INPUT` for a static.
pub fn static_name(name: &str) -> String {
    snake(name).to_uppercase()
}

/// A variant for an enum's value: `CSV_HEADER` and `csv-header` give `CsvHeader`.
pub fn variant_name(value: &str) -> String {
    let mut out = String::new();
    for word in value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
        let shouting = !word.chars().any(|c| c.is_ascii_lowercase());
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            out.push(first.to_ascii_uppercase());
        }
        out.extend(letters.map(|c| if shouting { c.to_ascii_lowercase() } else { c }));
    }
    if out.is_empty() {
        out = "Empty".to_owned();
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("V{out}") } else { out }
}

fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| letters.get(i));
        let after = letters.get(index + 1);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word {
            out.push('_');
        }
        out.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
    }
    out
}

/// Java's dialect to that of the `regex` crate, anchored. Look-ahead has no translation.
pub fn rust_pattern(java: &str) -> Option<String> {
    if java.contains("(?!") || java.contains("(?=") || java.contains("(?<") {
        return None;
    }
    // The models spell the planes beyond the first as surrogate pairs, or as if \u took five digits.
    let text = java
        .replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\x{10000}-\x{10FFFF}")
        .replace(r"\u10000-\u10FFFF", r"\x{10000}-\x{10FFFF}");
    let mut out = String::from("^(?:");
    let mut rest = text.as_str();
    while let Some(at) = rest.find(r"\u") {
        let (before, tail) = rest.split_at(at);
        let digits = tail.get(2..6)?;
        out.push_str(before);
        out.push_str(&format!(r"\x{{{digits}}}"));
        rest = tail.get(6..)?;
    }
    out.push_str(rest);
    out.push_str(")$");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(field_name("DatabaseName"), "database_name");
        assert_eq!(field_name("Type"), "r#type");
        assert_eq!(field_name("SSEAlgorithm"), "sse_algorithm");
        assert_eq!(field_name("S3Targets"), "s3_targets");
        assert_eq!(variant_name("EXTERNAL_TABLE"), "ExternalTable");
        assert_eq!(variant_name("G.1X"), "G1x");
        assert_eq!(type_name("Option"), "OptionShape");
    }

    #[test]
    fn patterns() {
        assert_eq!(
            rust_pattern(r"[\u0020-\uD7FF\uD800\uDC00-\uDBFF\uDFFF\t]*").unwrap(),
            r"^(?:[\x{0020}-\x{D7FF}\x{10000}-\x{10FFFF}\t]*)$"
        );
        assert_eq!(rust_pattern("^(?!aws:).*$"), None);
    }
}
