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
    """The model or the request can't be used; the same input fails again."""
    return ToolError("invalid_input", message, 65)


def missing_input(message: str) -> ToolError:
    """A file the request names is not there or can't be read."""
    return ToolError("missing_input", message, 66)


def missing_tool(message: str) -> ToolError:
    """Something this machine should have is unavailable."""
    return ToolError("missing_tool", message, 69)


def tool_failed(message: str) -> ToolError:
    """The tool's own fault, or OpenUSD's."""
    return ToolError("tool_failed", message, 70)


def invalid_output(message: str) -> ToolError:
    """What was made does not pass the checks that are fatal; the same request fails again."""
    return ToolError("invalid_output", message, 70)


def cannot_write(path: object, error: OSError) -> ToolError:
    """What a failed write means."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ToolError(
            "no_space", f"No space is left to write {path} ({error.strerror}); free some and run it again.", 73
        )
    if error.errno == errno.EFBIG:
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        allowed = "its file system allows" if limit == resource.RLIM_INFINITY else f"the {limit:,} bytes it may have"
        return invalid_output(
            f"{path} would be larger than {allowed}; raise tools.fileSizeMegabytes, or ask for a coarser preset."
        )
    return ToolError("tool_failed", f"{path} cannot be written ({error.strerror}).", 74)
