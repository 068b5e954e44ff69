use super::{CatalogSource, ColumnType, S3Files};

/// A format that targets write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Parquet.
    Parquet,
    /// JSON lines.
    Json,
    /// CSV.
    Csv,
    /// Avro object container files.
    Avro,
    /// ORC.
    Orc,
    /// XML: a `ROW` element for each row in one `ROWS` element.
    Xml,
}

/// The compression of written files: of their inside or, where they are text, of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// None.
    None,
    /// Snappy.
    Snappy,
    /// Gzip.
    Gzip,
    /// Bzip2.
    Bzip2,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
    /// Brotli.
    Brotli,
    /// Deflate; ORC calls it ZLIB.
    Deflate,
    /// XZ.
    Xz,
}

impl Compression {
    /// What `Compression` of a node means for files of a format (Data format options for inputs and outputs in AWS Glue
    /// for Spark).
    ///
    /// # Errors
    /// Says which compressions the format has.
    pub fn parse(text: &str, format: Format) -> Result<Self, String> {
        let name = text.to_ascii_lowercase();
        let found = match (name.as_str(), format) {
            ("none" | "uncompressed" | "null", _) => Some(Self::None),
            ("snappy", _) => Some(Self::Snappy),
            // What is compressed inside has the algorithm of gzip without its frame.
            ("gzip" | "zlib" | "deflate", Format::Avro | Format::Orc) => Some(Self::Deflate),
            ("gzip", _) => Some(Self::Gzip),
            ("bzip2" | "bzip", _) => Some(Self::Bzip2),
            ("lz4", _) => Some(Self::Lz4),
            ("zstd" | "zstandard", _) => Some(Self::Zstd),
            ("brotli", _) => Some(Self::Brotli),
            ("xz", _) => Some(Self::Xz),
            _ => None,
        };
        found.filter(|found| format.compressions().contains(found)).ok_or_else(|| {
            let all: Vec<&str> = format.compressions().iter().map(|one| one.name(format)).collect();
            format!(
                "{} files cannot be compressed with `{text}` here: {} are supported",
                format.name(),
                all.join(", ")
            )
        })
    }

    fn name(self, format: Format) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snappy => "snappy",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Brotli => "brotli",
            Self::Deflate if format == Format::Orc => "zlib",
            Self::Deflate => "deflate",
            Self::Xz => "xz",
        }
    }
}

impl Format {
    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Json => "JSON",
            Self::Csv => "CSV",
            Self::Avro => "Avro",
            Self::Orc => "ORC",
            Self::Xml => "XML",
        }
    }

    /// The `classification` of its tables.
    pub(crate) fn classification(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Avro => "avro",
            Self::Orc => "orc",
            Self::Xml => "xml",
        }
    }

    /// Its compressions; the first is taken where the author says nothing.
    fn compressions(self) -> &'static [Compression] {
        use Compression::{Brotli, Bzip2, Deflate, Gzip, Lz4, None, Snappy, Xz, Zstd};
        match self {
            Self::Parquet => &[Snappy, None, Gzip, Lz4, Zstd, Brotli],
            Self::Json | Self::Csv | Self::Xml => &[None, Gzip, Bzip2],
            Self::Avro => &[Snappy, None, Deflate, Bzip2, Xz, Zstd],
            Self::Orc => &[Snappy, None, Deflate, Lz4, Zstd],
        }
    }

    /// The compression where the author says nothing.
    pub(crate) fn usual_compression(self) -> Compression {
        self.compressions().first().copied().unwrap_or(Compression::None)
    }

    /// Whether files can be compressed so.
    pub(crate) fn has(self, compression: Compression) -> bool {
        self.compressions().contains(&compression)
    }
}

/// Settings of an Excel source: the first sheet of each workbook, whose first row names the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcelSource {
    /// The files.
    pub files: S3Files,
    /// Read at most so many rows of each file.
    pub rows: Option<usize>,
    /// Leave out so many rows at the end of each file.
    pub skip_footer: usize,
    /// The types of columns, by name; others are found out.
    pub schema: Option<Vec<ColumnType>>,
}

impl CatalogSource {
    /// How much of the table's files is read at most.
    pub(crate) fn limits(&self) -> S3Files {
        let (bounded_files, bounded_size, sample) = (self.bounded_files, self.bounded_size, self.sample);
        S3Files { bounded_files, bounded_size, sample, ..S3Files::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_the_format_has() {
        assert_eq!(Compression::parse("GZIP", Format::Csv), Ok(Compression::Gzip));
        assert_eq!(Compression::parse("bzip", Format::Json), Ok(Compression::Bzip2));
        assert_eq!(Compression::parse("gzip", Format::Avro), Ok(Compression::Deflate));
        assert_eq!(Compression::parse("uncompressed", Format::Orc), Ok(Compression::None));
        assert_eq!(
            Compression::parse("lzo", Format::Parquet).unwrap_err(),
            "Parquet files cannot be compressed with `lzo` here: snappy, none, gzip, lz4, zstd, brotli are supported"
        );
        assert_eq!(
            Compression::parse("snappy", Format::Csv).unwrap_err(),
            "CSV files cannot be compressed with `snappy` here: none, gzip, bzip2 are supported"
        );
    }
}
