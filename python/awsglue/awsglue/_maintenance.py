"""Files that are deleted or moved to another storage class ("GlueContext class", AWS Glue Developer Guide)."""

from __future__ import annotations

import datetime
import io
import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Iterable

from awsglue import _catalog
from awsglue._errors import GlueError, InvalidInputException, unsupported
from awsglue._globs import listed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Hours for which files stay where the options do not say.
_RETENTION = 168
# Objects of one call.
_BATCH = 1000
_CLASSES = (
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "GLACIER_IR",
    "DEEP_ARCHIVE",
)
_KNOWN = {"retentionPeriod", "partitionPredicate", "excludeStorageClasses", "manifestFilePath", "accountId", "roleArn"}


@dataclass
class _Done:
    """What was done to files, and what was not and why."""

    well: list[str] = field(default_factory=list)
    badly: list[tuple[str, str]] = field(default_factory=list)

    def note(self, path: str | None) -> None:
        """Puts down in `Success.csv` and `Failed.csv` of a folder which files were done; raises if one was not."""
        if path:
            bucket, prefix = _catalog.place(path.rstrip("/") + "/")
            for name, rows in (("Success.csv", [(url,) for url in self.well]), ("Failed.csv", self.badly)):
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerows(rows)
                _catalog.call(
                    _catalog.client("s3").put_object, Bucket=bucket, Key=prefix + name, Body=text.getvalue().encode()
                )
        if self.badly:
            url, reason = self.badly[0]
            raise GlueError(f"{len(self.badly)} files could not be changed, the first of them {url}: {reason}")


class Maintenance:
    """The part of a GlueContext that is about old files."""

    spark_session: SparkSession

    def purge_table(
        self,
        catalog_id: str | None = None,
        database: str = "",
        table_name: str = "",
        options: dict[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> None:
        """Deletes a table's files in S3, and its partitions that have none left.

        Options: `retentionPeriod` (hours for which files stay, 168), `partitionPredicate`, `excludeStorageClasses`,
        `manifestFilePath` (a folder for `Success.csv` and `Failed.csv`).
        """
        self._files_of_table(catalog_id, database, table_name, dict(options or {}), _delete, drops=True)

    def purge_s3_path(self, s3_path: str, options: dict[str, Any] | None = None, transformation_ctx: str = "") -> None:
        """Deletes the files under a path. Options as for `purge_table`, without `partitionPredicate`."""
        self._files_of_path(s3_path, dict(options or {}), _delete)

    def transition_table(
        self,
        database: str,
        table_name: str,
        transition_to: str,
        options: dict[str, Any] | None = None,
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> None:
        """Moves a table's files to another storage class. Options as for `purge_table`; `accountId` and `roleArn`, for which
        AWS asks, are not needed: the files are copied as the run's own role."""
        self._files_of_table(catalog_id, database, table_name, dict(options or {}), _to_class(transition_to))

    def transition_s3_path(
        self, s3_path: str, transition_to: str, options: dict[str, Any] | None = None, transformation_ctx: str = ""
    ) -> None:
        """Moves the files under a path to another storage class. Options as for `transition_table`."""
        self._files_of_path(s3_path, dict(options or {}), _to_class(transition_to))

    def _files_of_path(self, path: str, options: dict[str, Any], change: Callable[[list[dict[str, Any]], _Done], None]) -> None:
        wanted = _wanted(options)
        if options.get("partitionPredicate"):
            raise InvalidInputException("`partitionPredicate` is of tables: a path has no partitions")
        done = _Done()
        _changed((found for found in _catalog.objects(path) if wanted(found)), change, done)
        done.note(options.get("manifestFilePath"))

    def _files_of_table(
        self,
        catalog_id: str | None,
        database: str,
        name: str,
        options: dict[str, Any],
        change: Callable[[list[dict[str, Any]], _Done], None],
        drops: bool = False,
    ) -> None:
        if not database or not name:
            raise InvalidInputException("`database` and `table_name` are wanted")
        wanted, done = _wanted(options), _Done()
        found = _catalog.table(database, name, catalog_id)
        location = found.get("StorageDescriptor", {}).get("Location", "")
        if not found.get("PartitionKeys"):
            if options.get("partitionPredicate"):
                raise InvalidInputException(f"The table {database}.{name} has no partitions for `partitionPredicate`.")
            _changed((one for one in _catalog.objects(_folder(location)) if wanted(one)), change, done)
            done.note(options.get("manifestFilePath"))
            return
        predicate = options.get("partitionPredicate") or ""
        empty = []
        for partition in _catalog.partitions(self.spark_session, found, predicate, catalog_id=catalog_id):
            every = list(_catalog.objects(_folder(partition["StorageDescriptor"]["Location"])))
            chosen = [one for one in every if wanted(one)]
            failures = len(done.badly)
            _changed(chosen, change, done)
            if len(chosen) == len(every) and failures == len(done.badly):
                empty.append({"Values": partition["Values"]})
        for at in range(0, len(empty) if drops else 0, 25):
            _catalog.call(
                _catalog.client("glue").batch_delete_partition,
                DatabaseName=database,
                TableName=name,
                PartitionsToDelete=empty[at : at + 25],
                CatalogId=catalog_id,
            )
        done.note(options.get("manifestFilePath"))


def _folder(location: str) -> str:
    return location.rstrip("/") + "/"


def _wanted(options: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Whether a file is one to change, by its age and storage class."""
    odd = next((name for name in options if name not in _KNOWN), None)
    if odd is not None:
        raise unsupported(f"the option `{odd}` is not supported")
    try:
        hours = float(options.get("retentionPeriod", _RETENTION))
    except (TypeError, ValueError):
        raise InvalidInputException("`retentionPeriod` is a number of hours") from None
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)
    excluded = options.get("excludeStorageClasses") or ()
    classes = set(listed(list(excluded) if isinstance(excluded, (set, frozenset, tuple)) else excluded))
    unknown = next((name for name in classes if name not in _CLASSES), None)
    if unknown is not None:
        raise InvalidInputException(f"`excludeStorageClasses` has {unknown}: {', '.join(_CLASSES)} are known")
    return lambda found: found["LastModified"] <= before and found.get("StorageClass", "STANDARD") not in classes


def _changed(
    files: Iterable[dict[str, Any]], change: Callable[[list[dict[str, Any]], _Done], None], done: _Done
) -> None:
    batch: list[dict[str, Any]] = []
    for found in files:
        batch.append(found)
        if len(batch) == _BATCH:
            change(batch, done)
            batch = []
    if batch:
        change(batch, done)


def _url(found: dict[str, Any]) -> str:
    return f"s3://{found['Bucket']}/{found['Key']}"


def _delete(files: list[dict[str, Any]], done: _Done) -> None:
    keys = [{"Key": found["Key"]} for found in files]
    answer = _catalog.call(
        _catalog.client("s3").delete_objects, Bucket=files[0]["Bucket"], Delete={"Objects": keys, "Quiet": True}
    )
    failed = {error["Key"]: error.get("Message") or error.get("Code", "") for error in answer.get("Errors", [])}
    for found in files:
        if found["Key"] in failed:
            done.badly.append((_url(found), failed[found["Key"]]))
        else:
            done.well.append(_url(found))


def _to_class(name: str) -> Callable[[list[dict[str, Any]], _Done], None]:
    if name not in _CLASSES:
        raise InvalidInputException(f"transition_to is {name}: {', '.join(_CLASSES)} are known")

    def change(files: list[dict[str, Any]], done: _Done) -> None:
        for found in files:
            if found.get("StorageClass", "STANDARD") == name:
                continue
            place = {"Bucket": found["Bucket"], "Key": found["Key"]}
            try:
                _catalog.call(_catalog.client("s3").copy_object, **place, CopySource=place, StorageClass=name)
                done.well.append(_url(found))
            except GlueError as error:
                done.badly.append((_url(found), error.message))

    return change
