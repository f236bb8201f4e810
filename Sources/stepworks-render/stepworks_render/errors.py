"""Why a request ends without a result: a class of the project's list, one sentence, an exit status."""

from __future__ import annotations

import errno
import resource


class ToolError(Exception):
    """What the tool says before it exits; the sentence names the file, the fact and what to do."""

    def __init__(self, error_class: str, message: str, status: int) -> None:
        super().__init__(message)
        self.error_class = error_class
        self.message = message
        self.status = status


def invalid_input(message: str) -> ToolError:
    """The model, template or request can't be used; the same input fails again."""
    return ToolError("invalid_input", message, 65)


def missing_input(message: str) -> ToolError:
    """A file the request names is not there or can't be read."""
    return ToolError("missing_input", message, 66)


def missing_tool(message: str) -> ToolError:
    """Something this machine should have is unavailable: a device, a library of the system."""
    return ToolError("missing_tool", message, 69)


def unavailable(message: str) -> ToolError:
    """The device or the engine that the request asks for does not work here: the job fails, it does not wait for one."""
    return ToolError("tool_failed", message, 69)


def tool_failed(message: str) -> ToolError:
    """The tool's own fault, or Blender's."""
    return ToolError("tool_failed", message, 70)


def invalid_output(message: str) -> ToolError:
    """What was or would be made does not pass the checks that are fatal; the same request fails again."""
    return ToolError("invalid_output", message, 70)


def no_space(message: str) -> ToolError:
    """The disk or a quota is full."""
    return ToolError("no_space", message, 73)


def too_large(path: object) -> ToolError:
    """A file would pass the greatest size that a file may have: the same request does so again."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit == resource.RLIM_INFINITY:
        return invalid_output(f"{path} would be larger than its file system allows; ask for smaller pictures.")
    return invalid_output(
        f"{path} would be larger than the {limit:,} bytes that a file may have; raise tools.fileSizeMegabytes, or ask "
        "for smaller pictures."
    )


def cannot_write(path: object, error: OSError) -> ToolError:
    """What a failed write means."""
    if error.errno == errno.EFBIG:
        return too_large(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(f"No space is left to write {path} ({error.strerror}); free some and run it again.")
    return ToolError("tool_failed", f"{path} cannot be written ({error.strerror}).", 74)
