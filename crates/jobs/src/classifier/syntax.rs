//! What a classifier's settings must look like. Sources: "Writing custom classifiers for diverse data formats" (AWS Glue
//! Developer Guide), "CsvClassifier" (AWS Glue Web API Reference). That a pattern names only patterns that exist, and
//! compiles, is found out by the crawl.

use mastic_api_glue::glue::types::{Classifier, CsvClassifier, GrokClassifier};
use mastic_core::Fault;

use super::invalid;

/// What `CustomDatatypes` may name.
const DATATYPES: [&str; 11] = [
    "BINARY",
    "BOOLEAN",
    "DATE",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "INT",
    "LONG",
    "SHORT",
    "STRING",
    "TIMESTAMP",
];

/// What a field of a grok pattern may be.
const GROK_TYPES: [&str; 8] = ["byte", "boolean", "double", "short", "int", "long", "float", "string"];

/// Whether the settings can be used.
pub(super) fn check(classifier: &Classifier) -> Result<(), Fault> {
    let wrong = if let Some(grok) = &classifier.grok_classifier {
        check_grok(grok)
    } else if let Some(xml) = &classifier.xml_classifier {
        check_row_tag(xml.row_tag.as_deref().unwrap_or_default())
    } else if let Some(json) = &classifier.json_classifier {
        check_path(&json.json_path)
    } else if let Some(csv) = &classifier.csv_classifier {
        check_csv(csv)
    } else {
        Ok(())
    };
    wrong.map_err(invalid)
}

fn check_grok(grok: &GrokClassifier) -> Result<(), String> {
    if grok.classification.is_empty() {
        return Err("Classification cannot be empty.".to_owned());
    }
    check_references(&grok.grok_pattern)?;
    for line in grok.custom_patterns.iter().flat_map(|text| text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, pattern)) = line.split_once(char::is_whitespace) else {
            return Err(format!("The custom pattern {line} has a name and no pattern."));
        };
        if !is_word(name) {
            return Err(format!("{name} is not a name of a custom pattern."));
        }
        check_references(pattern.trim())?;
    }
    Ok(())
}

/// Each `%{NAME}`, `%{NAME:field}`, `%{NAME:field:type}` of a pattern.
fn check_references(pattern: &str) -> Result<(), String> {
    let mut rest = pattern;
    while let Some((_, after)) = rest.split_once("%{") {
        let Some((reference, after)) = after.split_once('}') else {
            return Err(format!("The grok pattern {pattern} has a reference without its end: %{{{after}"));
        };
        let mut parts = reference.split(':');
        let name = parts.next().unwrap_or_default();
        let (field, kind) = (parts.next(), parts.next());
        if !is_word(name) || field.is_some_and(str::is_empty) || parts.next().is_some() {
            return Err(format!("The grok pattern {pattern} has a malformed reference: %{{{reference}}}"));
        }
        if let Some(kind) = kind.filter(|kind| !GROK_TYPES.contains(kind)) {
            return Err(format!("{kind} is no data type of grok patterns: {}.", GROK_TYPES.join(", ")));
        }
        rest = after;
    }
    Ok(())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn check_row_tag(tag: &str) -> Result<(), String> {
    let legal = tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
    if tag.is_empty() {
        return Err("RowTag is required: the crawler must know the element of each row.".to_owned());
    }
    if !legal || tag.starts_with(|c: char| c.is_numeric() || matches!(c, '-' | '.')) {
        return Err(format!("The RowTag {tag} is not the name of an XML element."));
    }
    Ok(())
}

/// The subset of JsonPath that classifiers have: `$`, `.name`, `['name']`, `[number]`, and `*` for a name or number.
fn check_path(path: &str) -> Result<(), String> {
    let wrong = || format!("The JsonPath {path} is not one that classifiers know.");
    let mut rest = path.trim().strip_prefix('$').ok_or_else(wrong)?;
    while !rest.is_empty() {
        rest = if let Some(after) = rest.strip_prefix("['") {
            let (name, after) = after.split_once("']").ok_or_else(wrong)?;
            if name.is_empty() {
                return Err(wrong());
            }
            after
        } else if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']').ok_or_else(wrong)?;
            if index != "*" && (index.is_empty() || !index.chars().all(|c| c.is_ascii_digit())) {
                return Err(wrong());
            }
            after
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            let legal = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || (name != "*" && !name.chars().all(legal)) {
                return Err(wrong());
            }
            after
        } else {
            return Err(wrong());
        };
    }
    Ok(())
}

fn check_csv(csv: &CsvClassifier) -> Result<(), String> {
    if csv.delimiter.is_some() && csv.delimiter == csv.quote_symbol {
        return Err("QuoteSymbol must be different from Delimiter.".to_owned());
    }
    let header = csv.header.as_deref().unwrap_or_default();
    for (place, name) in header.iter().enumerate() {
        if name.trim().is_empty() {
            return Err("Header has a column without a name.".to_owned());
        }
        if header.iter().take(place).any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(format!("Header has the column {name} twice."));
        }
    }
    let types = csv.custom_datatypes.as_deref().unwrap_or_default();
    match types.iter().find(|name| !DATATYPES.contains(&name.as_str())) {
        Some(name) => Err(format!("{name} is no custom data type: {}.", DATATYPES.join(", "))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grok(pattern: &str, custom: Option<&str>) -> Result<(), String> {
        check_grok(&GrokClassifier {
            classification: "log".to_owned(),
            grok_pattern: pattern.to_owned(),
            custom_patterns: custom.map(str::to_owned),
            ..GrokClassifier::default()
        })
    }

    #[test]
    fn patterns() {
        assert_eq!(
            grok("%{TIMESTAMP_ISO8601:at} [%{WORD:level}] %{NUMBER:n:int} %{GREEDYDATA}", None),
            Ok(())
        );
        assert_eq!(grok("%{MINE:m}", Some("MINE \\d+\n\n# a comment\nOTHER a|%{MINE}")), Ok(()));
        for (pattern, custom) in [
            ("%{WORD", None),
            ("%{}", None),
            ("%{WORD:}", None),
            ("%{WORD:a:decimal}", None),
            ("%{WORD:a:int:b}", None),
            ("%{A}", Some("A")),
            ("%{A}", Some("A %{")),
        ] {
            assert!(grok(pattern, custom).is_err(), "{pattern} {custom:?}");
        }
    }

    #[test]
    fn paths() {
        for path in ["$", "$[*]", "$.id", "$.a.b[0]", "$['a b'].c[*].d", "$.*", "$[3]['x']"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
        for path in ["", "id", "$.", "$..a", "$[", "$[a]", "$['']", "$[-1]", "$.a b", "$x", "$[?(@.a)]"] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn settings_of_csv() {
        let ok = CsvClassifier {
            delimiter: Some(";".to_owned()),
            quote_symbol: Some("'".to_owned()),
            header: Some(vec!["a".to_owned(), "b".to_owned()]),
            custom_datatypes: Some(vec!["INT".to_owned()]),
            ..CsvClassifier::default()
        };
        assert_eq!(check_csv(&ok), Ok(()));
        let same = CsvClassifier { quote_symbol: Some(";".to_owned()), ..ok.clone() };
        assert!(check_csv(&same).unwrap_err().contains("different"));
        let twice = CsvClassifier { header: Some(vec!["a".to_owned(), "A".to_owned()]), ..ok.clone() };
        assert!(check_csv(&twice).unwrap_err().contains("twice"));
        let unknown = CsvClassifier { custom_datatypes: Some(vec!["int8".to_owned()]), ..ok };
        assert!(check_csv(&unknown).unwrap_err().starts_with("int8 is no custom data type"));
    }

    #[test]
    fn row_tags() {
        assert_eq!(check_row_tag("ns:row-1"), Ok(()));
        for tag in ["", "<row>", "1row", "a b"] {
            assert!(check_row_tag(tag).is_err(), "{tag}");
        }
    }
}
