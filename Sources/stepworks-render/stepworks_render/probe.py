"""`--probe`: what this machine can render on, for `stepworks doctor`."""

from __future__ import annotations

from typing import Any

from . import gpu, graphics


def describe() -> dict[str, Any]:
    """Devices of Cycles and, from a process of its own, whether EEVEE and Workbench can draw."""
    found = gpu.probe()
    drawn = graphics.probe()
    return {
        "devices": [{"backend": one.backend, "name": one.name, "uuid": one.uuid} for one in found],
        "cycles": {"device": found[0].backend if found else "CPU"},
        "eevee": {"available": drawn["available"], "software": drawn["software"], "reason": drawn["reason"]},
        "driver": found[0].driver if found else None,
        "cpu": gpu.cpu_name(),
    }
