use mastic_core::{AccountId, Region, Timestamp};
use mastic_store::{Key, KeyError, KeyReader, KeyWriter, Keyspace, PrefixFor, Record};
use proptest::prelude::*;

type Parts = (String, u64, i64, bool, Option<String>, Vec<u8>);

fn bytes<K: Key>(key: &K) -> Vec<u8> {
    let mut writer = KeyWriter::new();
    key.encode(&mut writer);
    writer.into_bytes()
}

fn read<K: Key>(bytes: &[u8]) -> Result<K, KeyError> {
    let mut reader = KeyReader::new(bytes);
    let key = K::decode(&mut reader)?;
    reader.finish()?;
    Ok(key)
}

/// Texts in which zero bytes and common beginnings are frequent.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!['\0', '\u{1}', 'a', 'b', '/', 'ÿ', '\u{10ffff}']), 0..6)
        .prop_map(String::from_iter)
}

fn parts() -> impl Strategy<Value = Parts> {
    let number = prop_oneof![0..3_u64, any::<u64>()];
    let signed = prop_oneof![-2..2_i64, any::<i64>()];
    let blob = prop::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 0..4);
    (text(), number, signed, any::<bool>(), prop::option::of(text()), blob)
}

proptest! {
    #[test]
    fn keys_come_back(key in parts()) {
        prop_assert_eq!(read::<Parts>(&bytes(&key)).unwrap(), key);
    }

    #[test]
    fn bytes_sort_as_keys_do(a in parts(), b in parts()) {
        prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
    }

    #[test]
    fn no_key_begins_another(a in parts(), b in parts()) {
        prop_assert_eq!(bytes(&a).starts_with(&bytes(&b)), a == b);
    }

    #[test]
    fn a_text_prefix_holds_what_starts_with_it(a in text(), b in text()) {
        let mut writer = KeyWriter::new();
        writer.text_start(&b);
        prop_assert_eq!(bytes(&a).starts_with(&writer.into_bytes()), a.starts_with(&b));
    }

    #[test]
    fn leading_parts_are_a_prefix(a in (text(), text(), 0..3_u64), b in (text(), text())) {
        let mut writer = KeyWriter::new();
        PrefixFor::<(String, String, u64)>::encode_prefix(&b, &mut writer);
        prop_assert_eq!(bytes(&a).starts_with(&writer.into_bytes()), (&a.0, &a.1) == (&b.0, &b.1));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = read::<Parts>(&bytes);
    }
}

#[test]
fn aws_words_are_parts() {
    let account: AccountId = "111122223333".parse().unwrap();
    let region: Region = "eu-west-1".parse().unwrap();
    let key = (account, region, Timestamp::from_secs(-5), 7_u32);
    assert_eq!(read(&bytes(&key)), Ok(key));
    assert_eq!(read::<(AccountId,)>(&bytes(&("12".to_owned(),))), Err(KeyError::Form("an account id")));
    assert!(matches!(read::<(u64,)>(&bytes(&("12".to_owned(),))), Err(KeyError::Tag { .. })));
    assert_eq!(read::<(String,)>(&bytes(&("a".to_owned(), 1_u64))), Err(KeyError::Long));
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Nothing;

impl Record for Nothing {
    const VERSION: u16 = 1;
}

#[test]
fn borrowed_forms_encode_alike() {
    const KEYS: Keyspace<(AccountId, Option<Region>, String), Nothing> = Keyspace::new("test.key");
    let account: AccountId = "111122223333".parse().unwrap();
    let region: Region = "eu-west-1".parse().unwrap();
    let owned = KEYS.encode(&(account.clone(), Some(region.clone()), "t".to_owned()));
    assert_eq!(KEYS.encode(&(&account, Some(&region), "t")), owned);
    assert_eq!(KEYS.all().after_encoded(&owned), KEYS.all().after(&(&account, Some(&region), "t")));
}
