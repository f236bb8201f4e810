"""A reader of EXT_meshopt_compression written from the extension's text (Khronos, Appendix A and B), so that the
library that encoded is not also the one that judges. Slow, and strict about lengths."""

import json
import struct

import numpy as np


def read_glb(path):
    """The JSON and the binary chunk."""
    data = path.read_bytes()
    magic, version, length = struct.unpack_from("<III", data)
    assert magic == 0x46546C67 and version == 2 and length == len(data)
    size, kind = struct.unpack_from("<II", data, 12)
    assert kind == 0x4E4F534A
    binary_size, binary_kind = struct.unpack_from("<II", data, 20 + size)
    assert binary_kind == 0x004E4942 and 28 + size + binary_size == len(data)
    return json.loads(data[20:20 + size]), data[28 + size:]


def decode_view(view, chunk):
    """The content of a compressed bufferView, filters undone: an array of its elements."""
    extension = view["extensions"]["EXT_meshopt_compression"]
    start = extension["byteOffset"]
    stream = chunk[start:start + extension["byteLength"]]
    assert len(stream) == extension["byteLength"]
    count, stride = extension["count"], extension["byteStride"]
    if extension["mode"] == "TRIANGLES":
        assert count % 3 == 0 and stride in (2, 4)
        return np.array(decode_triangles(stream, count // 3))
    assert extension["mode"] == "ATTRIBUTES" and stride % 4 == 0 and stride <= 256
    elements = decode_attributes(stream, count, stride)
    if extension["filter"] == "EXPONENTIAL":
        words = elements.view("<u4")
        mantissa = ((words & 0xFFFFFF).astype("i8") ^ 0x800000) - 0x800000
        return np.ldexp(mantissa.astype("f8"), (words >> 24).astype("u1").view("i1"))
    assert extension["filter"] == "OCTAHEDRAL" and stride == 8
    return octahedral(elements.view("<i2"))


def octahedral(values):
    one = values[:, 2].astype("f8")
    x, y = values[:, 0] / one, values[:, 1] / one
    z = 1 - abs(x) - abs(y)
    fold = np.minimum(z, 0)
    x, y = x + np.where(x >= 0, fold, -fold), y + np.where(y >= 0, fold, -fold)
    vectors = np.stack([x, y, z], axis=1)
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


def decode_attributes(stream, count, stride):
    assert stream[0] == 0xA0
    tail = max(stride, 32)
    last = bytearray(stream[len(stream) - stride:])
    block_size = min((8192 // stride) & ~15, 256)
    result = np.zeros((count, stride), "u1")
    at = 1
    for first in range(0, count, block_size):
        elements = min(block_size, count - first)
        groups = (elements + 15) // 16
        for byte in range(stride):
            modes = stream[at:at + (groups + 3) // 4]
            at += len(modes)
            deltas = []
            for group in range(groups):
                mode = modes[group // 4] >> (group % 4 * 2) & 3
                values, at = decode_group(stream, at, mode)
                deltas += values
            value = last[byte]
            for i in range(elements):
                delta = deltas[i]
                value = (value + (~(delta >> 1) if delta & 1 else delta >> 1)) & 0xFF
                result[first + i, byte] = value
            last[byte] = value
    assert at + tail == len(stream)
    return result


def decode_group(stream, at, mode):
    """Sixteen deltas of 0, 2, 4 or 8 bits; those that do not fit stand behind them as whole bytes."""
    if mode == 0:
        return [0] * 16, at
    if mode == 3:
        return list(stream[at:at + 16]), at + 16
    bits = 2 * mode
    per_byte, sentinel = 8 // bits, (1 << bits) - 1
    packed = stream[at:at + 16 // per_byte]
    at += len(packed)
    values = []
    for i in range(16):
        value = packed[i // per_byte] >> (8 - bits * (i % per_byte + 1)) & sentinel
        if value == sentinel:
            value = stream[at]
            at += 1
        values.append(value)
    return values, at


class TriangleStream:
    def __init__(self, stream, triangles):
        assert stream[0] == 0xE1
        self.stream, self.at, self.end = stream, 1 + triangles, len(stream) - 16
        self.edges, self.vertices = [(0, 0)] * 16, [0] * 16
        self.next = self.last = 0

    def byte(self):
        self.at += 1
        return self.stream[self.at - 1]

    def free_index(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        self.last += (value >> 1) ^ -(value & 1)
        return self.last

    def new(self):
        self.next += 1
        return self.next - 1

    def push_vertex(self, vertex):
        self.vertices = [vertex] + self.vertices[:15]

    def push_edge(self, a, b):
        self.edges = [(a, b)] + self.edges[:15]

    def along_edge(self, code):
        a, b = self.edges[code >> 4]
        third = code & 15
        if third == 0:
            c = self.new()
        elif third < 13:
            c = self.vertices[third]
        elif third == 15:
            c = self.free_index()
        else:
            c = self.last = self.last + (-1 if third == 13 else 1)
        if third == 0 or third >= 13:
            self.push_vertex(c)
        self.push_edge(c, b)
        self.push_edge(a, c)
        return a, b, c

    def apart(self, code):
        """A triangle that shares no edge with one just before."""
        is_free = code >= 0xFE
        pair = self.byte() if is_free else self.stream[self.end + (code & 15)]
        kinds = (15 if code == 0xFF else 0, pair >> 4, pair & 15)
        if is_free and pair == 0:
            self.next = 0
        fifo = self.vertices
        corners, created = [], 0
        # References count from the vertices there were before, new ones included as they come.
        for kind in kinds:
            if kind == 0:
                corners.append(self.new())
                created += 1
            elif kind == 15 and is_free:
                corners.append(None)
            else:
                corners.append(fifo[kind - 1])
        for i, kind in enumerate(kinds):
            if corners[i] is None:
                corners[i] = self.free_index()
            if kind == 0 or (kind == 15 and is_free):
                self.push_vertex(corners[i])
        a, b, c = corners
        self.push_edge(b, a)
        self.push_edge(c, b)
        self.push_edge(a, c)
        return a, b, c


def decode_triangles(stream, triangles):
    reader = TriangleStream(stream, triangles)
    result = []
    for i in range(triangles):
        code = stream[1 + i]
        result.append(reader.along_edge(code) if code < 0xF0 else reader.apart(code))
    assert reader.at == reader.end
    return result
