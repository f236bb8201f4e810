"""Devices and engines: what was asked, what was used, and that one is never taken for the other."""

import pytest

NO_GPU = "[GPU_PROBE] No GPU found, falling back to CPU — set cycles_device=cpu to suppress this warning"


def test_without_a_gpu_one_line_warns_and_the_result_says_why(tool, box, tmp_path):
    run = tool.run(tmp_path / "job", box, device="gpu")
    assert [line for line in run.logs() if "GPU_PROBE" in line] == [NO_GPU]
    assert NO_GPU in run.logs("warning")
    device = run.summary["device"]
    assert (device["requested"], device["used"], device["backend"]) == ("gpu", "cpu", "NONE")
    assert "OPTIX, CUDA, HIP, ONEAPI" in device["fallback_reason"]
    assert device["name"] and device["driver"] is None and device["uuid"] is None


def test_asking_for_the_cpu_probes_nothing_and_is_no_fallback(tool, box, tmp_path):
    run = tool.run(tmp_path / "job", box, device="cpu")
    assert not any("GPU_PROBE" in line for line in run.logs())
    assert (run.summary["device"]["used"], run.summary["device"]["fallback_reason"]) == ("cpu", None)


def test_auto_takes_the_cpu_without_a_warning(tool, box, tmp_path):
    run = tool.run(tmp_path / "job", box, device="auto")
    assert run.logs("warning") == []
    assert (run.summary["device"]["used"], run.summary["device"]["fallback_reason"]) == ("cpu", None)


def test_a_forbidden_fallback_is_an_error_that_says_what_to_do(tool, box, tmp_path):
    run = tool.run(tmp_path / "job", box, device="gpu", cpu_fallback="fail")
    assert (run.status, run.error["class"]) == (69, "tool_failed")
    assert "No GPU was found" in run.error["message"] and "cycles_device=cpu" in run.error["message"]
    assert run.files == []


OBSERVE = """
import json, sys
import bpy
from stepworks_render import gpu
from stepworks_render.errors import ToolError

class Preferences:
    def has_active_device(self): return sys.argv[1] == "enabled"

bpy.context.scene.cycles.device = "GPU"
gpu._preferences = Preferences
held = open("/dev/zero")
gpu._HELD_FILES["OPTIX"] = ("/dev/zero",) if sys.argv[2] == "open" else ("/dev/nothing",)
card = gpu.GPU("OPTIX", "NVIDIA L4", "CUDA_NVIDIA L4_0000:17:00_OPTIX", "GPU-1", "550.1")
try:
    print(json.dumps(gpu.observed(gpu.Choice("gpu", (card,), None), sys.argv[3])))
except ToolError as error:
    print(json.dumps({"error": error.error_class, "message": error.message}))
"""


def test_a_gpu_counts_as_used_only_when_it_is_enabled_and_the_process_holds_it_open(tool):
    used = tool.blender(OBSERVE, "enabled", "open", "warn")
    assert (used["used"], used["backend"], used["name"], used["uuid"], used["driver"]) == (
        "gpu", "OPTIX", "NVIDIA L4", "GPU-1", "550.1")
    closed = tool.blender(OBSERVE, "enabled", "closed", "warn")
    assert (closed["used"], closed["backend"]) == ("cpu", "NONE")
    assert "never opened the device" in closed["fallback_reason"]
    disabled = tool.blender(OBSERVE, "disabled", "open", "warn")
    assert disabled["used"] == "cpu" and "on the CPU although NVIDIA L4" in disabled["fallback_reason"]


def test_a_gpu_that_was_asked_for_and_not_used_is_an_error_where_the_policy_says_so(tool):
    said = tool.blender(OBSERVE, "enabled", "closed", "fail")
    assert said["error"] == "tool_failed" and "NVIDIA L4" in said["message"]


SMI = """
import json, os, sys
from types import SimpleNamespace
from stepworks_render import gpu
os.environ["PATH"] = sys.argv[1] + ":" + os.environ["PATH"]
device = SimpleNamespace(id="CUDA_NVIDIA L4_0000:17:00_OPTIX", name="NVIDIA L4", type="OPTIX")
found = gpu._gpu("OPTIX", device, gpu._nvidia_facts())
print(json.dumps([found.uuid, found.driver]))
"""


def test_driver_and_uuid_are_those_of_the_card_at_the_same_address(tool, tmp_path):
    (tmp_path / "nvidia-smi").write_text(
        "#!/bin/sh\necho '00000000:03:00.0, GPU-3, 550.54.15'\necho '00000000:17:00.0, GPU-17, 550.54.15'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert tool.blender(SMI, tmp_path) == ["GPU-17", "550.54.15"]


def test_a_silent_nvidia_smi_leaves_driver_and_uuid_unknown(tool, tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert tool.blender(SMI, tmp_path) == [None, None]


@pytest.mark.parametrize("engine", ["workbench", "eevee"])
def test_an_engine_that_draws_in_software_is_used_and_warned_about(tool, ring, tmp_path, engine):
    mesa = "/usr/share/glvnd/egl_vendor.d/50_mesa.json"
    software = {"LIBGL_ALWAYS_SOFTWARE": "1", "__EGL_VENDOR_LIBRARY_FILENAMES": mesa}
    run = tool.run(tmp_path / "job", ring, environment=software, engine=engine, samples=1, width=48, height=48)
    assert run.summary["engine"] == engine
    assert any(f"The engine {engine} draws in software" in warning for warning in run.logs("warning"))
    device = run.summary["device"]
    assert (device["used"], device["backend"]) == ("cpu", "OPENGL")
    assert "llvmpipe" in device["name"]
    assert 0.7 <= run.summary["pictures"][0]["fill"] <= 0.9


@pytest.mark.parametrize("engine", ["workbench", "eevee"])
def test_an_engine_that_cannot_draw_is_an_error_and_no_other_takes_its_place(tool, ring, tmp_path, engine):
    run = tool.run(tmp_path / "job", ring, environment={"__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}, engine=engine)
    assert (run.status, run.error["class"]) == (69, "tool_failed")
    assert f"The engine {engine} cannot draw" in run.error["message"] and "libegl1" in run.error["message"]
    assert run.files == []
