"""Renders CAD models in Blender: stills, turntable frames and production .blend files."""
