import pytest

from mastic_host.queries import tables_of


@pytest.mark.parametrize("text, names", [
    ("select * from a.b", ["a.b"]),
    ("SELECT * FROM a.b x, `c d`.e AS y, f", ["a.b", "`c d`.e", "f"]),
    ("select x from (select * from a join b on a.i = b.i) s, c", ["a", "b", "c"]),
    ("with w (x) as (select 1 from a), v as (select 2) select * from w, v join d.w using (x), e", ["a", "d.w", "e"]),
    ("select 'from b' -- from c\n, `from d` /* from e */ from f", ["f"]),
    ("select * from a where i in (select i from b) union select * from c order by i", ["a", "b", "c"]),
    ("select trim(both 'x' from a), substring(b from 2), c is not distinct from d from e", ["e"]),
    ("select * from range(3), parquet.`s3://b/k/`, lateral view explode(x) t", []),
    ("from a insert overwrite table b select *", ["a"]),
    ("delete from a where i in (select i from b)", ["b"]),
    ("merge into a using b.c s on a.i = s.i when matched then delete", ["b.c"]),
    ("select * from a left join b using (i) where a.j = 1", ["a", "b"]),
    ("create temp view v as select * from values (1), (2)", []),
    ("select * from a join b on a.i = b.i, c lateral view explode(x) t as k, v where a.j in (1, 2)", ["a", "b", "c"]),
    ("select * from (a) x join (b join c using (i)) where exists (select 1 from (select 1 from d))", ["a", "b", "c", "d"]),
    ("insert into a select * from b, c where d in (1, 2), e", ["b", "c"]),
])
def test_tables(text, names):
    assert [one.name for one in tables_of(text)] == names
    assert all(text[one.start : one.end] == one.name for one in tables_of(text))


@pytest.mark.parametrize("text, conditions", [
    ("where dt = 'a and b' and n between 1 and 2 AND m in ('x', 'y')", ["dt = 'a and b'", "n between 1 and 2", "m in ('x', 'y')"]),
    ("where a.dt == 'x' group by dt having n = 1", ["dt == 'x'"]),
    ("where dt = 'x' or n = 1", []),
    ("where not dt = 'x' and n = 1", []),
    ("where (dt = 'x' or n = 1) and m >= -2.5 limit 3", ["m >= -2.5"]),
    ("where upper(dt) = 'X' and n = m and m <> 'it\\'s'", []),
    ("where exists (select 1 from b where b.dt = 'y') and dt = 'z'", ["dt = 'z'"]),
])
def test_conditions(text, conditions):
    found = tables_of(f"select * from t.a {text}")[0]
    assert found.alone and [f"{one.column} {one.asked}" for one in found.conditions] == conditions


def test_conditions_of_joins():
    a, b = tables_of("select * from a x left join b y on x.i = y.i where x.dt = 'a' and n = 1")
    assert (a.alias, b.alias, a.alone, b.alone) == ("x", "y", False, False)
    assert [one.of for one in a.conditions] == ["x", None] and b.conditions == a.conditions
    assert not tables_of("select * from a, (select 1 as dt) b where dt = 'a'")[0].alone
