"""GLB files for the tests, sound and broken, written from arrays."""

import json
import struct

import numpy as np
import trimesh

RED = {"name": "Red", "pbrMetallicRoughness": {"baseColorFactor": [0.6, 0.02, 0.02, 1], "metallicFactor": 0.0}}
SHEET = {"name": "Sheet", "doubleSided": True, "pbrMetallicRoughness": {"baseColorFactor": [0.1, 0.2, 0.7, 1]}}
GLASS = {
    "name": "Glass", "alphaMode": "BLEND",
    "pbrMetallicRoughness": {"baseColorFactor": [0.9, 0.9, 1, 0.25], "roughnessFactor": 0.1},
}
MATERIALS = [RED, SHEET, GLASS]


def box(size=(4.0, 3.0, 2.0), at=(0.0, 0.0, 0.0)):
    """Positions, normals and triangles of a box with sharp edges."""
    made = trimesh.creation.box(size)
    corners = made.vertices[made.faces].reshape(-1, 3) + at
    return corners, np.repeat(made.face_normals, 3, axis=0), np.arange(len(corners)).reshape(-1, 3)


def mesh(name, primitives):
    """`primitives`: pairs of (positions, normals or None, triangles or None) and the index of a material or None."""
    return {"name": name, "primitives": primitives}


def node(name, *children, **members):
    """`members` are those of glTF: mesh, translation, extras, …"""
    entry = {**members}
    if name is not None:
        entry["name"] = name
    if children:
        entry["children"] = list(children)
    return entry


def write_glb(path, meshes, nodes, roots=(0,), materials=MATERIALS, **document_members):
    """Writes meshes, and nodes that name their children and meshes by index, as one GLB."""
    blob = bytearray()
    views, accessors = [], []

    def accessor(array, kind, component):
        data = np.ascontiguousarray(array).tobytes()
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(data)})
        blob.extend(data + b"\0" * (-len(data) % 4))
        entry = {"bufferView": len(views) - 1, "componentType": component, "type": kind}
        entry["count"] = len(array) if kind == "VEC3" else array.size
        if kind == "VEC3":
            entry["min"] = np.nan_to_num(array.min(axis=0)).tolist()
            entry["max"] = np.nan_to_num(array.max(axis=0)).tolist()
        accessors.append(entry)
        return len(accessors) - 1

    listed = []
    for one in meshes:
        primitives = []
        for (positions, normals, triangles), material in one["primitives"]:
            primitive = {"attributes": {"POSITION": accessor(np.asarray(positions, "<f4"), "VEC3", 5126)}}
            if normals is not None:
                primitive["attributes"]["NORMAL"] = accessor(np.asarray(normals, "<f4"), "VEC3", 5126)
            if triangles is not None:
                primitive["indices"] = accessor(np.asarray(triangles, "<u4").reshape(-1), "SCALAR", 5125)
            if material is not None:
                primitive["material"] = material
            primitives.append(primitive)
        listed.append({"name": one["name"], "primitives": primitives})
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": list(roots)}], "nodes": nodes, "meshes": listed,
        "materials": materials, "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(blob)}],
    }
    return write_chunks(path, {**document, **document_members}, bytes(blob))


def write_chunks(path, document, blob=b""):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    if blob:
        chunks += struct.pack("<II", len(blob), 0x004E4942) + blob
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return path


def read_chunks(path):
    """The document and the binary chunk of a GLB, to change the one and write both again."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def changed(path, to, change):
    """A copy of a GLB whose document `change` has edited."""
    document, blob = read_chunks(path)
    change(document)
    return write_chunks(to, document, blob)
