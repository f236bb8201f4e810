"""Short words for building shader nodes; a socket or a number may stand for a value."""

from __future__ import annotations

from collections.abc import Sequence

import bpy


class Graph:
    """An emptied node tree that is being filled."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        tree.nodes.clear()

    def add(self, kind: str, **inputs: bpy.types.NodeSocket | float) -> bpy.types.Node:
        node = self.tree.nodes.new(kind)
        for name, value in inputs.items():
            self._feed(node.inputs[name], value)
        return node

    def math(self, operation: str, *values: bpy.types.NodeSocket | float) -> bpy.types.NodeSocket:
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for socket, value in zip(node.inputs, values, strict=False):
            self._feed(socket, value)
        return node.outputs["Value"]

    def mix(
        self, one: bpy.types.NodeSocket, other: bpy.types.NodeSocket | float, share: bpy.types.NodeSocket
    ) -> bpy.types.NodeSocket:
        node = self.tree.nodes.new("ShaderNodeMix")
        node.data_type = "FLOAT"
        for socket, value in zip(node.inputs[:1] + node.inputs[2:4], (share, one, other), strict=True):
            self._feed(socket, value)
        return node.outputs[0]

    def ramp(self, value: bpy.types.NodeSocket, stops: Sequence[tuple[float, float]]) -> bpy.types.NodeSocket:
        """Smooth from stop to stop; positions and greys are 0…1 and above 1 for light brighter than white."""
        node = self.tree.nodes.new("ShaderNodeValToRGB")
        node.color_ramp.interpolation = "EASE"
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(1.0)
        for element, (position, grey) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (grey, grey, grey, 1.0)
        self._feed(node.inputs["Fac"], value)
        return node.outputs["Color"]

    def _feed(self, socket: bpy.types.NodeSocket, value: bpy.types.NodeSocket | float) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value
