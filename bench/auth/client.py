"""What boto3 sees of GetTable through the doors of the benchmark around it.

Arguments: the account, and the doors' URLs, the first without signature check and decision. Credentials and region come from the
environment. Prints for each door the median microseconds of a call and how much that is on top of the first door's.
"""

import statistics
import sys
import time

import boto3
from botocore.config import Config

ROUNDS, CALLS = 40, 50


def round_of(client):
    start = time.perf_counter()
    for _ in range(CALLS):
        # The catalog is named: the door without signatures does not know whose calls these are.
        answer = client.get_table(CatalogId=sys.argv[1], DatabaseName="sales", Name="orders")
        assert answer["Table"]["Name"] == "orders"
    return (time.perf_counter() - start) / CALLS * 1e6


def main():
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=True)
    clients = [boto3.client("glue", endpoint_url=url, config=config) for url in sys.argv[2:]]
    for client in clients:
        round_of(client)
    rounds = [[round_of(client) for client in clients] for _ in range(ROUNDS)]
    for times in zip(*rounds):
        more = statistics.median(own / one[0] * 100 - 100 for own, one in zip(times, rounds))
        print(f"{statistics.median(times):.1f} ({more:+.1f} %)")


main()
