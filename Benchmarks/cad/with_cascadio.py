"""MODEL.step OUTPUT.glb CHORD_MM ANGLE_DEGREES: what somebody writes who takes cascadio."""

import math
import sys

import cascadio

source, output, chord, angle = sys.argv[1:]
status = cascadio.step_to_glb(
    source, output, tol_linear=float(chord), tol_angular=math.radians(float(angle)), tol_relative=False, use_parallel=False)
sys.exit(status)
