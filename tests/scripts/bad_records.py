"""Records that do not fit the columns."""

import sys

import boto3
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.getOrCreate()
base, s3 = f"s3://{given['--target']}/bad", boto3.client("s3")


def put(key, *lines):
    s3.put_object(Bucket=given["--target"], Key=f"bad/{key}", Body="\n".join(lines).encode())


def show(frame):
    for row in sorted(tuple(map(str, row)) for row in frame.collect()):
        print(*row, sep=" | ")
    print("--")


put("json/a.json", '{"id": 1, "at": "2024-01-01T10:00:00", "in": {"n": 1}}', '{"id": "x", "in": {"n": "y"}}', "{broken", "", "7",
    '{"id": 99999999999}', '{"id": 1.5, "at": null}')
columns = "id int, at timestamp, in struct<n: int>"
records = spark.read.schema(f"{columns}, _corrupt_record string").option("mode", "PERMISSIVE").json(f"{base}/json/")
show(records)
print(records.where("_corrupt_record IS NULL").count())
show(spark.read.schema(f"{columns}, bad string").json(f"{base}/json/", columnNameOfCorruptRecord="bad").select("bad", "id"))
show(spark.read.schema(columns).option("mode", "DROPMALFORMED").json(f"{base}/json/"))
show(records.where("id = 1").select(F.regexp_extract(F.input_file_name(), r"(\w+\.json)", 1)))
put("csv/a.csv", "id;name;day", "1;a;02.01.2024", '2;"b;c";03.01.2024', "x;d;04.01.2024", "3;e", "4;f;05.01.2024;more", "", "5;;")
put("csv/b.csv", "id;name;day", "6;g;no day")
reader = spark.read.option("header", True).option("sep", ";").option("dateFormat", "dd.MM.yyyy").option("mode", "PERMISSIVE")
show(reader.schema("id int, name string, day date, _corrupt_record string").csv(f"{base}/csv/"))
show(reader.schema("id int, name string, day date").option("mode", "DROPMALFORMED").csv(f"{base}/csv/"))
put("plain/a.csv", "id,name,n", "1,a,1.5", "NA,\"b,c\",NA", "2", "3,d,4,more", '4,"",x', "5,NA,-1e2")
for columns in ("id int, name string, n double", "id int", "id long, name string, n float, more boolean"):
    show(spark.read.csv(f"{base}/plain/", schema=columns, header=True, nullValue="NA"))
put("even/a.csv", *(f"{at},n{at},{at}.5" for at in range(20000)), "x,,y")
even = spark.read.schema("id int, name string, n double").csv(f"{base}/even/")
show(even.agg(F.count("*"), F.count("id"), F.count("name"), F.sum("n")))
put("lines/a.json", *(f'{{"id": {at}, "day": "2024-02-0{1 + at % 3}", "tags": ["a", null], "in": {{"n": {at}, "m": 0}}, "b": true}}' for at in range(20000)),
    '{"id": 7, "day": "no day", "tags": "a", "in": {"n": "x"}, "b": 1, "x": 2.5}', '{"id": "8", "x": 1}', "{broken")
lines = spark.read.schema("id bigint, day date, tags array<string>, in struct<n: int>, b boolean, x double").json(f"{base}/lines/")
show(lines.agg(*(F.count(name) for name in ("*", "id", "day", "tags", "in.n", "b", "x")), F.sum("id"), F.max("day"), F.sum("in.n")))
show(lines.where("id IN (3, 8) OR b IS NULL"))
columns = "id int, at timestamp, in struct<n: int>"
show(spark.read.schema(columns).json(f"{base}/json/"))
for place, mode in (("json", "FAILFAST"), ("nowhere", "PERMISSIVE")):
    try:
        spark.read.schema(columns).option("mode", mode).json(f"{base}/{place}/").collect()
    except Exception as error:
        lines = str(error).splitlines()
        print(next((line for line in lines if "MALFORMED" in line), f"{type(error).__name__} {lines[0]}").replace(base, "BASE"))
spark.read.schema("id int, _corrupt_record string").json(f"s3://{given['--secret']}/plans/").show()
