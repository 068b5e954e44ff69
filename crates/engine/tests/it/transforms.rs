use mastic_engine::plan::*;

use crate::support::*;

async fn people() -> World {
    let world = World::new();
    world
        .put(
            "p/people.csv",
            "id,Name,age,city\n1,Ann,30,Rome\n2,Bob,NA,Oslo\n3,Cid,45,Rome\n4,,45,\n3,Cid,45,Rome\n",
        )
        .await;
    world.put("o/orders.json", "{\"id\":1,\"to\":{\"city\":\"Rome\",\"zip\":7},\"items\":[{\"sku\":\"a\",\"n\":\"2\"}]}\n{\"id\":9,\"to\":null,\"items\":[]}\n").await;
    world
}

fn typed() -> Kind {
    typed_csv("s3://b/p", &[("id", "int"), ("Name", "string"), ("age", "int"), ("city", "string")])
}

async fn one(kind: Kind) -> Vec<String> {
    people().await.rows(vec![node("p", typed(), &[]), node("t", kind, &["p"])]).await
}

async fn nested(kind: Kind) -> Vec<String> {
    people().await.rows(vec![node("o", json("s3://b/o"), &[]), node("t", kind, &["o"])]).await
}

#[tokio::test]
async fn apply_mapping_renames_casts_and_drops() {
    let nodes =
        |mappings| vec![node("p", csv("s3://b/p"), &[]), node("m", Kind::ApplyMapping(mappings), &["p"])];
    let world = people().await;
    let rows = world
        .rows(nodes(vec![
            map("age", "years", "bigint"),
            map("id", "key", "string"),
            Mapping { dropped: true, ..map("Name", "Name", "string") },
        ]))
        .await;
    assert_eq!(
        rows,
        [
            r#"{"key":"2"}"#,
            r#"{"years":30,"key":"1"}"#,
            r#"{"years":45,"key":"3"}"#,
            r#"{"years":45,"key":"3"}"#,
            r#"{"years":45,"key":"4"}"#
        ]
    );
    let error = world.error(nodes(vec![map("nope", "x", "int")])).await;
    assert_eq!(error, "node `The m`: there is no column `nope`: there are `id`, `Name`, `age`, `city`");
    let error = world.error(nodes(vec![map("id", "x", "colour")])).await;
    assert!(error.starts_with("node `The m`: the mapping to `x`: ") && error.contains("colour"), "{error}");
}

#[tokio::test]
async fn apply_mapping_reaches_into_structs_and_arrays() {
    let items = Mapping {
        from: path_of("items"),
        to: "lines".into(),
        to_type: Some("array".into()),
        children: vec![map("sku", "code", "string"), map("n", "count", "int")],
        ..Mapping::default()
    };
    let rows = nested(Kind::ApplyMapping(vec![map("to.zip", "zip", "string"), items])).await;
    assert_eq!(rows, [r#"{"lines":[]}"#, r#"{"zip":"7","lines":[{"code":"a","count":2}]}"#]);
}

#[tokio::test]
async fn select_drop_and_rename_fields() {
    let rows = nested(Kind::SelectFields(vec![path_of("to.zip"), path_of("id")])).await;
    assert_eq!(rows, [r#"{"id":9}"#, r#"{"to":{"zip":7},"id":1}"#]);
    let rows = nested(Kind::DropFields(vec![path_of("to.zip"), path_of("items"), path_of("absent")])).await;
    assert_eq!(rows, [r#"{"id":1,"to":{"city":"Rome"}}"#, r#"{"id":9}"#]);
    let rename = |from, to| Kind::RenameField { from: path_of(from), to: path_of(to) };
    let rows = one(rename("Name", "name")).await;
    assert!(rows.contains(&r#"{"id":1,"name":"Ann","age":30,"city":"Rome"}"#.to_owned()), "{rows:?}");
    let rows = nested(rename("to.zip", "to.code")).await;
    assert!(rows.iter().any(|row| row.contains(r#""to":{"city":"Rome","code":7}"#)), "{rows:?}");
    let rows = nested(rename("to.zip", "zip")).await;
    assert!(rows.iter().any(|row| row.contains(r#""to":{"city":"Rome"},"zip":7"#)), "{rows:?}");
}

fn condition(operation: Comparison, negated: bool, field: &str, constant: Option<&str>) -> Condition {
    let constant = constant.map(|constant| Operand::Constant(constant.to_owned()));
    Condition {
        operation,
        negated,
        operands: [Operand::Field(path_of(field))].into_iter().chain(constant).collect(),
    }
}

#[tokio::test]
async fn filter_knows_every_operator() {
    use Comparison as C;
    for (operation, negated, field, constant, expected) in [
        (C::Equal, false, "city", Some("Rome"), 3),
        (C::Equal, true, "age", Some("45"), 2),
        (C::Less, false, "age", Some("45"), 1),
        (C::Greater, false, "age", Some("30.5"), 3),
        (C::LessOrEqual, false, "age", Some("45"), 4),
        (C::GreaterOrEqual, true, "age", Some("45"), 1),
        (C::Regex, false, "Name", Some("A|C"), 3),
        (C::Regex, false, "Name", Some("n"), 0),
        (C::IsNull, false, "age", None, 1),
        (C::IsNull, true, "age", None, 4),
    ] {
        let conditions = vec![condition(operation, negated, field, constant)];
        let rows = one(Kind::Filter(Filter { any: false, conditions })).await;
        assert_eq!(rows.len(), expected, "{operation:?} {negated} {field} {constant:?}: {rows:?}");
    }
    let both =
        vec![condition(C::Equal, false, "city", Some("Oslo")), condition(C::Equal, false, "id", Some("1"))];
    assert_eq!(one(Kind::Filter(Filter { any: true, conditions: both.clone() })).await.len(), 2);
    assert_eq!(one(Kind::Filter(Filter { any: false, conditions: both })).await.len(), 0);
}

#[tokio::test]
async fn a_filter_s_constant_must_fit() {
    let conditions = vec![condition(Comparison::Equal, false, "age", Some("old"))];
    let nodes =
        vec![node("p", typed(), &[]), node("t", Kind::Filter(Filter { any: false, conditions }), &["p"])];
    let error = people().await.error(nodes).await;
    assert_eq!(error, "node `The t`: the constant `old` is no value of type `Int32`");
}

#[tokio::test]
async fn joins_of_every_kind() {
    let join = |kind| {
        let keys = vec![path_of("id")];
        vec![
            node("o", json("s3://b/o"), &[]),
            node("s", Kind::SelectFields(vec![path_of("id"), path_of("to")]), &["o"]),
            node("p", csv("s3://b/p"), &[]),
            node("j", Kind::Join(Join { kind, left: keys.clone(), right: keys }), &["s", "p"]),
        ]
    };
    let world = people().await;
    let rows = world.rows(join(JoinKind::Inner)).await;
    assert_eq!(
        rows,
        [r#"{"id":1,"to":{"city":"Rome","zip":7},"right_id":"1","Name":"Ann","age":"30","city":"Rome"}"#]
    );
    for (kind, count) in [
        (JoinKind::Left, 2),
        (JoinKind::Right, 5),
        (JoinKind::Outer, 6),
        (JoinKind::LeftSemi, 1),
        (JoinKind::LeftAnti, 1),
    ] {
        assert_eq!(world.rows(join(kind)).await.len(), count, "{kind:?}");
    }
    assert_eq!(world.rows(join(JoinKind::LeftAnti)).await, [r#"{"id":9}"#]);
}

#[tokio::test]
async fn aggregates_are_named_as_spark_names_them() {
    use AggregateFunction as F;
    let aggregates = [
        (F::Avg, "age"),
        (F::Count, "age"),
        (F::CountDistinct, "age"),
        (F::Max, "Name"),
        (F::Min, "age"),
        (F::Sum, "age"),
        (F::SumDistinct, "age"),
        (F::VarPop, "age"),
        (F::VarSamp, "age"),
        (F::StddevPop, "age"),
        (F::First, "city"),
        (F::Last, "city"),
    ];
    let aggregates = aggregates.map(|(function, field)| (path_of(field), function)).to_vec();
    let rows = one(Kind::Aggregate(Aggregate { groups: vec![path_of("city")], aggregates })).await;
    let rome = rows.iter().find(|row| row.contains("\"city\":\"Rome\"")).unwrap();
    for part in [
        r#""avg(age)":40.0"#,
        r#""count(age)":3"#,
        r#""count(DISTINCT age)":2"#,
        r#""max(Name)":"Cid""#,
        r#""min(age)":30"#,
        r#""sum(age)":120"#,
        r#""sum(DISTINCT age)":75"#,
        r#""var_pop(age)":50.0"#,
        r#""var_samp(age)":75.0"#,
        r#""stddev_pop(age)":7.07"#,
        r#""first(city)":"Rome""#,
        r#""last(city)":"Rome""#,
    ] {
        assert!(rome.contains(part), "{part} {rome}");
    }
    let aggregates =
        [F::Skewness, F::Kurtosis, F::StddevSamp].map(|function| (path_of("age"), function)).to_vec();
    let rows = one(Kind::Aggregate(Aggregate { groups: vec![], aggregates })).await;
    // Ages 30, 45, 45, 45.
    assert!(rows[0].contains(r#""skewness(age)":-1.1547"#), "{rows:?}");
    assert!(rows[0].contains(r#""kurtosis(age)":-0.66666"#), "{rows:?}");
    assert!(rows[0].contains(r#""stddev_samp(age)":7.5"#), "{rows:?}");
}

#[tokio::test]
async fn duplicates_and_unions() {
    assert_eq!(one(Kind::DropDuplicates(vec![])).await.len(), 4);
    assert_eq!(one(Kind::DropDuplicates(vec![path_of("city")])).await.len(), 3);
    let union = |kind| {
        vec![
            node("p", csv("s3://b/p"), &[]),
            node("q", Kind::DropDuplicates(vec![]), &["p"]),
            node("u", Kind::Union(kind), &["p", "q"]),
        ]
    };
    let world = people().await;
    assert_eq!(world.rows(union(UnionType::All)).await.len(), 9);
    assert_eq!(world.rows(union(UnionType::Distinct)).await.len(), 4);
}

fn sql(query: &str) -> Kind {
    Kind::Sql(SqlQuery { query: query.into(), aliases: vec![("p".into(), "People".into())], schema: None })
}

#[tokio::test]
async fn sql_is_read_as_spark_reads_it() {
    let rows = one(sql("SELECT NAME, `age` + 1 AS next, year(to_date('2013-04-05')) y FROM people WHERE city = \"Oslo\" OR ID == 1;")).await;
    assert_eq!(rows, [r#"{"Name":"Ann","next":31,"y":2013}"#, r#"{"Name":"Bob","y":2013}"#]);
    let rows = one(sql("select city, count(*) as n, round(avg(age), 1) as a from people p where p.AGE is not null group by city order by n desc limit 1")).await;
    assert_eq!(rows, [r#"{"city":"Rome","n":3,"a":40.0}"#]);
    let rows_alias = Kind::Sql(SqlQuery {
        query: "select *, month(date '2013-05-06') m from rows where id in (1, 2) and city like 'O%'".into(),
        aliases: vec![("p".into(), "rows".into())],
        schema: None,
    });
    assert_eq!(one(rows_alias).await, [r#"{"id":2,"Name":"Bob","city":"Oslo","m":5}"#]);
    let declared = Kind::Sql(SqlQuery {
        query: "select id from People where id = 1".into(),
        aliases: vec![("p".into(), "People".into())],
        schema: Some(vec![("id".into(), "string".into())]),
    });
    assert_eq!(one(declared).await, [r#"{"id":"1"}"#]);
}

#[tokio::test]
async fn what_sql_cannot_do_is_said() {
    let world = people().await;
    for (query, expected) in [
        ("drop table people", "not a SELECT"),
        ("select xxhash64(city) from people", "`xxhash64` is not supported"),
        ("select nope from people", "nope"),
        ("select id, id from people", "same name"),
        ("selec", "selec"),
    ] {
        let error = world.error(vec![node("p", typed(), &[]), node("t", sql(query), &["p"])]).await;
        assert!(error.starts_with("node `The t`: ") && error.contains(expected), "{query}: {error}");
    }
}

#[tokio::test]
async fn gaps_are_filled() {
    let fill = |field: &str, filled: Option<&str>| Kind::FillMissingValues {
        imputed: path_of(field),
        filled: filled.map(str::to_owned),
    };
    let rows = one(fill("age", None)).await;
    assert!(rows.iter().any(|row| row.contains("Bob") && row.contains(r#""age_filled":41"#)), "{rows:?}");
    let rows = one(fill("city", Some("town"))).await;
    assert!(rows.iter().any(|row| row.contains(r#""id":4"#) && row.contains(r#""town":"Rome""#)), "{rows:?}");
}

#[tokio::test]
async fn empty_columns_are_dropped() {
    let world = World::new();
    world.put("n/x.csv", "a,b,c,d\n1,,null,-1\n2,,null,-1\n").await;
    let source = || typed_csv("s3://b/n", &[("a", "int"), ("b", "string"), ("c", "string"), ("d", "int")]);
    let rows = async |rules| {
        world.rows(vec![node("n", source(), &[]), node("t", Kind::DropNullFields(rules), &["n"])]).await
    };
    let first = rows(NullRules { empty: true, ..NullRules::default() }).await;
    assert_eq!(first[0], r#"{"a":1,"c":"null","d":-1}"#);
    let first = rows(NullRules { empty: true, null_text: true, minus_one: true, values: vec![] }).await;
    assert_eq!(first[0], r#"{"a":1}"#);
    let first = rows(NullRules { values: vec![("-1".into(), "int".into())], ..NullRules::default() }).await;
    assert_eq!(first[0], r#"{"a":1,"b":"","c":"null"}"#);
}
