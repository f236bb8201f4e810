"""Reads a page in both formats with the parsers of Prometheus' Python client, and compares what they found.

usage: read_exposition.py TEXT OPENMETRICS
"""

import sys
from pathlib import Path

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

# What is read at each scrape, or counts it, differs from one page to the next.
CHANGING = ("process_", "stepworks_disk_free_bytes", "stepworks_wal_bytes", "stepworks_transaction_", "stepworks_write_lock_")


def series(families):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.startswith(CHANGING)
    }


text = series(parser.text_string_to_metric_families(Path(sys.argv[1]).read_text()))
families = list(openmetrics.text_string_to_metric_families(Path(sys.argv[2]).read_text()))
assert len(text) > 300, len(text)
assert text == series(families), set(text.items()) ^ set(series(families).items())
assert {family.unit for family in families} == {"", "seconds", "bytes"}
