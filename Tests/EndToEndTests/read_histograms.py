"""Reads the rows of latency_histograms with HdrHistogram's Python library, and prints count, maximum and quantiles in
microseconds as JSON lines. The library expects its own envelope, compressed; what is inside of it is the row's blob."""

import base64
import json
import sqlite3
import struct
import sys
import zlib

from hdrh.histogram import HdrHistogram

COMPRESSED = 0x1C849304 | 0x10

for step, phase, outcome, blob in sqlite3.connect(sys.argv[1]).execute(
    "SELECT step, phase, outcome, histogram FROM latency_histograms ORDER BY step, phase, outcome"
):
    packed = zlib.compress(blob)
    envelope = struct.pack(">II", COMPRESSED, len(packed)) + packed
    histogram = HdrHistogram.decode(base64.b64encode(envelope))
    print(
        json.dumps(
            {
                "step": step, "phase": phase, "outcome": outcome, "count": histogram.get_total_count(),
                "digits": histogram.significant_figures,
                "p50": histogram.get_value_at_percentile(50), "p99": histogram.get_value_at_percentile(99),
            }
        )
    )  # fmt: skip
