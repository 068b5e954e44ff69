//! What a crawl writes of each format: classification, descriptor, parameters. And files that mean no good.

#![cfg(test)]

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mastic_classify::{
    Classified, Classifiers, ClassifyError, CsvSerde, CsvSettings, Custom, Form, Grouping, HEAD_BYTES,
    Likenesses, Outcome, Sample, group,
};
use mastic_hive::{Configuration, Format};

/// Classifies a file of `size` bytes that begins with `bytes` and goes on with blanks, as a crawl does.
fn look(classifiers: &Classifiers, bytes: &[u8], size: u64) -> Result<Classified, ClassifyError> {
    let first = |count: u64| {
        let mut head = bytes.to_vec();
        head.resize(usize::try_from(count.min(size)).unwrap(), b' ');
        head
    };
    let mut head = first(HEAD_BYTES);
    let mut tail: Option<Vec<u8>> = None;
    for _ in 0..20 {
        match classifiers.classify(&Sample { size, head: &head, tail: tail.as_deref() })? {
            Outcome::Done(found) => return Ok(*found),
            Outcome::NeedHead(count) => head = first(count),
            Outcome::NeedTail(count) => {
                let whole = first(size);
                tail = Some(whole[whole.len() - usize::try_from(count).unwrap()..].to_vec());
            }
        }
    }
    panic!("too many fetches");
}

fn form(custom: &[Custom], bytes: &[u8]) -> Arc<Form> {
    let classifiers = Classifiers::new(custom).unwrap();
    let found = look(&classifiers, bytes, bytes.len() as u64).unwrap();
    let file = Likenesses::default().file("t/file".into(), bytes.len() as u64, found);
    let target =
        Grouping { bucket: "b", prefix: "t", table_prefix: "", configuration: Configuration::default() };
    Arc::clone(&group(&target, &[file]).remove(0).form)
}

fn shown(parameters: &std::collections::BTreeMap<String, String>) -> String {
    let own = |key: &str| !key.starts_with("Crawler") && !["compressionType", "typeOfData"].contains(&key);
    let all = parameters.iter().filter(|(key, _)| own(key));
    all.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_format_has_its_descriptor_and_parameters() {
    let grok = Custom::Grok {
        classification: "my-log".into(),
        pattern: "%{LEVEL:level} %{GREEDYDATA:rest}".into(),
        custom_patterns: "LEVEL (A|B)".into(),
    };
    let xml = Custom::Xml { classification: "rows".into(), row_tag: "row".into() };
    let json = Custom::Json { path: "$[*]".into() };
    let csv = Custom::Csv(CsvSettings {
        delimiter: Some(';'),
        quote: Some('\''),
        serde: Some(CsvSerde::OpenCsv),
        ..CsvSettings::default()
    });
    let avro: &[u8] = include_bytes!("data/events.avro");
    for (custom, bytes, format, parameters, serde) in [
        (
            None,
            &b"a|b\n1|2\n"[..],
            Format::Csv,
            "areColumnsQuoted=false classification=csv columnsOrdered=true delimiter=| skip.header.line.count=1",
            "field.delim=|",
        ),
        (
            Some(csv),
            b"a;b\n1;'2'\n",
            Format::OpenCsv,
            "areColumnsQuoted=true classification=csv columnsOrdered=true delimiter=; skip.header.line.count=1",
            "quoteChar=' separatorChar=;",
        ),
        (None, b"{\"b\":1,\"A\":2}", Format::Json, "classification=json", "paths=A,b"),
        (Some(json), b"[{\"b\":1}]", Format::Json, "classification=json jsonPath=$[*]", "paths=b"),
        (
            Some(grok),
            b"A x\nB y\n",
            Format::Grok,
            "classification=my-log",
            "input.format=%{LEVEL:level} %{GREEDYDATA:rest} input.grokCustomPatterns=LEVEL (A|B)",
        ),
        (
            Some(xml),
            b"<r><row><a>1</a></row></r>",
            Format::Xml,
            "classification=rows rowTag=row",
            "rowTag=row",
        ),
        (None, b"<r><a>1</a></r>", Format::Xml, "classification=xml rowTag=r", "rowTag=r"),
        (None, include_bytes!("data/documents.bson"), Format::Bson, "classification=bson", ""),
        (None, include_bytes!("data/records.10n"), Format::Ion, "classification=ion", ""),
        (None, include_bytes!("data/zlib.orc"), Format::Orc, "classification=orc", ""),
        (
            None,
            include_bytes!("data/int96.parquet"),
            Format::Parquet,
            "classification=parquet",
            "serialization.format=1",
        ),
    ] {
        let form = form(custom.as_slice(), bytes);
        assert_eq!(form.format, Some(format));
        assert_eq!(
            (shown(&form.parameters).as_str(), shown(&form.serde_parameters).as_str()),
            (parameters, serde)
        );
    }
    let form = form(&[], avro);
    assert_eq!((&*form.classification, form.format), ("avro", Some(Format::Avro)));
    let schema = &form.parameters["avro.schema.literal"];
    assert!(schema.contains("com.example") && form.serde_parameters["avro.schema.literal"] == *schema);
    assert_eq!(form.serde_parameters["serialization.format"], "1");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn files_that_mean_no_good_end_soon() {
    let custom = [
        Custom::Grok {
            classification: "x".into(),
            pattern: "^(a+)+%{DATA:x}(b+)+$".into(),
            custom_patterns: String::new(),
        },
        Custom::Xml { classification: "x".into(), row_tag: "nosuch".into() },
        Custom::Json { path: "$.nosuch[*].nosuch".into() },
        Custom::Csv(CsvSettings { delimiter: Some('#'), ..CsvSettings::default() }),
    ];
    let classifiers = Classifiers::new(&custom).unwrap();
    let mib = 1usize << 20;
    let nested = |open: &str, close: &str| [open.repeat(10_000), close.repeat(10_000)].concat().into_bytes();
    let fields: String = (0..120_000).map(|n| format!("\"{n:x}\":1,")).collect();
    let files: [(&str, Vec<u8>); 22] = [
        ("a bomb", gzip(&vec![0; 64 * mib])),
        ("a bomb of text", gzip(&b"aaaa,aaaa\n".repeat(mib))),
        ("a bomb of a line", gzip(&vec![b'a'; 32 * mib])),
        ("a long line", vec![b'a'; 2 * mib]),
        ("a line of cells", b"a,".repeat(mib)),
        ("a line of quotes", b"\"".repeat(mib)),
        ("lines of one letter", b"a\n".repeat(mib)),
        ("broken UTF-8", b"\xff\xfe,\xc3\x28\n\xf0\x28\x8c\xbc,\xe2\x82\n".repeat(mib / 20)),
        ("broken UTF-8 in JSON", b"{\"\xff\":\"\xc3\x28\"}\n".repeat(1000)),
        ("nested arrays", nested("[", "]")),
        ("nested objects", nested("{\"a\":", "}")),
        ("nested elements", nested("<a>", "</a>")),
        ("nested Ion", nested("{a:", "}")),
        ("many fields", format!("{{{fields}\"x\":1}}").into_bytes()),
        ("many columns", format!("{}\n1\n", "a,".repeat(500_000)).into_bytes()),
        ("JSON without an end", [b"{\"a\":\"".as_slice(), &vec![b'x'; mib + mib / 2]].concat()),
        ("XML without an end", [b"<a b='".as_slice(), &vec![b'x'; mib + mib / 2]].concat()),
        ("attributes", format!("<a {}>", "b='1' ".repeat(mib / 32)).into_bytes()),
        ("comments", format!("<a>{}", "<!---->".repeat(mib / 32)).into_bytes()),
        ("a BSON length that lies", [&[0xff, 0xff, 0xff, 3, 2, b'a', 0][..], &[b'x'; 1000]].concat()),
        ("an Ion length that lies", b"\xe0\x01\x00\xea\xde\x7f\x7f\x7f\x7f\x7f\x7f\x7f\xff".to_vec()),
        ("an Avro length that lies", b"Obj\x01\x02\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec()),
    ];
    for (what, bytes) in files {
        for size in [bytes.len(), bytes.len() + mib] {
            let started = Instant::now();
            let found = look(&classifiers, &bytes, size as u64);
            // A debug build on a busy machine; optimized, none takes a second.
            assert!(started.elapsed() < Duration::from_secs(60), "{what} takes {:?}", started.elapsed());
            if let Ok(found) = found {
                assert!(found.columns.len() <= 100_000, "{what}: {} columns", found.columns.len());
            }
        }
    }
}
