"""Reads PNG files without the tool's own code, so that a fault there can't hide."""

import struct
import zlib

import numpy as np


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, []
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + length)[0]
        found.append((kind.decode(), body))
        at += 12 + length
    assert found[-1][0] == "IEND"
    return found


def text(data):
    return dict(body.decode("latin-1").split("\0") for kind, body in chunks(data) if kind == "tEXt")


def pixels(data):
    """Height × width × channels, uint8."""
    header = dict(chunks(data))["IHDR"]
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    assert depth == 8
    channels = {0: 1, 2: 3, 6: 4}[colour]
    raw = zlib.decompress(b"".join(body for kind, body in chunks(data) if kind == "IDAT"))
    rows = np.frombuffer(raw, dtype=np.uint8).reshape(height, 1 + width * channels)
    out = np.zeros((height, width, channels), dtype=np.uint8)
    above = np.zeros((width, channels), dtype=np.int32)
    for index, row in enumerate(rows):
        line = row[1:].reshape(width, channels).astype(np.int32)
        above = _unfilter(int(row[0]), line, above)
        out[index] = above
    return out


def _unfilter(kind, line, above):
    if kind == 0:
        return line
    if kind == 2:
        return (line + above) & 255
    if kind == 1:
        return np.cumsum(line, axis=0) & 255
    result = np.zeros_like(line)
    left = np.zeros(line.shape[1], dtype=np.int32)
    corner = np.zeros_like(left)
    for x in range(len(line)):
        if kind == 3:
            guess = (left + above[x]) // 2
        else:
            base = left + above[x] - corner
            a, b, c = abs(base - left), abs(base - above[x]), abs(base - corner)
            guess = np.where((a <= b) & (a <= c), left, np.where(b <= c, above[x], corner))
        left = (line[x] + guess) & 255
        corner = above[x]
        result[x] = left
    return result
