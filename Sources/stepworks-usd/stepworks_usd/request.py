"""The request: one JSON object, read once, checked completely, never changed afterwards."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ToolError, invalid_input, missing_input

FORMATS = ("usdc", "usdz", "usda")
POLICIES = ("warn", "fail")
_MEMBERS = {
    "operation", "model", "model_name", "name", "derivation_key", "input_sha256", "formats", "on_deviation",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    model: Path
    """The GLB."""
    model_name: str
    """What sentences call it."""
    name: str
    """The stem of the files to be made."""
    derivation_key: str
    input_sha256: str
    formats: tuple[str, ...]
    on_deviation: str
    """What becomes of a file that differs from the GLB."""

    @classmethod
    def read(cls, path: Path) -> Request:
        """Reads and checks the request file. Raises ToolError: missing_input or invalid_input."""
        try:
            members = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise missing_input(f"The request {path} cannot be read ({error.strerror}).") from error
        except ValueError as error:
            raise invalid_input(f"The request {path} is not JSON in UTF-8 ({error}).") from error
        if not isinstance(members, dict):
            raise invalid_input(f"The request {path} is not a JSON object.")
        return cls._checked(members)

    @classmethod
    def _checked(cls, members: dict[str, Any]) -> Request:
        unknown = sorted(set(members) - _MEMBERS)
        if unknown:
            raise invalid_input(f"The request has the unknown member '{unknown[0]}'.")
        if members.get("operation") != "export_usd":
            raise _wrong(members, "operation", "export_usd")
        model = Path(_text(members, "model"))
        if not model.is_absolute():
            raise _wrong(members, "model", "an absolute path")
        name = _text(members, "name", model.stem)
        if "/" in name or name.startswith(".") or len(name.encode()) > 200:
            raise _wrong(members, "name", "a file name without a directory, not hidden, of at most 200 bytes")
        formats = members.get("formats", ["usdc"])
        if not isinstance(formats, list) or not formats or any(one not in FORMATS for one in formats):
            raise _wrong(members, "formats", f"a list of {', '.join(FORMATS)}")
        on_deviation = _text(members, "on_deviation", "warn")
        if on_deviation not in POLICIES:
            raise _wrong(members, "on_deviation", "warn or fail")
        return cls(
            model=model,
            model_name=_text(members, "model_name", model.name),
            name=name,
            derivation_key=_digest(members, "derivation_key"),
            input_sha256=_digest(members, "input_sha256"),
            formats=tuple(one for one in FORMATS if one in formats),
            on_deviation=on_deviation,
        )


def _text(members: dict[str, Any], key: str, default: str | None = None) -> str:
    value = members.get(key, default)
    if not isinstance(value, str) or not value or "\0" in value:
        raise _wrong(members, key, "a text that is not empty")
    return value


def _digest(members: dict[str, Any], key: str) -> str:
    value = _text(members, key)
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise _wrong(members, key, "64 hexadecimal digits in lower case")
    return value


def _wrong(members: dict[str, Any], key: str, wanted: str) -> ToolError:
    if key not in members:
        return invalid_input(f"'{key}' is missing in the request.")
    shown = json.dumps(members[key], ensure_ascii=False)[:80]
    return invalid_input(f"'{key}' in the request is {shown}; it must be {wanted}.")
