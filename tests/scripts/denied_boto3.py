"""The same through boto3, in a module of its own."""

import sys

import reading

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
reading.read(given["--secret"], "plans/a")
