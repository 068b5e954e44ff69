use proptest::prelude::*;

use super::{HiveType, StructField};

fn parse(text: &str) -> HiveType {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<HiveType>().unwrap_err().to_string()
}

#[test]
fn aliases_and_case_give_one_canonical_text() {
    for (written, canonical) in [
        ("INTEGER", "int"),
        ("Long", "bigint"),
        ("short", "smallint"),
        ("byte", "tinyint"),
        ("double precision", "double"),
        ("decimal", "decimal(10,0)"),
        ("decimal( 38 )", "decimal(38,0)"),
        ("numeric(5,2)", "decimal(5,2)"),
        (" array < STRING > ", "array<string>"),
        ("map<string, array<struct<A:int, b:VARCHAR(3)>>>", "map<string,array<struct<A:int,b:varchar(3)>>>"),
        ("struct<>", "struct<>"),
        ("choice<int,string>", "uniontype<int,string>"),
        ("struct<`a:b`:int,first name:string>", "struct<`a:b`:int,first name:string>"),
        ("timestamp with local time zone", "timestamp with local time zone"),
    ] {
        assert_eq!(parse(written).to_string(), canonical, "{written}");
    }
}

#[test]
fn a_wrong_type_says_where_it_goes_wrong() {
    assert_eq!(refusal("array<int"), "`array<int` is not a column type: `>` expected at character 10");
    assert_eq!(refusal("itn"), "`itn` is not a column type: a type's name expected at character 1");
    assert!(refusal("decimal(39,2)").contains("a number from 1 to 38 expected at character 9"));
    assert!(refusal("decimal(5,6)").contains("from 0 to 5"));
    assert!(refusal("struct<a int>").contains("`:` expected"));
    assert!(refusal("int int").contains("nothing more expected"));
    assert!(refusal("").contains("a type's name expected"));
    assert!(refusal("struct<`a:int>").contains("closing back-tick"));
}

#[test]
fn depth_is_bounded() {
    let nested = |n: usize| format!("{}int{}", "array<".repeat(n), ">".repeat(n));
    assert!(nested(HiveType::MAX_DEPTH).parse::<HiveType>().is_ok());
    assert!(refusal(&nested(HiveType::MAX_DEPTH + 1)).contains("nested deeper than 128"));
    assert!(refusal(&"array<".repeat(40_000)).contains("nested deeper"));
}

#[test]
fn void_becomes_string_at_every_depth() {
    let ty = HiveType::Array(Box::new(HiveType::Struct(vec![StructField::new("a", HiveType::Void)])));
    assert_eq!(ty.without_void().to_string(), "array<struct<a:string>>");
}

pub(crate) fn any_type() -> impl Strategy<Value = HiveType> {
    let leaf = prop_oneof![
        Just(HiveType::Void),
        Just(HiveType::Boolean),
        Just(HiveType::TinyInt),
        Just(HiveType::SmallInt),
        Just(HiveType::Int),
        Just(HiveType::BigInt),
        Just(HiveType::Float),
        Just(HiveType::Double),
        (1u8..=38).prop_flat_map(|precision| {
            (0..=precision).prop_map(move |scale| HiveType::Decimal { precision, scale })
        }),
        Just(HiveType::String),
        (1u8..).prop_map(HiveType::Char),
        (1u16..).prop_map(HiveType::Varchar),
        Just(HiveType::Binary),
        Just(HiveType::Date),
        Just(HiveType::Timestamp),
        Just(HiveType::TimestampLocal),
        Just(HiveType::IntervalYearMonth),
        Just(HiveType::IntervalDayTime),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let field = (".*", inner.clone()).prop_map(|(name, ty)| StructField { name, ty });
        prop_oneof![
            inner.clone().prop_map(|t| HiveType::Array(Box::new(t))),
            (inner.clone(), inner.clone()).prop_map(|(k, v)| HiveType::Map(Box::new(k), Box::new(v))),
            prop::collection::vec(field, 0..4).prop_map(HiveType::Struct),
            prop::collection::vec(inner, 1..4).prop_map(HiveType::Union),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(ty in any_type()) {
        prop_assert_eq!(ty.to_string().parse::<HiveType>().unwrap(), ty);
    }

    #[test]
    fn no_text_panics(text in "[a-z<>:,`() 0-9]*|.*") {
        let _ = text.parse::<HiveType>();
    }
}
