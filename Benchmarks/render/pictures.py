"""PNG files as arrays, and how far a picture is from another."""

import pathlib
import struct
import zlib

import numpy


def decibels(one, other, weight=None):
    """Peak signal-to-noise ratio of 8-bit channels."""
    squared = (one.astype(float) - other.astype(float)) ** 2
    error = numpy.average(squared, weights=None if weight is None else numpy.broadcast_to(weight, squared.shape))
    return float("inf") if error == 0 else float(10 * numpy.log10(255**2 / error))


def over_white(picture):
    alpha = picture[..., 3:] / 255
    return picture[..., :3] * alpha + 255 * (1 - alpha)


def pixels(path):
    """Height × width × 4, uint8, of an 8-bit RGBA PNG file without interlacing (PNG specification, chapter 9)."""
    data = pathlib.Path(path).read_bytes()
    at, body = 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", data, at + 8)
            if (depth, colour) != (8, 6):
                raise ValueError(f"{path} is no RGBA picture of 8 bits")
        elif kind == b"IDAT":
            body += data[at + 8:at + 8 + length]
        at += 12 + length
    rows = numpy.frombuffer(zlib.decompress(body), numpy.uint8).reshape(height, 1 + width * 4)
    picture = numpy.zeros((height, width, 4), numpy.uint8)
    above = numpy.zeros((width, 4), numpy.uint8)
    for y, row in enumerate(rows):
        above = picture[y] = _unfiltered(int(row[0]), row[1:].reshape(width, 4), above)
    return picture


def _unfiltered(kind, row, above):
    if kind == 0:
        return row
    if kind == 1:
        return numpy.cumsum(row, axis=0, dtype=numpy.uint8)
    if kind == 2:
        return row + above
    made, left, corner = numpy.empty_like(row), [0] * 4, [0] * 4
    for x, (values, tops) in enumerate(zip(row.tolist(), above.tolist())):
        predicted = _average if kind == 3 else _paeth
        left = [(value + predicted(*near)) & 255 for value, *near in zip(values, left, tops, corner)]
        made[x], corner = left, tops
    return made


def _average(left, top, _):
    return (left + top) // 2


def _paeth(left, top, corner):
    near = left + top - corner
    distances = abs(near - left), abs(near - top), abs(near - corner)
    return (left, top, corner)[distances.index(min(distances))]
