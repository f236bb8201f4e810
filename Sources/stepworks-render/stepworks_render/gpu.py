"""Which device Cycles renders on: asked, probed, chosen, and observed afterwards.

Blender renders on the CPU without a word, and still says GPU, when no GPU answers. So a device is only called used
when Blender has it enabled and the kernel shows that this process holds it open.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import channel
from .errors import unavailable

BACKENDS = ("OPTIX", "CUDA", "HIP", "ONEAPI")
"""In the order of preference: OptiX uses the ray-tracing cores of the same cards that CUDA finds."""

NO_GPU = "[GPU_PROBE] No GPU found, falling back to CPU — set cycles_device=cpu to suppress this warning"

_HELD_FILES = {
    "OPTIX": ("/dev/nvidia",), "CUDA": ("/dev/nvidia",), "HIP": ("/dev/kfd",), "ONEAPI": ("/dev/dri/render",),
}  # fmt: skip
_NVIDIA_SMI_SECONDS = 10


@dataclass(frozen=True)
class GPU:
    """A device that answered. `uuid` and `driver` are known for NVIDIA cards where nvidia-smi is installed."""

    backend: str
    name: str
    identifier: str
    uuid: str | None
    driver: str | None


@dataclass(frozen=True)
class Choice:
    """What Cycles was told to render on; `gpus` is empty for the CPU."""

    requested: str
    gpus: tuple[GPU, ...]
    fallback_reason: str | None


def probe() -> list[GPU]:
    """All GPUs of the first backend that has any. Without drivers it is empty; nothing crashes, nothing is kept."""
    preferences = _preferences()
    for backend in BACKENDS:
        try:
            preferences.compute_device_type = backend
        except TypeError:
            continue  # this build of Blender has no such backend
        preferences.refresh_devices()
        devices = [one for one in preferences.get_devices_for_type(backend) if one.type == backend]
        if devices:
            facts = _nvidia_facts() if backend in ("OPTIX", "CUDA") else {}
            return [_gpu(backend, one, facts) for one in devices]
    preferences.compute_device_type = "NONE"
    return []


def choose(requested: str, cpu_fallback: str) -> Choice:
    """Sets Cycles up for `requested` (gpu, cpu, auto) and says what the probe found: once per request, also in a warm process.

    Raises ToolError, tool_failed, when a GPU was asked for, none answers and `cpu_fallback` is "fail".
    """
    if requested == "cpu":
        _preferences().compute_device_type = "NONE"
        bpy.context.scene.cycles.device = "CPU"
        return Choice(requested, (), None)
    gpus = probe()
    _tell(gpus, requested)
    if not gpus:
        reason = "no GPU found: none of " + ", ".join(BACKENDS) + " has a device"
        if requested == "gpu" and cpu_fallback == "fail":
            raise unavailable(
                "No GPU was found and rendering on the CPU instead is forbidden; check the driver with nvidia-smi, "
                "or set cycles_device=cpu."
            )
        bpy.context.scene.cycles.device = "CPU"
        return Choice(requested, (), reason if requested == "gpu" else None)
    for device in _preferences().devices:
        device.use = device.type == gpus[0].backend
    bpy.context.scene.cycles.device = "GPU"
    return Choice(requested, tuple(gpus), None)


def observed(choice: Choice, cpu_fallback: str) -> dict[str, Any]:
    """What the picture was really rendered on; to be asked after a render.

    Raises ToolError, tool_failed, when a GPU was chosen, the CPU rendered and `cpu_fallback` is "fail".
    """
    reason = choice.fallback_reason
    used = "cpu"
    if choice.gpus:
        backend = choice.gpus[0].backend
        if bpy.context.scene.cycles.device != "GPU" or not _preferences().has_active_device():
            reason = f"Blender rendered on the CPU although {choice.gpus[0].name} was enabled"
        elif not _holds_any(_HELD_FILES[backend]):
            reason = f"Blender says it used {choice.gpus[0].name}, but the process never opened the device"
        else:
            used = "gpu"
        if used == "cpu" and cpu_fallback == "fail":
            raise unavailable(f"A GPU was asked for, but {reason}; check the driver, or set cycles_device=cpu.")
    gpu = choice.gpus[0] if used == "gpu" else None
    return {
        "requested": choice.requested,
        "used": used,
        "backend": gpu.backend if gpu else "NONE",
        "name": ", ".join(one.name for one in choice.gpus) if gpu else cpu_name(),
        "driver": gpu.driver if gpu else None,
        "uuid": gpu.uuid if gpu else None,
        "fallback_reason": reason,
    }


def cpu_name() -> str:
    """The processor's name as the kernel gives it."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else "CPU"


def _preferences() -> Any:
    return bpy.context.preferences.addons["cycles"].preferences


def _tell(gpus: list[GPU], requested: str) -> None:
    if gpus:
        names = ", ".join(one.name for one in gpus)
        channel.log("info", f"[GPU_PROBE] {gpus[0].backend}: {names}")
    else:
        channel.log("warning" if requested == "gpu" else "info", NO_GPU)


def _gpu(backend: str, device: Any, facts: dict[str, tuple[str, str]]) -> GPU:
    # Cycles' identifier of a card holds its PCI address: CUDA_NVIDIA L4_0000:17:00_OPTIX.
    address = re.search(r"([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2})", device.id)
    uuid, driver = facts.get(_short_address(address.group(1)) if address else "", (None, None))
    return GPU(backend, device.name, device.id, uuid, driver)


def _nvidia_facts() -> dict[str, tuple[str, str]]:
    """PCI address → UUID and driver version; empty where nvidia-smi is missing or fails."""
    query = ["nvidia-smi", "--query-gpu=pci.bus_id,uuid,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=_NVIDIA_SMI_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        channel.log("info", f"The GPU's driver and UUID are unknown because nvidia-smi gives no answer ({error}).")
        return {}
    facts = {}
    for line in done.stdout.splitlines():
        address, uuid, driver = (part.strip() for part in line.split(","))
        facts[_short_address(address)] = (uuid, driver)
    return facts


def _short_address(address: str) -> str:
    """Domain, bus and device in the shortest common form: 00000000:17:00.0 and 0000:17:00 are the same."""
    domain, bus, device = address.lower().split(".")[0].split(":")
    return f"{int(domain, 16):04x}:{bus}:{device}"


def _holds_any(prefixes: tuple[str, ...]) -> bool:
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            if os.readlink(descriptor).startswith(prefixes):
                return True
        except OSError:
            continue  # closed meanwhile, or the listing's own descriptor
    return False
