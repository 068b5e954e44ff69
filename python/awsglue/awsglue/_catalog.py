"""The Data Catalog, asked through boto3."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Iterator
from urllib.parse import urlsplit

from awsglue._errors import AccessDeniedException, EntityNotFoundException, GlueError, InvalidInputException

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType


@functools.cache
def client(service: str) -> Any:
    """A client of one of AWS's services, as the process is set up."""
    import boto3

    return boto3.client(service)


def call(operation: Any, **arguments: Any) -> Any:
    """An operation's answer. Arguments that are None are left out.

    Raises the exception of `_errors` that tells of the service's error, with the service's own text.
    """
    from botocore.exceptions import ClientError

    try:
        return operation(**{name: value for name, value in arguments.items() if value is not None})
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code.startswith("AccessDenied"):
            raise AccessDeniedException(message, code) from None
        if code in ("EntityNotFoundException", "NoSuchBucket", "NoSuchKey", "404"):
            raise EntityNotFoundException(f"{code}: {message}", code) from None
        if code in ("InvalidInputException", "ValidationException"):
            raise InvalidInputException(f"{code}: {message}", code) from None
        raise GlueError(f"{code}: {message}", code) from None


def table(database: str, name: str, catalog_id: str | None = None) -> dict[str, Any]:
    """A table's definition."""
    return call(client("glue").get_table, DatabaseName=database, Name=name, CatalogId=catalog_id)["Table"]


def columns(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and types of a table's columns, partition keys last."""
    all_columns = found.get("StorageDescriptor", {}).get("Columns", []) + found.get("PartitionKeys", [])
    return [(column["Name"], column.get("Type", "string")) for column in all_columns]


def spark_schema(spark: SparkSession, found: dict[str, Any]) -> StructType:
    """A table's columns as Spark has them."""
    text = ", ".join(f"`{name.replace('`', '``')}` {of}" for name, of in columns(found))
    return spark.createDataFrame([], text).schema


def partitions(
    spark: SparkSession,
    found: dict[str, Any],
    predicate: str = "",
    expression: str | None = None,
    catalog_id: str | None = None,
) -> list[dict[str, Any]]:
    """A table's partitions that meet a predicate in Spark's SQL over its keys, and an expression of `GetPartitions`."""
    pages = functools.partial(
        call,
        client("glue").get_partitions,
        DatabaseName=found["DatabaseName"],
        TableName=found["Name"],
        Expression=expression,
        CatalogId=catalog_id,
    )
    answer = pages()
    every: list[dict[str, Any]] = list(answer["Partitions"])
    while answer.get("NextToken"):
        answer = pages(NextToken=answer["NextToken"])
        every += answer["Partitions"]
    if not predicate.strip() or not every:
        return every
    keys = [(key["Name"], key.get("Type", "string")) for key in found.get("PartitionKeys", [])]
    names = [f"key_{at}" for at in range(len(keys))]
    rows = [(at, *partition["Values"]) for at, partition in enumerate(every)]
    values = spark.createDataFrame(rows, ", ".join(["number int", *(f"{name} string" for name in names)]))
    casts = [f"cast({name} as {of}) as `{key}`" for name, (key, of) in zip(names, keys)]
    met = values.selectExpr("number", *casts).where(predicate).select("number").collect()
    return [every[row.number] for row in sorted(met, key=lambda row: row.number)]


def place(url: str) -> tuple[str, str]:
    """Bucket and key of an S3 URL.

    Raises InvalidInputException for any other text.
    """
    parts = urlsplit(url, allow_fragments=False)
    if parts.scheme not in ("s3", "s3a", "s3n") or not parts.netloc:
        raise InvalidInputException(f"{url!r} is no place in S3: s3://bucket/key is wanted")
    return parts.netloc, url.split(parts.netloc, 1)[1].lstrip("/")


def objects(url: str) -> Iterator[dict[str, Any]]:
    """The objects under an S3 URL, with their `Bucket` besides what S3 lists of them."""
    bucket, prefix = place(url)
    token = None
    while True:
        page = call(client("s3").list_objects_v2, Bucket=bucket, Prefix=prefix, ContinuationToken=token)
        for found in page.get("Contents", []):
            yield {**found, "Bucket": bucket}
        token = page.get("NextContinuationToken")
        if not token:
            return


def jdbc_conf(connection_name: str, catalog_id: str | None = None) -> dict[str, str]:
    """What a connection of the catalog says of its database: `user`, `password`, `vendor`, `url`, `fullUrl`, `enforceSSL`,
    `customJDBCCert`, `skipCustomJDBCCertValidation`.

    Raises InvalidInputException for a connection without a JDBC URL.
    """
    found = call(client("glue").get_connection, Name=connection_name, CatalogId=catalog_id)["Connection"]
    properties = found.get("ConnectionProperties", {})
    full = properties.get("JDBC_CONNECTION_URL")
    if not full:
        raise InvalidInputException(f"The connection {connection_name} has no JDBC_CONNECTION_URL.")
    vendor = full.removeprefix("jdbc:").split(":", 1)[0]
    user, password = properties.get("USERNAME", ""), properties.get("PASSWORD", "")
    secret = properties.get("SECRET_ID") or found.get("AuthenticationConfiguration", {}).get("SecretArn")
    if not user and secret:
        import json

        kept = json.loads(call(client("secretsmanager").get_secret_value, SecretId=secret)["SecretString"])
        user, password = kept.get("username", ""), kept.get("password", "")
    # The host and what is before it; the database is of the full URL only.
    scheme, _, rest = full.partition("://")
    host = rest.split("/", 1)[0].split(";", 1)[0]
    return {
        "user": user,
        "password": password,
        "vendor": vendor,
        "url": f"{scheme}://{host}" if rest else full,
        "fullUrl": full,
        "enforceSSL": properties.get("JDBC_ENFORCE_SSL", "false"),
        "customJDBCCert": properties.get("CUSTOM_JDBC_CERT", ""),
        "skipCustomJDBCCertValidation": properties.get("SKIP_CUSTOM_JDBC_CERT_VALIDATION", "false"),
    }
