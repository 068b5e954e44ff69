//! How delimited text is written down in SerDe and table parameters.

use crate::format::Format;

/// How the lines of a CSV table are taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Between cells.
    pub delimiter: char,
    /// Round a cell that may hold delimiters; none under LazySimpleSerDe, to which a quote is an
    /// ordinary character, unless the table says `quoteChar` or a crawl found `areColumnsQuoted`.
    pub quote: Option<char>,
    /// Before a character that is to be taken as it is.
    pub escape: Option<char>,
    /// Lines at the start of each file that are no data.
    pub skip_lines: u64,
}

impl CsvOptions {
    /// What SerDe and table parameters say. `lookup` answers a parameter by its name, the SerDe's
    /// before the table's.
    ///
    /// # Errors
    /// A text that names the parameter and its value when it cannot be used.
    pub fn from_parameters<'a>(
        format: Format,
        lookup: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, String> {
        let open = format == Format::OpenCsv;
        let first = |names: &[&str]| -> Result<Option<char>, String> {
            for name in names {
                if let Some(text) = lookup(name).filter(|text| !text.is_empty()) {
                    return character(text, open).map(Some).ok_or_else(|| {
                        format!("the parameter `{name}` must be one character, not `{text}`")
                    });
                }
            }
            Ok(None)
        };
        let quoted = open || lookup("areColumnsQuoted") == Some("true");
        let fallback = if open { ',' } else { '\u{1}' };
        let skip = lookup("skip.header.line.count").unwrap_or("0");
        Ok(Self {
            delimiter: first(&["separatorChar", "field.delim", "delimiter", "serialization.format"])?
                .unwrap_or(fallback),
            quote: first(&["quoteChar", "quote.delim"])?.or(quoted.then_some('"')),
            escape: first(&["escapeChar", "escape.delim"])?.or(open.then_some('\\')),
            skip_lines: skip.trim().parse().map_err(|_| {
                format!("the parameter `skip.header.line.count` must be a whole number, not `{skip}`")
            })?,
        })
    }
}

/// A character as people write it in a parameter: itself, `\t`, an octal `\001` or `\u0001`. To
/// Hive's own SerDes a number is the code of a character: `serialization.format` 1 is Ctrl-A.
fn character(text: &str, open: bool) -> Option<char> {
    if let Ok(code @ 0..=127) = text.parse::<u8>()
        && !open
    {
        return Some(char::from(code));
    }
    let mut chars = text.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Some(only);
    }
    let escape = text.strip_prefix('\\')?;
    match escape {
        "t" => Some('\t'),
        "\\" | "'" | "\"" => escape.chars().next(),
        _ => match escape.strip_prefix(['u', 'U']) {
            Some(hex) => char::from_u32(u32::from_str_radix(hex, 16).ok()?),
            None => char::from_u32(u32::from_str_radix(escape, 8).ok()?),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::CsvOptions;
    use crate::format::Format;

    fn options(format: Format, parameters: &[(&str, &'static str)]) -> Result<CsvOptions, String> {
        CsvOptions::from_parameters(format, |name| parameters.iter().find(|p| p.0 == name).map(|p| p.1))
    }

    #[test]
    fn delimiters_as_people_write_them() {
        for (text, delimiter) in [
            (",", ','),
            ("|", '|'),
            ("\\t", '\t'),
            ("\t", '\t'),
            ("\\001", '\u{1}'),
            ("\\u0001", '\u{1}'),
            ("1", '\u{1}'),
        ] {
            assert_eq!(
                options(Format::Csv, &[("field.delim", text)]).unwrap().delimiter,
                delimiter,
                "{text:?}"
            );
        }
        assert_eq!(options(Format::Csv, &[]).unwrap().delimiter, '\u{1}');
        let refusal = options(Format::Csv, &[("field.delim", "||")]).unwrap_err();
        assert_eq!(refusal, "the parameter `field.delim` must be one character, not `||`");
    }

    #[test]
    fn quotes_belong_to_open_csv() {
        let open = options(Format::OpenCsv, &[("skip.header.line.count", "1")]).unwrap();
        let wanted = CsvOptions { delimiter: ',', quote: Some('"'), escape: Some('\\'), skip_lines: 1 };
        assert_eq!(open, wanted);
        assert_eq!(options(Format::Csv, &[("field.delim", ",")]).unwrap().quote, None);
        assert_eq!(options(Format::Csv, &[("areColumnsQuoted", "true")]).unwrap().quote, Some('"'));
        assert!(options(Format::Csv, &[("skip.header.line.count", "x")]).is_err());
    }
}
