"""MODEL.step OUTPUT.stl CHORD_MM ANGLE_DEGREES: gmsh writes the kernel's triangles where nothing was meshed before."""

import math
import sys

import gmsh

source, output, chord, angle = sys.argv[1:]
gmsh.initialize()
for option, value in {
    "General.Verbosity": 1, "Mesh.StlLinearDeflection": float(chord), "Mesh.StlLinearDeflectionRelative": 0,
    "Mesh.StlAngularDeflection": math.radians(float(angle)), "Mesh.Binary": 1, "Mesh.SaveAll": 1,
}.items():
    gmsh.option.setNumber(option, value)
gmsh.model.occ.importShapes(source)
gmsh.model.occ.synchronize()
gmsh.write(output)
gmsh.finalize()
