"""GLB files for the tests, sound and broken, written from arrays."""

import json
import struct

import numpy as np
import trimesh

STEEL = {"baseColorFactor": [0.4, 0.43, 0.48, 1], "metallicFactor": 0.9, "roughnessFactor": 0.35}
WHITE = {"baseColorFactor": [0.9, 0.9, 0.9, 1], "metallicFactor": 0.0, "roughnessFactor": 0.5}
TEAL = {"baseColorFactor": [0.0, 0.22, 0.2, 1], "metallicFactor": 0.0, "roughnessFactor": 0.5}
RED = {"baseColorFactor": [0.6, 0.02, 0.02, 1], "metallicFactor": 0.0, "roughnessFactor": 0.4}


def box(size=(0.04, 0.03, 0.02)):
    """Positions, normals and triangles of a box with sharp edges; metres."""
    mesh = trimesh.creation.box(size)
    corners = mesh.vertices[mesh.faces].reshape(-1, 3)
    normals = np.repeat(mesh.face_normals, 3, axis=0)
    return corners, normals, np.arange(len(corners)).reshape(-1, 3)


def ring(inner=0.015, outer=0.02, height=0.008):
    mesh = trimesh.creation.annulus(inner, outer, height, sections=48)
    return mesh.vertices, mesh.vertex_normals, mesh.faces


def ball(radius=0.01, subdivisions=3):
    mesh = trimesh.creation.icosphere(subdivisions, radius)
    return mesh.vertices, mesh.vertex_normals, mesh.faces


def million_triangles():
    """A ball of 1,048,576 triangles with a little relief."""
    steps = np.arange(1025)
    around, down = np.meshgrid(steps / 1024 * 2 * np.pi, steps[:513] / 512 * np.pi)
    radius = 0.05 + 0.0005 * np.sin(40 * around) * np.sin(20 * down)
    points = np.stack(
        [radius * np.sin(down) * np.cos(around), radius * np.cos(down), radius * np.sin(down) * np.sin(around)], -1)
    corner = (np.arange(512)[:, None] * 1025 + np.arange(1024)).reshape(-1, 1)
    faces = np.concatenate([corner + [0, 1025, 1026], corner + [0, 1026, 1]])
    points = points.reshape(-1, 3)
    return points, points / np.linalg.norm(points, axis=1, keepdims=True), faces[:, ::-1]


def write_glb(path, parts, **document_members):
    """Writes `parts`, a list of (name, (positions, normals, triangles), material), as one GLB."""
    blob = bytearray()
    views, accessors, meshes, nodes, materials = [], [], [], [], []

    def accessor(array, kind, component, target):
        data = np.ascontiguousarray(array).tobytes()
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(data), "target": target})
        blob.extend(data + b"\0" * (-len(data) % 4))
        count = array.size // 3 if kind == "VEC3" else array.size
        entry = {"bufferView": len(views) - 1, "componentType": component, "count": count, "type": kind}
        if kind == "VEC3":
            with np.errstate(invalid="ignore"):
                entry["min"] = np.nan_to_num(array.min(axis=0)).tolist()
                entry["max"] = np.nan_to_num(array.max(axis=0)).tolist()
        accessors.append(entry)
        return len(accessors) - 1

    for name, (positions, normals, triangles), material in parts:
        attributes = {"POSITION": accessor(np.asarray(positions, dtype="<f4"), "VEC3", 5126, 34962)}
        if normals is not None:
            attributes["NORMAL"] = accessor(np.asarray(normals, dtype="<f4"), "VEC3", 5126, 34962)
        indices = accessor(np.asarray(triangles, dtype="<u4").reshape(-1), "SCALAR", 5125, 34963)
        materials.append({"name": f"{name} material", "pbrMetallicRoughness": material})
        primitive = {"attributes": attributes, "indices": indices, "material": len(materials) - 1}
        meshes.append({"name": name, "primitives": [primitive]})
        nodes.append({"name": name, "mesh": len(meshes) - 1})
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": list(range(len(nodes)))}], "nodes": nodes,
        "meshes": meshes, "materials": materials, "accessors": accessors, "bufferViews": views,
        "buffers": [{"byteLength": len(blob)}],
    }
    if not parts:
        document = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": []}]}
    write_chunks(path, {**document, **document_members}, bytes(blob))
    return path


def write_chunks(path, document, blob):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    if blob:
        chunks += struct.pack("<II", len(blob), 0x004E4942) + blob
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
