use proptest::prelude::*;

use super::Grok;
use super::patterns::PATTERNS;

fn fields(pattern: &str, custom: &str) -> String {
    let grok = Grok::parse(pattern, custom).unwrap();
    let all: Vec<String> = grok.fields().iter().map(|f| format!("{}:{}", f.name, f.ty)).collect();
    all.join(" ")
}

fn values(pattern: &str, line: &str) -> Option<Vec<String>> {
    let grok = Grok::parse(pattern, "").unwrap();
    let found = grok.values(line.as_bytes())?;
    let text =
        |value: Option<&[u8]>| value.map_or("-".to_owned(), |v| String::from_utf8_lossy(v).into_owned());
    Some(found.into_iter().map(text).collect())
}

fn refusal(pattern: &str, custom: &str) -> String {
    Grok::parse(pattern, custom).unwrap_err().to_string()
}

#[test]
fn every_built_in_pattern_compiles() {
    for (name, _) in PATTERNS {
        if let Err(error) = Grok::parse(&format!("^%{{{name}:it}}$"), "") {
            panic!("{name}: {error}");
        }
    }
}

#[test]
fn built_in_patterns_match_what_they_are_named_after() {
    for (name, yes, no) in [
        ("INT", "-12", "x"),
        ("NUMBER", "3.25", "a"),
        ("BASE16NUM", "0xBEEF", "g"),
        ("BOOLEAN", "TRUE", "yes"),
        ("UUID", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ("MAC", "00:1B:44:11:3A:B7", "00:1B:44"),
        ("IPV6", "2001:db8::1", "2001"),
        ("IPV6", "::ffff:10.0.0.1", ":"),
        ("IPV4", "255.1.2.3", "256.1"),
        ("IP", "fe80::1%eth0", "x"),
        ("HOSTNAME", "a-1.example.com", "."),
        ("HOSTPORT", "example.com:8080", "example.com"),
        ("UNIXPATH", "/var/log/x.log", "var"),
        ("WINPATH", r"C:\dir\file.txt", "C"),
        ("URI", "https://user:pw@example.com:1/a/b?c=d", "x"),
        ("MONTH", "September", "Sepx"),
        ("TIME", "23:59:60.5", "24"),
        ("DATE_EU", "31.12.2020", "2020"),
        ("TIMESTAMP_ISO8601", "2020-01-31T10:11:12,345+01:00", "2020-01"),
        ("DATESTAMP_RFC2822", "Mon, 12 Jan 2015 10:11:12 +0100", "Mon"),
        ("DATESTAMP_EVENTLOG", "20150112101112", "2015"),
        ("SYSLOGTIMESTAMP", "Feb  1 06:25:43", "Feb"),
        ("HTTPDATE", "10/Oct/2000:13:55:36 -0700", "10/Oct"),
        ("QS", r#""a \" b""#, "a"),
        ("LOGLEVEL", "WARNING", "LOUD"),
        ("TTY", "/dev/pts/3", "/dev/x"),
    ] {
        let grok = Grok::parse(&format!("^%{{{name}}}$"), "").unwrap();
        assert!(grok.matches(yes.as_bytes()), "{name} {yes}");
        assert!(!grok.matches(no.as_bytes()), "{name} {no}");
    }
}

#[test]
fn the_guides_own_example() {
    let pattern = r"%{TIMESTAMP_ISO8601:timestamp} \[%{MESSAGEPREFIX:message_prefix}\] %{CRAWLERLOGLEVEL:loglevel} : %{GREEDYDATA:message}";
    let custom = "CRAWLERLOGLEVEL (BENCHMARK|ERROR|WARN|INFO|TRACE)\nMESSAGEPREFIX .*-.*-.*-.*-.*\n";
    assert_eq!(
        fields(pattern, custom),
        "timestamp:string message_prefix:string loglevel:string message:string"
    );
    let line = b"2017-09-22T17:00:00 [aaaa-bb-cc-dd-ee] INFO : Created table t";
    assert!(Grok::parse(pattern, custom).unwrap().matches(line));
}

#[test]
fn types_names_and_nested_fields() {
    assert_eq!(
        fields(
            "%{INT:A:byte} %{INT:b:short} %{INT:c:int} %{INT:d:long} %{NUMBER:e:float} %{NUMBER:f:double}",
            ""
        ),
        "a:tinyint b:smallint c:int d:bigint e:float f:double"
    );
    assert_eq!(fields("%{BOOLEAN:x:boolean} %{WORD:x} %{WORD:UNWANTED} %{WORD}", ""), "x:boolean");
    assert_eq!(
        fields("%{COMBINEDAPACHELOG}", ""),
        "clientip:string ident:string auth:string timestamp:string verb:string request:string httpversion:string \
         rawrequest:string response:string bytes:string referrer:string agent:string"
    );
    assert_eq!(
        fields("%{COMMONAPACHELOG_DATATYPED}", ""),
        "clientip:string ident:boolean auth:string timestamp:string verb:string request:string httpversion:float \
         rawrequest:string response:int bytes:bigint"
    );
    assert_eq!(fields("(?<Level>DEBUG|INFO) %{WORD:w}", ""), "level:string w:string");
}

#[test]
fn an_apache_line_is_taken_apart() {
    let line = r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 -"#;
    let found = values("%{COMMONAPACHELOG}", line).unwrap();
    let wanted = [
        "127.0.0.1",
        "-",
        "frank",
        "10/Oct/2000:13:55:36 -0700",
        "GET",
        "/apache_pb.gif",
        "1.0",
        "-",
        "200",
        "-",
    ];
    assert_eq!(found, wanted);
    assert_eq!(values("%{COMMONAPACHELOG}", "hello"), None);
}

#[test]
fn escapes_of_java_mean_what_they_mean_there() {
    assert!(Grok::parse(r"^\<%{INT:a}\>$", "").unwrap().matches(b"<1>"));
    assert!(Grok::parse(r"^(?>a|ab)+\Z", "").unwrap().matches(b"aab"));
    assert!(Grok::parse(r"^\(?=$", "").unwrap().matches(b"(="));
    assert!(Grok::parse("^é %{WORD:w}", "").unwrap().matches("é a".as_bytes()));
}

#[test]
fn bad_patterns_are_refused_by_reason() {
    assert_eq!(refusal("%{NOSUCH:x}", ""), "there is no grok pattern `NOSUCH`");
    assert_eq!(refusal("%{INT:x", ""), "`%{INT:x` has no closing brace");
    assert!(refusal("%{INT:x:decimal}", "").starts_with("`decimal` is no type of a grok field"));
    assert!(refusal("%{:x}", "").contains("names no grok pattern"));
    assert!(refusal("(", "").contains("no regular expression: unclosed group"), "{}", refusal("(", ""));
    assert!(refusal("(?<!a)b", "").contains("look-around"));
    assert!(refusal(r"(a)\1", "").contains("backreferences are not supported"));
    assert!(refusal("%{A}", "A %{B}\nB %{A}").contains("in a circle"));
    assert!(refusal("a\nb", "").contains("line breaks"));
    assert!(refusal("%{A}", "A").contains("has no expression"));
    assert!(refusal("%{A}", "A( x").contains("is no name"));
    assert!(refusal(&"(".repeat(2000), "").contains("regular expression"));
}

#[test]
fn patterns_that_explode_are_refused() {
    let mut custom = String::from("A0 abcdefgh\n");
    for level in 1..25 {
        let below = level - 1;
        custom.push_str(&format!("A{level} %{{A{below}}}%{{A{below}}}\n"));
    }
    assert!(refusal("%{A24}", &custom).contains("longer than 256 KiB"));
    assert!(refusal("(?:(?:a{1000}){1000}){1000}", "").contains("more than 16 MiB"));
}

#[test]
fn catastrophic_patterns_do_not_hang() {
    let grok = Grok::parse("^(a+)+$", "").unwrap();
    let mut line = vec![b'a'; 100_000];
    line.push(b'!');
    assert!(!grok.matches(&line));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_text_panics(pattern in r"[%{}:;=A-Za-z0-9()?<>!\\\[\]|*+. -]{0,60}", custom in ".{0,60}") {
        let _ = Grok::parse(&pattern, &custom);
    }
}
