//! Glue Studio's managed transforms, and the search for personal data.

use mastic_engine::plan::*;

use crate::support::*;

async fn world() -> World {
    let world = World::new();
    let records = [
        r#"{"id":1,"to":{"city":"Rome","at":{"zip":7}},"words":["a","b"],"t":"1460073600","e":""}"#,
        r#"{"id":2,"to":{"city":"Oslo","at":null},"words":[],"t":"2016-04-08 00:00:01"}"#,
    ];
    world.put("j/j.json", records.join("\n")).await;
    let people = "who,mail,note,customer_name\n\
                  1,ann@example.com,card 4111 1111 1111 1111 ok,Ann Lee\n\
                  2,,call (212) 555-0123,Bob Ray\n\
                  3,bob@example.org,nothing,\n";
    world.put("p/p.csv", people).await;
    world
}

fn dynamic(function: &str, parameters: &[(&str, &[&str])]) -> Kind {
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let parameters = parameters.iter().map(|(name, given)| ((*name).to_owned(), values(given))).collect();
    Kind::Dynamic(DynamicTransform { function: function.to_owned(), parameters })
}

async fn made(keep: &[&str], function: &str, parameters: &[(&str, &[&str])]) -> Vec<String> {
    let keep = keep.iter().map(|field| vec![(*field).to_owned()]).collect();
    let nodes = vec![
        node("j", json("s3://b/j"), &[]),
        node("d", dynamic(function, parameters), &["j"]),
        node("s", Kind::SelectFields(keep), &["d"]),
    ];
    world().await.rows(nodes).await
}

/// The fields kept, the function, its parameters, the rows.
type Case<'a> = (&'a [&'a str], &'a str, &'a [(&'a str, &'a [&'a str])], &'a [&'a str]);

#[tokio::test]
async fn managed_transforms() {
    let cases: &[Case<'_>] = &[
        (
            &["id", "c"],
            "gs_concat",
            &[("colName", &["c"]), ("colList", &["id", "t"]), ("spacer", &["-"])],
            &[r#"{"id":1,"c":"1-1460073600"}"#, r#"{"id":2,"c":"2-2016-04-08 00:00:01"}"#],
        ),
        (
            &["d"],
            "gs_split",
            &[("colName", &["t"]), ("pattern", &["[- ]"]), ("newColName", &["d"])],
            &[r#"{"d":["1460073600"]}"#, r#"{"d":["2016","04","08","00:00:01"]}"#],
        ),
        (
            &["x", "y"],
            "gs_array_to_cols",
            &[("colName", &["words"]), ("colList", &["x,y"])],
            &[r#"{"x":"a","y":"b"}"#, "{}"],
        ),
        (
            &["y"],
            "gs_array_to_cols",
            &[("colName", &["words"]), ("colList", &["y"]), ("indexes", &["2"])],
            &[r#"{"y":"b"}"#, "{}"],
        ),
        (
            &["id", "w"],
            "gs_explode",
            &[("colName", &["words"]), ("newCol", &["w"])],
            &[r#"{"id":1,"w":"a"}"#, r#"{"id":1,"w":"b"}"#],
        ),
        (
            &["id", "words"],
            "gs_explode",
            &[("colName", &["words"]), ("newCol", &["words"]), ("outer", &["true"])],
            &[r#"{"id":1,"words":"a"}"#, r#"{"id":1,"words":"b"}"#, r#"{"id":2}"#],
        ),
        (
            &["to.city", "to.at.zip"],
            "gs_flatten",
            &[],
            &[r#"{"to.city":"Oslo"}"#, r#"{"to.city":"Rome","to.at.zip":7}"#],
        ),
        (
            &["to_city", "to_at"],
            "gs_flatten",
            &[("maxLevels", &["1"]), ("separator", &["_"])],
            &[r#"{"to_city":"Oslo"}"#, r#"{"to_city":"Rome","to_at":{"zip":7}}"#],
        ),
        (
            &["t"],
            "gs_to_timestamp",
            &[("colName", &["t"]), ("colType", &["autodetect"])],
            &[r#"{"t":"2016-04-08 00:00:00"}"#, r#"{"t":"2016-04-08 00:00:01"}"#],
        ),
        (
            &["id"],
            "gs_derived",
            &[("colName", &["id"]), ("expr", &["id * 10 + size(words)"])],
            &[r#"{"id":12}"#, r#"{"id":20}"#],
        ),
        (
            &["y", "d"],
            "gs_regex_extract",
            &[("colName", &["t"]), ("regex", &[r"^(\d{4})-(\d\d)-(\d\d)"]), ("newCols", &["y,,d"])],
            &[r#"{"y":"","d":""}"#, r#"{"y":"2016","d":"08"}"#],
        ),
        (
            &["t"],
            "gs_regex_extract",
            &[("colName", &["t"]), ("regex", &["^.{4}"]), ("newCols", &["t"])],
            &[r#"{"t":"1460"}"#, r#"{"t":"2016"}"#],
        ),
        (&["id"], "gs_null_rows", &[("extended", &["true"])], &[r#"{"id":1}"#, r#"{"id":2}"#]),
        (&["id"], "gs_repartition", &[("numPartitionsStr", &["3"])], &[r#"{"id":1}"#, r#"{"id":2}"#]),
        (&["n"], "gs_sequence_id", &[("colName", &["n"])], &[r#"{"n":0}"#, r#"{"n":1}"#]),
    ];
    for (keep, function, parameters, expected) in cases {
        assert_eq!(made(keep, function, parameters).await, *expected, "{function} {parameters:?}");
    }
    let now = made(&["n"], "gs_now", &[("colName", &["n"]), ("dateFormat", &["%Y"])]).await;
    assert!(now[0].starts_with(r#"{"n":"2"#), "{now:?}");
    let ids = made(&["n"], "gs_uuid", &[("colName", &["n"])]).await;
    assert!(ids[0] != ids[1] && ids[0].len() == 44, "{ids:?}");
}

#[tokio::test]
async fn json_paths_become_columns() {
    let world = World::new();
    let records = [
        r#"{"id":1,"body":"{\"a\":{\"b\":[1,2]},\"c. c\":\"x\"}"}"#,
        r#"{"id":2,"body":"no JSON"}"#,
        r#"{"id":3}"#,
    ];
    world.put("j/j.json", records.join("\n")).await;
    let rows = async |parameters: &[(&str, &[&str])]| {
        let kind = dynamic("gs_extract_json", parameters);
        world.rows(vec![node("j", json("s3://b/j"), &[]), node("d", kind, &["j"])]).await
    };
    let given = [("colName", &["body"][..]), ("jsonPaths", &["a.b[1], $['c. c']"]), ("colList", &["n,body"])];
    let expected = [r#"{"body":"x","id":1,"n":"2"}"#, r#"{"id":2}"#, r#"{"id":3}"#];
    assert_eq!(rows(&given).await, expected);
    let given =
        [("colName", &["body"][..]), ("jsonPaths", &["a"]), ("colList", &["a"]), ("dropCol", &["true"])];
    let expected = [r#"{"id":1,"a":"{\"b\":[1,2]}"}"#, r#"{"id":2}"#, r#"{"id":3}"#];
    assert_eq!(rows(&given).await, expected);
}

#[tokio::test]
async fn rows_become_columns() {
    let world = World::new();
    let records = [
        r#"{"shop":"a","day":"mon","n":1}"#,
        r#"{"shop":"a","day":"mon","n":2}"#,
        r#"{"shop":"a","day":"fri","n":5}"#,
        r#"{"shop":"b","day":"mon"}"#,
        r#"{"shop":"b","n":7}"#,
    ];
    world.put("j/j.json", records.join("\n")).await;
    let rows = async |function: &str| {
        let given = [("aggCol", &["n"][..]), ("aggFunction", &[function]), ("colList", &["day"])];
        world
            .rows(vec![node("j", json("s3://b/j"), &[]), node("d", dynamic("gs_pivot", &given), &["j"])])
            .await
    };
    assert_eq!(rows("sum").await, [r#"{"shop":"a","fri":5,"mon":3}"#, r#"{"shop":"b","null":7}"#]);
    assert_eq!(rows("mean").await, [r#"{"shop":"a","fri":5.0,"mon":1.5}"#, r#"{"shop":"b","null":7.0}"#]);
    assert_eq!(rows("count").await, [r#"{"shop":"a","fri":1,"mon":2}"#, r#"{"shop":"b","null":1,"mon":0}"#]);
    // A text is no missing value.
    let record = r#"{"shop":"b","day":"null","n":9}"#;
    world.put("j/k.json", record).await;
    assert_eq!(rows("sum").await, [r#"{"shop":"a","fri":5,"mon":3}"#, r#"{"shop":"b","null_2":7,"null":9}"#]);
}

#[tokio::test]
async fn what_studio_has_not_is_refused() {
    let world = world().await;
    for (function, parameters, expected) in [
        ("my_transform", &[][..], "the function `my_transform` is none of Glue Studio's"),
        ("gs_concat", &[("colName", &["c"][..])], "`gs_concat` needs the parameter `colList`"),
        ("gs_uuid", &[("colName", &["c"][..]), ("seed", &["1"])], "the parameter `seed` of `gs_uuid`"),
        ("gs_explode", &[("colName", &["id"][..])], "the column `id` is neither array nor map"),
        (
            "gs_regex_extract",
            &[("colName", &["t"][..]), ("regex", &["(a)(b)"]), ("newCols", &["x"])],
            "the regular expression has 2 groups, and `newCols` 1 columns",
        ),
        (
            "gs_pivot",
            &[("aggCol", &["id"][..]), ("aggFunction", &["sum"]), ("colList", &["t", "e"])],
            "`gs_pivot` by several columns is not supported",
        ),
        (
            "gs_pivot",
            &[("aggCol", &["id"][..]), ("aggFunction", &["median"]), ("colList", &["t"])],
            "the aggregation `median` is not supported",
        ),
    ] {
        let nodes = vec![node("j", json("s3://b/j"), &[]), node("d", dynamic(function, parameters), &["j"])];
        let error = world.error(nodes).await;
        assert!(error.contains(expected), "{error}");
    }
}

fn detection(action: PiiAction) -> PiiDetection {
    PiiDetection {
        action,
        entities: ["EMAIL", "CREDIT_CARD", "PHONE_NUMBER", "PERSON_NAME"].map(str::to_owned).to_vec(),
        output: None,
        sample: Some(1.0),
        threshold: Some(0.5),
        mask: None,
        redact: None,
        pattern: None,
        left: 0,
        right: 0,
        sensitivity: Sensitivity::Low,
    }
}

async fn detected(detection: PiiDetection) -> Vec<String> {
    let nodes = vec![node("p", csv("s3://b/p"), &[]), node("d", Kind::PiiDetection(detection), &["p"])];
    world().await.rows(nodes).await
}

#[tokio::test]
async fn personal_data_is_found_and_hidden() {
    use PiiAction as A;
    let rows = detected(PiiDetection { mask: Some("XXX".into()), ..detection(A::RowMasking) }).await;
    assert_eq!(
        rows,
        [
            r#"{"who":"1","mail":"XXX","note":"card XXX ok","customer_name":"XXX"}"#,
            r#"{"who":"2","mail":"","note":"call XXX","customer_name":"XXX"}"#,
            r#"{"who":"3","mail":"XXX","note":"nothing","customer_name":""}"#
        ]
    );
    let rows = detected(PiiDetection { left: 2, right: 4, ..detection(A::RowPartialMasking) }).await;
    assert!(rows[0].contains(r#""mail":"an*********.com""#), "{rows:?}");
    let pattern = Some("[0-9]".into());
    let rows =
        detected(PiiDetection { pattern, redact: Some("#".into()), ..detection(A::RowPartialMasking) }).await;
    assert!(rows[1].contains(r#""note":"call (###) ###-####""#), "{rows:?}");
    let rows = detected(detection(A::RowHashing)).await;
    assert!(rows[2].contains("\"mail\":\"") && !rows[2].contains('@'), "{rows:?}");
    let rows = detected(PiiDetection { output: Some("found".into()), ..detection(A::RowAudit) }).await;
    assert!(
        rows[0].contains(r#""note":[{"entityType":"CREDIT_CARD","actionUsed":"DETECT","start":5,"end":24}]"#),
        "{rows:?}"
    );
    assert!(
        rows[2].ends_with(
            r#""found":{"mail":[{"entityType":"EMAIL","actionUsed":"DETECT","start":0,"end":15}]}}"#
        ),
        "{rows:?}"
    );
    let rows = detected(detection(A::ColumnAudit)).await;
    assert_eq!(
        rows,
        [
            r#"{"columnName":"customer_name","entityTypes":["PERSON_NAME"]}"#,
            r#"{"columnName":"mail","entityTypes":["EMAIL"]}"#
        ]
    );
    let rows = detected(detection(A::ColumnMasking)).await;
    assert!(rows[2].contains(r#""mail":"*******","note":"nothing""#), "{rows:?}");
    let rows = detected(detection(A::ColumnHashing)).await;
    assert!(rows[1].contains("(212) 555-0123") && !rows[0].contains("ann@"), "{rows:?}");
}

#[tokio::test]
async fn unknown_entities_are_named() {
    let wrong = PiiDetection { entities: vec!["SHOE_SIZE".into()], ..detection(PiiAction::RowAudit) };
    let nodes = vec![node("p", csv("s3://b/p"), &[]), node("d", Kind::PiiDetection(wrong), &["p"])];
    let error = world().await.error(nodes).await;
    assert_eq!(error, "node `The d`: the entity type `SHOE_SIZE` is not supported");
}
