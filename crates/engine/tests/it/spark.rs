//! Spark's SQL: expressions with the answers that Spark's documentation gives, or that follow from its text.

use mastic_engine::plan::*;

use crate::support::*;

fn sql(query: &str) -> Kind {
    Kind::Sql(SqlQuery { query: query.to_owned(), aliases: vec![("j".into(), "t".into())], schema: None })
}

async fn world() -> World {
    let world = World::new();
    let records = [
        r#"{"id":1,"name":"Ann Lee","day":"2016-07-30","x":5,"y":2.5,"words":["b","a"],"m":{"k":"v"},"js":"{\"a\":{\"b\":[1,2]}}"}"#,
        r#"{"id":2,"name":null,"day":"2016-08-31","x":null,"y":-2.5,"words":[],"m":{"k":"w"},"js":"no"}"#,
        r#"{"id":3,"name":"Bob","day":null,"x":7,"y":null,"words":null,"m":null,"js":null}"#,
    ];
    world.put("j/j.json", records.join("\n")).await;
    world
}

/// Expressions over the first record, and their values as JSON.
const EXPRESSIONS: &[(&str, &str)] = &[
    // Arithmetic.
    ("5 / 2", "2.5"),
    ("1 / 0", "null"),
    ("5 div 2", "2"),
    ("-7 div 2", "-3"),
    ("7 % 3", "1"),
    ("7 % 0", "null"),
    ("-7 % 3", "-1"),
    ("mod(7, 3)", "1"),
    ("pmod(-7, 3)", "2"),
    ("x + y", "7.5"),
    ("abs(-3)", "3"),
    ("ceil(-0.1)", "0"),
    ("ceil(5)", "5"),
    ("floor(-0.1)", "-1"),
    ("round(2.5)", "3.0"),
    ("round(2.675, 2)", "2.68"),
    ("round(1250, -2)", "1300"),
    ("bround(cast(2.5 as double))", "2.0"),
    ("power(2, 3)", "8.0"),
    ("pow(2, 3)", "8.0"),
    ("sqrt(4)", "2.0"),
    ("exp(0)", "1.0"),
    ("ln(1)", "0.0"),
    ("log(10, 100)", "2.0"),
    ("log2(2)", "1.0"),
    ("log10(10)", "1.0"),
    ("sign(-5)", "-1.0"),
    ("greatest(10, 9, 2, 4, 3)", "10"),
    ("least(10, 9, 2, 4, 3)", "2"),
    ("factorial(5)", "120"),
    ("hex(17)", "\"11\""),
    ("bin(13)", "\"1101\""),
    ("cast(pi() as int)", "3"),
    ("isnan(cast('NaN' as double))", "true"),
    // Comparison and conditions.
    ("x == 5", "true"),
    ("x <=> null", "false"),
    ("null <=> null", "true"),
    ("x != 5", "false"),
    ("x <> 4", "true"),
    ("x between 1 and 5", "true"),
    ("x in (1, 5)", "true"),
    ("if(1 < 2, 'a', 'b')", "\"a\""),
    ("case when x > 5 then 'big' when x = 5 then 'five' else 'small' end", "\"five\""),
    ("case x when 5 then 'five' end", "\"five\""),
    ("coalesce(null, 1, null)", "1"),
    ("nvl(null, 2)", "2"),
    ("ifnull(null, 2)", "2"),
    ("nvl2(null, 2, 1)", "1"),
    ("nullif(2, 2)", "null"),
    ("isnull(1)", "false"),
    ("isnotnull(1)", "true"),
    ("decode(2, 1, 'Southlake', 2, 'San Francisco', 'Non domestic')", "\"San Francisco\""),
    ("decode(6, 1, 'Southlake')", "null"),
    ("name like 'Ann%'", "true"),
    ("name not like '_nn%'", "false"),
    ("name rlike 'L.e$'", "true"),
    ("name not rlike '^x'", "true"),
    ("rlike('%SystemDrive%', '%Sys.*')", "true"),
    // Casts.
    ("cast('10' as int)", "10"),
    ("cast('abc' as int)", "null"),
    ("cast('1.7' as int)", "1"),
    ("cast(300 as tinyint)", "null"),
    ("cast(1 as boolean)", "true"),
    ("cast('yes' as boolean)", "true"),
    ("cast(2.5 as string)", "\"2.5\""),
    ("cast(cast(1e10 as double) as string)", "\"1.0E10\""),
    ("cast(10 as double)", "10.0"),
    ("cast('2016-07-30' as date)", "\"2016-07-30\""),
    ("cast('nope' as date)", "null"),
    ("cast('12.345' as decimal(10,2))", "12.35"),
    ("int('5') + bigint('6')", "11"),
    ("string(5)", "\"5\""),
    ("cast(true as string)", "\"true\""),
    ("cast(timestamp '2016-07-30 04:17:52' as string)", "\"2016-07-30 04:17:52\""),
    ("typeof(cast(1 as smallint))", "\"smallint\""),
    // Text.
    ("upper('SparkSql')", "\"SPARKSQL\""),
    ("ucase('a') || lcase('B')", "\"Ab\""),
    ("initcap('sPark sql')", "\"Spark Sql\""),
    ("length('Spark SQL ')", "10"),
    ("char_length('Ünïcode')", "7"),
    ("concat('Spark', 'SQL')", "\"SparkSQL\""),
    ("concat('Spark', null)", "null"),
    ("concat_ws(' ', 'Spark', null, 'SQL')", "\"Spark SQL\""),
    ("concat_ws('-', words)", "\"b-a\""),
    ("substring('Spark SQL', 5)", "\"k SQL\""),
    ("substring('Spark SQL', -3)", "\"SQL\""),
    ("substr('Spark SQL', 5, 1)", "\"k\""),
    ("substring_index('www.apache.org', '.', 2)", "\"www.apache\""),
    ("left('Spark SQL', 3)", "\"Spa\""),
    ("right('Spark SQL', 3)", "\"SQL\""),
    ("trim('    SparkSQL   ')", "\"SparkSQL\""),
    ("ltrim('  a')", "\"a\""),
    ("rtrim('a  ')", "\"a\""),
    ("trim(BOTH 'SL' FROM 'SSparkSQLS')", "\"parkSQ\""),
    ("lpad('hi', 5, '??')", "\"???hi\""),
    ("rpad('hi', 5, '??')", "\"hi???\""),
    ("repeat('123', 2)", "\"123123\""),
    ("replace('ABCabc', 'abc', 'DEF')", "\"ABCDEF\""),
    ("reverse('Spark SQL')", "\"LQS krapS\""),
    ("translate('AaBbCc', 'abc', '123')", "\"A1B2C3\""),
    ("instr('SparkSQL', 'SQL')", "6"),
    ("locate('bar', 'foobarbar')", "4"),
    ("ascii('222')", "50"),
    ("char(65)", "\"A\""),
    ("md5('Spark')", "\"8cde774d6f7333752ed72cacddb05126\""),
    ("sha2('Spark', 256)", "\"529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b\""),
    ("base64('Spark SQL')", "\"U3BhcmsgU1FM\""),
    ("split('oneAtwoBthreeC', '[ABC]')", "[\"one\",\"two\",\"three\",\"\"]"),
    ("split('oneAtwoBthreeC', '[ABC]', 2)", "[\"one\",\"twoBthreeC\"]"),
    ("split(name, ' ')[1]", "\"Lee\""),
    ("regexp_replace('100-200', '(\\\\d+)', 'num')", "\"num-num\""),
    ("regexp_replace('a-b', '(a)-(b)', '$2-$1')", "\"b-a\""),
    ("regexp_extract('100-200', '([0-9]+)-([0-9]+)', 2)", "\"200\""),
    ("regexp_extract('abc', '([0-9]+)')", "\"\""),
    ("regexp_extract_all('100-200, 300-400', '([0-9]+)-([0-9]+)', 1)", "[\"100\",\"300\"]"),
    ("levenshtein('kitten', 'sitting')", "3"),
    ("soundex('Miller')", "\"M460\""),
    ("format_number(12332.123456, 4)", "\"12,332.1235\""),
    ("startswith('Spark SQL', 'Spark')", "true"),
    ("endswith('Spark SQL', 'SQL')", "true"),
    ("contains('Spark SQL', 'Spark')", "true"),
    ("find_in_set('ab', 'abc,b,ab,c,def')", "3"),
    ("split_part('11.12.13', '.', 3)", "\"13\""),
    // Dates and times.
    ("to_date('2016-07-30')", "\"2016-07-30\""),
    ("to_date('30/07/2016', 'dd/MM/yyyy')", "\"2016-07-30\""),
    ("to_timestamp('2016-12-31 00:12:00')", "\"2016-12-31 00:12:00\""),
    ("to_timestamp('31.12.2016 00:12', 'dd.MM.yyyy HH:mm')", "\"2016-12-31 00:12:00\""),
    ("date_format('2016-04-08', 'y')", "\"2016\""),
    (
        "date_format(timestamp '2016-07-30 14:05:06', 'EEE dd MMM yyyy hh:mm a')",
        "\"Sat 30 Jul 2016 02:05 PM\"",
    ),
    ("year('2016-07-30')", "2016"),
    ("month(day)", "7"),
    ("dayofmonth('2009-07-30')", "30"),
    ("day('2009-07-30')", "30"),
    ("dayofyear('2016-04-09')", "100"),
    ("dayofweek('2009-07-30')", "5"),
    ("weekday('2009-07-30')", "3"),
    ("weekofyear('2008-02-20')", "8"),
    ("quarter('2016-08-31')", "3"),
    ("hour('2009-07-30 12:58:59')", "12"),
    ("minute('2009-07-30 12:58:59')", "58"),
    ("second('2009-07-30 12:58:59')", "59"),
    ("date_add('2016-07-30', 1)", "\"2016-07-31\""),
    ("date_sub('2016-07-30', 1)", "\"2016-07-29\""),
    ("datediff('2009-07-31', '2009-07-30')", "1"),
    ("add_months('2016-08-31', 1)", "\"2016-09-30\""),
    ("months_between('1997-02-28 10:30:00', '1996-10-30')", "3.94959677"),
    ("last_day('2009-01-12')", "\"2009-01-31\""),
    ("next_day('2015-01-14', 'TU')", "\"2015-01-20\""),
    ("trunc('2019-08-04', 'MM')", "\"2019-08-01\""),
    ("date_trunc('HOUR', timestamp '2015-03-05 09:32:05')", "\"2015-03-05 09:00:00\""),
    ("unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460073600"),
    ("from_unixtime(0, 'yyyy-MM-dd HH:mm:ss')", "\"1970-01-01 00:00:00\""),
    ("make_date(2013, 7, 15)", "\"2013-07-15\""),
    ("date '2016-07-30' + interval 1 day", "\"2016-07-31\""),
    ("extract(year from date '2016-07-30')", "2016"),
    ("timestamp_seconds(1230219000)", "\"2008-12-25 15:30:00\""),
    // Arrays, maps, structs.
    ("size(words)", "2"),
    ("words[0]", "\"b\""),
    ("words[9]", "null"),
    ("element_at(words, 1)", "\"b\""),
    ("element_at(words, -1)", "\"a\""),
    ("array(1, 2, 3)[1]", "2"),
    ("array_contains(words, 'a')", "true"),
    ("array_join(words, '-')", "\"b-a\""),
    ("array_distinct(array(1, 2, 3, null, 3))", "[1,2,3,null]"),
    ("array_max(array(1, 20, 3))", "20"),
    ("array_min(array(1, 20, 3))", "1"),
    ("array_position(array(3, 2, 1), 1)", "3"),
    ("array_position(array(3, 2, 1), 9)", "0"),
    ("array_remove(array(1, 2, 3, 3), 3)", "[1,2]"),
    ("array_union(array(1, 2), array(2, 3))", "[1,2,3]"),
    ("array_intersect(array(1, 2), array(2, 3))", "[2]"),
    ("array_except(array(1, 2), array(2, 3))", "[1]"),
    ("arrays_overlap(array(1, 2), array(2, 3))", "true"),
    ("sort_array(words)", "[\"a\",\"b\"]"),
    ("sort_array(words, false)", "[\"b\",\"a\"]"),
    ("array_repeat('x', 2)", "[\"x\",\"x\"]"),
    ("sequence(1, 5)", "[1,2,3,4,5]"),
    ("slice(array(1, 2, 3, 4), 2, 2)", "[2,3]"),
    ("flatten(array(array(1, 2), array(3, 4)))", "[1,2,3,4]"),
    ("map('a', 1, 'b', 2)['b']", "2"),
    ("map_keys(map('a', 1, 'b', 2))", "[\"a\",\"b\"]"),
    ("map_contains_key(map('a', 1), 'a')", "true"),
    ("named_struct('a', 1, 'b', 'x').b", "\"x\""),
    ("m.k", "\"v\""),
    // JSON.
    ("get_json_object(js, '$.a.b[1]')", "\"2\""),
    ("get_json_object(js, '$.a')", "\"{\\\"b\\\":[1,2]}\""),
    ("get_json_object('no', '$.a')", "null"),
    ("from_json('{\"a\":1,\"b\":\"x\"}', 'a INT, b STRING').a", "1"),
    ("from_json('no', 'a INT')", "null"),
    ("to_json(named_struct('a', 1))", "\"{\\\"a\\\":1}\""),
];

#[tokio::test]
async fn expressions_have_spark_s_answers() {
    assert!(EXPRESSIONS.len() >= 120, "{}", EXPRESSIONS.len());
    let world = world().await;
    let mut wrong = Vec::new();
    for (expression, expected) in EXPRESSIONS {
        let query = format!("select {expression} as v from t where id = 1");
        let nodes = vec![
            node("j", json("s3://b/j"), &[]),
            node("q", sql(&query), &["j"]),
            node("out", json_target("s3://b/out/"), &["q"]),
        ];
        for key in world.keys("out").await {
            world.delete(&key).await;
        }
        let found = match world.run(nodes).await {
            Err(error) => error.to_string(),
            Ok(_) => {
                let key = world.keys("out").await.pop().unwrap_or_default();
                let text = world.text(&key).await;
                let text = text.trim().strip_prefix("{\"v\":").and_then(|text| text.strip_suffix('}'));
                text.unwrap_or("null").to_owned()
            }
        };
        if found != *expected {
            wrong.push(format!("{expression}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), EXPRESSIONS.len(), wrong.join("\n"));
}

async fn rows(query: &str) -> Vec<String> {
    world().await.rows(vec![node("j", json("s3://b/j"), &[]), node("q", sql(query), &["j"])]).await
}

#[tokio::test]
async fn queries_are_spark_s() {
    let cases: &[(&str, &[&str])] = &[
        (
            "select id, w from t lateral view explode(words) e as w",
            &[r#"{"id":1,"w":"a"}"#, r#"{"id":1,"w":"b"}"#],
        ),
        (
            "select id, e.w from t lateral view outer explode(words) e as w where id > 1",
            &[r#"{"id":2}"#, r#"{"id":3}"#],
        ),
        ("select id, explode(words) from t", &[r#"{"id":1,"col":"a"}"#, r#"{"id":1,"col":"b"}"#]),
        (
            "select id, pos, w from t lateral view posexplode(words) e as pos, w",
            &[r#"{"id":1,"pos":0,"w":"b"}"#, r#"{"id":1,"pos":1,"w":"a"}"#],
        ),
        (
            "select a.id, w, n from t a lateral view explode(words) e w lateral view explode(array(1, 2)) f n where w = 'a'",
            &[r#"{"id":1,"w":"a","n":1}"#, r#"{"id":1,"w":"a","n":2}"#],
        ),
        ("select count(*), sum(X), avg(y) from T", &[r#"{"count(1)":3,"sum(X)":12,"avg(y)":0.0}"#]),
        ("select collect_list(id) l from (select id from t order by id) s", &[r#"{"l":[1,2,3]}"#]),
        ("select size(collect_set(x % 2)) s from t", &[r#"{"s":1}"#]),
        (
            "select first(id) f, max_by(name, id) m, min_by(name, id) n, count_if(x > 5) c from t where name is not null",
            &[r#"{"f":1,"m":"Bob","n":"Ann Lee","c":1}"#],
        ),
        (
            "with a as (select id i from t), b as (select I + 1 j from A) select max(j) m from b",
            &[r#"{"m":4}"#],
        ),
        (
            "select id, row_number() over (order by x) r from t",
            &[r#"{"id":1,"r":2}"#, r#"{"id":2,"r":1}"#, r#"{"id":3,"r":3}"#],
        ),
        ("select id, lag(id) over (order by id) l from t limit 2", &[r#"{"id":1}"#, r#"{"id":2,"l":1}"#]),
        (
            "select a.id from t a left anti join (select 1 id) b on a.id = b.id",
            &[r#"{"id":2}"#, r#"{"id":3}"#],
        ),
        ("select a.id from t a left semi join (select 1 id) b on a.id = b.id", &[r#"{"id":1}"#]),
        ("select cast(id as string), id + 1 from t where id = 1", &[r#"{"id":"1","(id + 1)":2}"#]),
        ("select id from t where id = 1 union select 1 union all select 7", &[r#"{"id":1}"#, r#"{"id":7}"#]),
        ("select id from t except select 1", &[r#"{"id":2}"#, r#"{"id":3}"#]),
        ("select `id` as `an id` from `t` order by `an id` desc limit 1", &[r#"{"an id":3}"#]),
        ("select x is null as n, count(*) c from t group by n having c > 1", &[r#"{"n":false,"c":2}"#]),
        ("select id from t where x = (select max(x) from t)", &[r#"{"id":3}"#]),
        ("select id from t where exists (select 1 from t u where u.id = t.id + 2)", &[r#"{"id":1}"#]),
        (
            "select kurtosis(id) k, stddev(id) s, variance(id) v, skewness(id) w from t",
            &[r#"{"k":-1.5,"s":1.0,"v":1.0,"w":0.0}"#],
        ),
        ("select percentile(id, 0.5) p, approx_count_distinct(id) a from t", &[r#"{"p":2.0,"a":3}"#]),
    ];
    let mut wrong = Vec::new();
    for (query, expected) in cases {
        let nodes = vec![node("j", json("s3://b/j"), &[]), node("q", sql(query), &["j"])];
        let world = world().await;
        let mut checked = nodes.clone();
        checked.push(node("out", json_target("s3://b/x/"), &["q"]));
        match world.run(checked).await {
            Err(error) => wrong.push(format!("{query}: {error}")),
            Ok(_) => {
                let found = world.rows(nodes).await;
                if found != *expected {
                    wrong.push(format!("{query}: {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rows("select 1 as one from t where id = 1").await, [r#"{"one":1}"#]);
}

#[tokio::test]
async fn nulls_are_among_the_first() {
    let found = rows("SELECT DISTINCT day FROM t ORDER BY day LIMIT 2").await;
    assert_eq!(found, [r#"{"day":"2016-07-30"}"#, "{}"]);
    let found = rows("SELECT id, min(x) AS x FROM t GROUP BY id ORDER BY x LIMIT 1").await;
    assert_eq!(found, [r#"{"id":2}"#]);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = world().await;
    for (query, expected) in [
        ("select xxhash64(id) from t", "the SQL function `xxhash64` is not supported"),
        ("select transform(words, w -> upper(w)) from t", "not supported"),
        ("select * from t pivot (sum(x) for id in (1, 2))", "PIVOT"),
        ("select regexp_replace(name, '(?=x)', 'y') from t", "`(?=x)` is not understood"),
        ("select date_format(day, 'yyyy ww') from t", "`w` of the pattern"),
        ("select cast(id as nothing) from t", "nothing"),
        (
            "select a.id from t a join t b on a.id = b.id lateral view explode(a.words) e as w",
            "LATERAL VIEW over a join",
        ),
    ] {
        let error = world.error(vec![node("j", json("s3://b/j"), &[]), node("q", sql(query), &["j"])]).await;
        assert!(error.contains(expected), "{query}: {error}");
    }
}
