"""Visual jobs over awkward and real data, each with the place where it writes."""

import io
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

import test_job_generated as generated
from pipeline import bucket, flights

GENERATED = 24
BY_HAND = 11

ORDERS = [
    {"id": 1, "to": {"city": "Rome", "zip": "00100"}, "items": [{"sku": "a", "n": 2}, {"sku": "b", "n": 1}], "note": None},
    {"id": 2, "to": {"city": "Oslo"}, "items": [], "note": "n/a"},
    {"id": 3, "to": None, "items": [{"sku": "a", "n": 5}]},
]


def data(server):
    """Buckets with the sources of all jobs, and one for what they write."""
    rng, files = random.Random(generated.SEED), flights(1)
    for side, rows in (("a", 60), ("b", 40)):
        sink = io.BytesIO()
        pq.write_table(generated.table(rng, rows), sink, row_group_size=25)
        files[f"{side}/{side}.parquet"] = sink.getvalue()
    files["orders/orders.json"] = "".join(json.dumps(order) + "\n" for order in ORDERS).encode()
    for kind, header in (("named", "id,n,day,more\n"), ("numbered", "")):
        for year, lines in (("2023", "1,5,2024-01-31,x\n2,7.5,,\n"), ("2024", "3,-1,2023-12-01,y\n,12,2024-02-29,z\n")):
            files[f"{kind}/year={year}/a.csv"] = (header + lines).encode()
    for year in ("2023", "2024"):
        record = {"id": int(year), "n": "4", "to": {"city": "Rome", "zip": "00100"}, "more": True}
        files[f"moved/year={year}/a.json"] = json.dumps(record).encode()
    return bucket(server, files, stem="same"), bucket(server, stem="out")


def csv(name, source, folder):
    return {"S3CsvSource": {"Name": name, "Paths": [f"s3://{source}/{folder}/"], "Separator": "comma", "QuoteChar": "quote",
                            "WithHeader": True, "Recurse": True}}


def mapping(node, *columns):
    """An ApplyMapping of columns of text."""
    made = [{"FromPath": [name], "FromType": "string", "ToKey": new, "ToType": kind} for name, new, kind in columns]
    return {"ApplyMapping": {"Name": "mapped", "Inputs": [node], "Mapping": made}}


def by_hand(source, out, database):
    """Jobs as people draw them: name and nodes."""
    def target(of, name, **more):
        settings = {"Name": "out", "Inputs": [of], "Path": f"s3://{out}/{name}/"}
        return {"S3DirectTarget": settings | {"Format": "json"} | more}

    delays = mapping("in", ("carrier", "carrier", "string"), ("dep_delay", "delay", "int"), ("flight", "flight", "bigint"),
                     ("distance", "miles", "double"), ("time_hour", "at", "timestamp"))
    yield "mapped", {"in": csv("in", source, "flights"), "map": delays, "out": {"S3GlueParquetTarget": {
        "Name": "out", "Inputs": ["map"], "Path": f"s3://{out}/mapped/", "PartitionKeys": [["carrier"]]}}}
    yield "joined", {
        "in": csv("in", source, "flights"), "names": csv("names", source, "airlines"),
        "map": delays,
        "join": {"Join": {"Name": "join", "Inputs": ["map", "names"], "JoinType": "equijoin", "Columns": [
            {"From": "map", "Keys": [["carrier"]]}, {"From": "names", "Keys": [["carrier"]]}]}},
        "sum": {"Aggregate": {"Name": "sum", "Inputs": ["join"], "Groups": [["name"]], "Aggs": [
            {"Column": ["delay"], "AggFunc": "avg"}, {"Column": ["flight"], "AggFunc": "count"}]}},
        "out": target("sum", "joined")}
    orders = {"S3JsonSource": {"Name": "orders", "Paths": [f"s3://{source}/orders/"]}}
    flat = {"DynamicTransform": {"Name": "flat", "TransformName": "relationalize", "Inputs": ["orders"],
                                 "Path": "s3://x/", "FunctionName": "relationalize"}}
    for index, name in enumerate(("flat_root", "flat_items")):
        select = {"SelectFromCollection": {"Name": "one", "Inputs": ["flat"], "Index": index}}
        yield name, {"orders": orders, "flat": flat, "one": select, "out": target("one", name)}
    yield "nested", {
        "orders": orders,
        "fields": {"SelectFields": {"Name": "fields", "Inputs": ["orders"], "Paths": [["id"], ["to", "city"], ["items"]]}},
        "none": {"DropNullFields": {"Name": "none", "Inputs": ["fields"]}},
        "out": target("none", "nested")}
    yield "catalog", {
        "in": {"S3CatalogSource": {"Name": "in", "Database": database, "Table": "events", "PartitionPredicate": "day > '2024-01-01'"}},
        "sql": {"SparkSQL": {"Name": "sql", "Inputs": ["in"], "SqlQuery": "select upper(what) as what, id + 1 as next, day from t",
                             "SqlAliases": [{"From": "in", "Alias": "t"}]}},
        "out": target("sql", "catalog", Format="csv")}


    schema = [{"Columns": [{"Name": name, "Type": of} for name, of in (("id", "bigint"), ("n", "double"), ("day", "date"))]}]
    for name in ("named", "numbered"):
        read = csv("in", source, name)
        read["S3CsvSource"] |= {"WithHeader": name == "named", "OutputSchemas": schema}
        wanted = filtered("in", "OR", ("GT", "day", "2024-01-01"), ("LT", "n", "0"))
        yield name, {"in": read, "filter": wanted, "out": target("filter", name)}
    schema = [{"Columns": [{"Name": "id", "Type": "int"}, {"Name": "n", "Type": "int"}, {"Name": "to", "Type": "struct<city:string>"}]}]
    moved = {"S3JsonSource": {"Name": "in", "Paths": [f"s3://{source}/moved/"], "OutputSchemas": schema}}
    yield "moved", {"in": moved, "out": target("in", "moved")}
    # Without a schema all of CSV is text, and is compared so.
    wanted = filtered("in", "AND", ("GT", "distance", "1000"), ("EQ", "carrier", "UA"), ("LTE", "time_hour", "2013-01-02"))
    yield "untyped", {"in": csv("in", source, "flights"), "filter": wanted, "out": target("filter", "untyped")}
    steps = [
        ("UPPER_CASE", {"sourceColumn": "name"}, []),
        ("SPLIT_COLUMN_SINGLE_DELIMITER", {"sourceColumn": "name", "pattern": " ", "limit": "1"}, []),
        ("REMOVE_VALUES", {"sourceColumn": "carrier"}, [{"Condition": "IS", "Value": "AA", "TargetColumn": "carrier"}]),
        ("RENAME", {"sourceColumn": "carrier", "targetColumn": "code"}, []),
    ]
    steps = [{"Action": {"Operation": name, "Parameters": given}, "ConditionExpressions": met} for name, given, met in steps]
    recipe = {"Recipe": {"Name": "prepared", "Inputs": ["in"], "RecipeSteps": steps}}
    yield "recipe", {"in": csv("in", source, "airlines"), "recipe": recipe, "out": target("recipe", "recipe")}


def filtered(node, word, *conditions):
    """A Filter of comparisons with constants."""
    filters = [{"Operation": operation, "Negated": False, "Values": [
        {"Type": "COLUMNEXTRACTED", "Value": [column]}, {"Type": "CONSTANT", "Value": [constant]}]}
        for operation, column, constant in conditions]  # fmt: skip
    return {"Filter": {"Name": "filter", "Inputs": [node], "LogicalOperator": word, "Filters": filters}}


def jobs(source, out, database):
    """All of them: name and nodes."""
    for number in range(GENERATED):
        yield str(number), generated.generate(number, source, out).nodes
    yield from by_hand(source, out, database)


def plain(value):
    """Values as they compare: numbers by value, nested ones by their fields."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return generated.normal(value)


def answer(server, out, name):
    """The rows that a job has written, with the keys in their paths, in an order."""
    s3, found = server.client("s3"), []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=out, Prefix=f"{name}/"):
        for entry in page.get("Contents", []):
            key = entry["Key"]
            body = s3.get_object(Bucket=out, Key=key)["Body"].read()
            folders = dict(part.split("=", 1) for part in key.split("/")[:-1] if "=" in part)
            found += [repr(plain(related(row) | folders)) for row in rows(body)]
            s3.delete_object(Bucket=out, Key=key)
    return sorted(found)


def related(row):
    """A row without the numbers that join the tables of a nested one: they are arbitrary."""
    if "items.val.sku" in row:
        return {name: value for name, value in row.items() if name != "id"}
    if "items" in row and not isinstance(row["items"], list):
        return row | {"items": row["items"] is not None}
    return row


def rows(body):
    if body[:4] == b"PAR1":
        return pq.read_table(io.BytesIO(body)).to_pylist()
    if body[:1] == b"{":
        return [json.loads(line) for line in body.decode().splitlines()]
    return pa.csv.read_csv(io.BytesIO(body)).to_pylist() if body.strip() else []
