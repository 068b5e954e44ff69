use mastic_hive::Custom;
use proptest::prelude::*;

use crate::classified::{Classified, Details};
use crate::classifiers::Classifiers;
use crate::json::tests::{outcome, schema, whole, whole_with};

fn rows(tag: &str, text: &str) -> Classified {
    let custom = Custom::Xml { classification: "books".into(), row_tag: tag.into() };
    whole_with(&Classifiers::new(&[custom]).unwrap(), text.as_bytes())
}

const CATALOG: &str = r#"<?xml version="1.0"?>
<!DOCTYPE catalog>
<catalog>
   <book id="bk101">
     <AnyCompany>
       <author>Rivera, Martha</author>
       <title>AnyCompany Developer Guide</title>
     </AnyCompany>
   </book>
   <book id="bk102">
     <AnyCompany>
       <author>Stiles, John</author>
       <title>Style Guide &amp; more</title>
     </AnyCompany>
   </book>
</catalog>"#;

#[test]
fn the_guides_own_example() {
    let found = rows("AnyCompany", CATALOG);
    assert_eq!((&*found.classification, found.counts.records), ("books", 2));
    assert_eq!(schema(&found), "author:string title:string");
    assert!(matches!(&found.details, Details::Xml { row_tag } if &**row_tag == "AnyCompany"));
    assert_eq!(schema(&rows("book", CATALOG)), "_id:string anycompany:struct<author:string,title:string>");
}

#[test]
fn without_a_row_tag_the_document_is_the_record() {
    let found = whole(CATALOG.as_bytes());
    assert_eq!((&*found.classification, found.counts.records), ("xml", 1));
    assert_eq!(
        schema(&found),
        "book:array<struct<_id:string,AnyCompany:struct<author:string,title:string>>>"
    );
    assert!(matches!(&found.details, Details::Xml { row_tag } if &**row_tag == "catalog"));
}

#[test]
fn types_attributes_and_repetition() {
    let text =
        "<r><row n='1' x:y='2' xmlns:x='u'><a>1</a><b>2.5</b><c>3000000000</c><d/><e>2024-01-01</e></row>
        <row n='x'><a>2</a><a>7.5</a><f k='1'>text</f><g><h>1</h></g></row>
        <row><f>3</f><g/><z><![CDATA[<5>]]></z></row></r>";
    assert_eq!(
        schema(&rows("row", text)),
        "_n:string _x:y:int a:array<double> b:double c:bigint d:string e:string f:struct<_k:int,_VALUE:string> \
         g:struct<h:int> z:string"
    );
    assert_eq!(schema(&rows("row", "<r><row>5</row><row>6</row></r>")), "_value:int");
}

#[test]
fn records_that_are_empty_elements_are_not_parsed() {
    let text = r#"<r><row a="1"/><row b="2"> </row></r>"#;
    let found = rows("row", text);
    assert_eq!((schema(&found).as_str(), found.counts.records), ("_b:int", 1));
    // None is left, and the built-in classifier takes the document as it is.
    assert_eq!(rows("row", r#"<r><row a="1"/></r>"#).classification, "xml");
    assert_eq!(rows("nosuch", CATALOG).classification, "xml");
}

#[test]
fn what_is_not_xml() {
    for text in
        ["<a>", "<a></b>", "<a/><b/>", "<a></a>x", "<p>one<br>two</p>", "< a></a>", "<?xml?>", "<a b></a>c"]
    {
        assert_eq!(whole(text.as_bytes()).classification, "UNKNOWN", "{text}");
    }
}

#[test]
fn a_cut_document_is_enough() {
    let text = format!("<r>{}</r>", "<row><a>1</a><b>some text</b></row>\n".repeat(100_000));
    let found = rows("row", &text);
    assert_eq!(schema(&found), "a:int b:string");
    assert!((99_000..101_000).contains(&found.counts.records), "{:?}", found.counts);
    let found = whole(text.as_bytes());
    assert_eq!(
        (&*found.classification, schema(&found).as_str()),
        ("xml", "row:array<struct<a:int,b:string>>")
    );
}

#[test]
fn hostile_documents_end_soon() {
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert_eq!(whole(deep.as_bytes()).classification, "UNKNOWN");
    let wide: String = (0..60_000).map(|n| format!("<e{n}/>")).collect();
    assert_eq!(whole(format!("<r>{wide}</r>").as_bytes()).classification, "UNKNOWN");
    let attributes: String = (0..100_000).map(|n| format!(" a{n}='1'")).collect();
    assert_eq!(whole(format!("<r{attributes}></r>").as_bytes()).classification, "UNKNOWN");
    let laughs = "<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><r><x>&b;&b;</x></r>";
    assert_eq!(schema(&whole(laughs.as_bytes())), "x:string");
}

proptest! {
    #[test]
    fn no_text_panics(text in r#"[<>/a-c"'=!?\[\]& \n-]{0,60}"#) {
        let text = format!("<a>{text}");
        let _ = outcome(text.as_bytes(), text.len());
        let _ = outcome(text.as_bytes(), text.len() + 1);
        let _ = rows("b", &text);
    }
}
