"""Colours as numbers: sRGB text, linear light, and how far apart two colours look."""

from math import dist

Colour = tuple[float, float, float]


def linear_from_hex(text: str) -> Colour:
    """Linear RGB 0…1 of an sRGB colour written RRGGBB."""
    return tuple(_linear(int(text[at : at + 2], 16) / 255) for at in (0, 2, 4))


def srgb_from_linear(colour: Colour) -> Colour:
    """sRGB 0…1 of linear RGB; values outside are clipped."""
    return tuple(_encoded(min(max(channel, 0.0), 1.0)) for channel in colour)


def luminance(colour: Colour) -> float:
    """Relative luminance of linear RGB (Rec. 709)."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def distance(one: Colour, other: Colour) -> float:
    """CIE 1976 ΔE of two linear colours: 2.3 is just visible, 100 is black to white."""
    return dist(_lab(one), _lab(other))


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encoded(channel: float) -> float:
    return channel * 12.92 if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def _lab(colour: Colour) -> Colour:
    red, green, blue = colour
    # Rec. 709 primaries, white D65.
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.0890
    fx, fy, fz = (_cube_root(value) for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _cube_root(value: float) -> float:
    return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116
