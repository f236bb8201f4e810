"""Reads a JSON object member by member, so that every wrong one gets a sentence and no unknown one passes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from .errors import ToolError, invalid_input

MISSING = object()
"""Says of a default that there is none: the member must be there."""


class Members:
    """A JSON object whose members are asked for one by one; what nobody asked for is an error.

    `place` is what sentences call the object. All methods raise ToolError, invalid_input.
    """

    def __init__(self, members: dict[str, Any], place: str) -> None:
        self.members = members
        self.place = place
        self.asked: set[str] = set()

    def value(self, key: str, default: Any = MISSING) -> Any:
        self.asked.add(key)
        value = self.members.get(key, MISSING)
        if value is MISSING or (value is None and default is not MISSING):
            if default is MISSING:
                raise invalid_input(f"'{key}' is missing in {self.place}.")
            return default
        return value

    def wrong(self, key: str, wanted: str) -> ToolError:
        shown = json.dumps(self.members.get(key), ensure_ascii=False)[:80]
        return invalid_input(f"'{key}' in {self.place} is {shown}; it must be {wanted}.")

    def text(self, key: str, default: Any = MISSING) -> Any:
        value = self.value(key, default)
        if value is not default and (not isinstance(value, str) or not value or "\0" in value):
            raise self.wrong(key, "a text that is not empty")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: Any = MISSING) -> str:
        value = self.value(key, default)
        if value not in choices:
            raise self.wrong(key, "one of " + ", ".join(choices))
        return value

    def integer(self, key: str, least: int, most: int, default: Any = MISSING) -> int:
        value = self.value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(key, f"an integer from {least} to {most}")
        return value

    def number(self, key: str, least: float, most: float, default: Any = MISSING) -> float:
        value = self.value(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.wrong(key, "a number")
        if not least <= value <= most:
            raise self.wrong(key, f"a number from {least:g} to {most:g}")
        return float(value)

    def path(self, key: str, optional: bool = False) -> Any:
        value = self.text(key, None) if optional else self.text(key)
        if value is None:
            return None
        if not value.startswith("/"):
            raise self.wrong(key, "an absolute path")
        return Path(value)

    def digest(self, key: str) -> str:
        value = self.text(key)
        if not re.fullmatch(r"[0-9a-f]{64}", value):
            raise self.wrong(key, "64 hexadecimal digits in lower case")
        return value

    def object(self, key: str) -> Members:
        value = self.value(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "an object")
        return Members(value, f"'{key}' of {self.place}")

    def refuse_others(self) -> None:
        others = sorted(set(self.members) - self.asked)
        if others:
            raise invalid_input(f"'{others[0]}' is unknown in {self.place}.")
