use proptest::prelude::*;

use crate::json::tests::{outcome, schema, whole};
use crate::sample::Outcome;

const TEXT: &[u8] = include_bytes!("../../tests/data/records.ion");
const BINARY: &[u8] = include_bytes!("../../tests/data/records.10n");

#[test]
fn both_encodings_give_the_same_columns() {
    for bytes in [TEXT, BINARY] {
        let found = whole(bytes);
        assert_eq!((&*found.classification, found.counts.records), ("ion", 2));
        assert_eq!(
            schema(&found),
            "id:int name:string big:bigint huge:decimal(38,0) ratio:double exact:decimal(38,18) ok:boolean \
             at:timestamp raw:binary nothing:string sym:string tags:array<string> \
             inner:struct<Deep:array<struct<x:int,y:double>>> more:boolean"
        );
    }
}

fn ion(text: &str) -> String {
    let found = whole(text.as_bytes());
    assert_eq!(found.classification, "ion", "{text}");
    schema(&found)
}

#[test]
fn text_in_all_its_forms() {
    assert_eq!(
        ion("{a:1, b:2e0, c:3., d:4d1, e:0xff, f:0b101, g:1_000, h:-7}"),
        "a:int b:double c:decimal(38,18) d:decimal(38,18) e:int f:int g:int h:int"
    );
    assert_eq!(
        ion("{a:2007T, b:2007-02-23, c:2007-02-23T12:14Z, d:+inf, e:nan, f:null.int, g:true}"),
        "a:timestamp b:timestamp c:timestamp d:double e:double f:string g:boolean"
    );
    assert_eq!(
        ion(
            "{// note\n/* x */ 'a b': '''long''' '''er''', \"c\": sym, d: unit::1, e: (a + 1 'q'), f: [1, 2.0,],}"
        ),
        "a b:string c:string d:int e:array<string> f:array<decimal(38,18)>"
    );
    assert_eq!(ion("note::{a:\"x\\\"y\"} {a:null}"), "a:string");
    assert_eq!(ion("$ion_1_0 $ion_symbol_table::{symbols:[\"a\"]} 5 {b:1}"), "b:int");
    assert_eq!(ion("{a:{{ aGVsbG8= }}}"), "a:binary");
    assert_eq!(ion("$ion_1_0\n"), "");
}

#[test]
fn what_is_not_ion() {
    for text in
        ["{a}", "{a:1", "{a:1}\nx", "{a:}", "{a b:1}", "{a:1 b:2}", "{1:2}", "{a:0x}", "{a:1:2}", "{a:'x\n'}"]
    {
        assert_eq!(whole(text.as_bytes()).classification, "UNKNOWN", "{text}");
    }
    let deep = format!("{{a:{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(whole(deep.as_bytes()).classification, "UNKNOWN");
    let mut deep = vec![0xb0u8];
    while deep.len() < 40_000 {
        let length = deep.len();
        let var = [(length >> 14) as u8 & 0x7f, (length >> 7) as u8 & 0x7f, length as u8 & 0x7f | 0x80];
        deep = [&[0xbe][..], &var, &deep].concat();
    }
    let field = deep.len() + 1;
    let var = [(field >> 14) as u8 & 0x7f, (field >> 7) as u8 & 0x7f, field as u8 & 0x7f | 0x80];
    let bytes = [&b"\xe0\x01\x00\xea\xde"[..], &var, &[0x84], &deep].concat();
    assert_eq!(whole(&bytes).classification, "UNKNOWN");
}

#[test]
fn symbols_that_are_elsewhere_are_numbered() {
    // {10: 1} without a table of its own; and a table that promises 2^60 imported symbols.
    assert_eq!(schema(&whole(b"\xe0\x01\x00\xea\xd3\x8a\x21\x01")), "$10:int");
    let import = b"\xe0\x01\x00\xea\xee\x93\x81\x83\xde\x8f\x86\xbe\x8c\xde\x8a\x88\x28\x10\0\0\0\0\0\0\0";
    let bytes = [&import[..], &[0xd3, 0x8a, 0x21, 0x01]].concat();
    assert_eq!(schema(&whole(&bytes)), "$10:int");
}

#[test]
fn a_cut_sample_is_enough() {
    let text = [&b"$ion_1_0 "[..], &b"{a:1,b:\"some text\"}\n".repeat(100_000)].concat();
    let Ok(Outcome::Done(found)) = outcome(&text[..1 << 20], text.len()) else { panic!() };
    assert_eq!((&*found.classification, schema(&found).as_str()), ("ion", "a:int b:string"));
    let long = format!("{{a:\"{}\"}}", "x".repeat(3 << 20));
    assert!(matches!(outcome(&long.as_bytes()[..1 << 20], long.len()), Ok(Outcome::NeedHead(_))));
    assert_eq!(ion(&long), "a:string");
}

proptest! {
    #[test]
    fn no_bytes_panic(at in 0..BINARY.len(), with in any::<u8>(), cut in 4..BINARY.len()) {
        let mut bytes = BINARY.to_vec();
        bytes[at] = with;
        let _ = outcome(&bytes, bytes.len());
        let _ = outcome(&bytes[..cut], cut);
    }

    #[test]
    fn no_text_panics(text in r#"[{}\[\]():,'"a-c0-9 \n+./*\\T_-]{0,40}"#) {
        let text = format!("{{a:{text}");
        let _ = outcome(text.as_bytes(), text.len());
        let _ = outcome(text.as_bytes(), text.len() + 1);
    }
}
