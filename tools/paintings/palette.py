"""Colours: of things, of the hours, of the weathers, and how the light changes each of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tools.paintings.scene import Scene

RGB = tuple[float, float, float]


def rgb(text: str) -> RGB:
    value = int(text, 16)
    return ((value >> 16) / 255, (value >> 8 & 255) / 255, (value & 255) / 255)


def mix(a: RGB, b: RGB, t: float) -> RGB:
    s = 1 - t
    return (a[0] * s + b[0] * t, a[1] * s + b[1] * t, a[2] * s + b[2] * t)


def times(a: RGB, b: RGB) -> RGB:
    return (min(a[0] * b[0], 1), min(a[1] * b[1], 1), min(a[2] * b[2], 1))


def luma(c: RGB) -> float:
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def saturate(c: RGB, amount: float) -> RGB:
    grey = luma(c)
    return tuple(min(max(grey + (v - grey) * amount, 0), 1) for v in c)  # type: ignore[return-value]


@dataclass(frozen=True)
class Tones:
    """A colour as a painter mixes it: in shadow, as it is, and in the light."""

    dark: RGB
    mid: RGB
    light: RGB
    name: str = ""

    @property
    def deep(self) -> RGB:
        return mix(self.dark, (0.03, 0.02, 0.06), 0.45)


# Shadow, body, light. Picked by eye so that each word fits all three and no other word does.
PIGMENTS: dict[str, Tones] = {
    name: Tones(rgb(dark), rgb(mid), rgb(light), name)
    for name, (dark, mid, light) in {
        "red": ("7c1020", "cc2428", "ee5a48"),
        "orange": ("b8500c", "f0801a", "ffb052"),
        "yellow": ("c8960e", "f8d030", "fff08a"),
        "green": ("145028", "2c9440", "74c862"),
        "blue": ("12307e", "2858c8", "649cf0"),
        "purple": ("44166e", "7a32ae", "ac6cd8"),
        "pink": ("ce5688", "f68cb4", "ffc4d6"),
        "brown": ("40240f", "78482a", "a4704a"),
        "black": ("06060a", "1e1e22", "4a4a52"),
        "white": ("b2b8c8", "f0f0ee", "ffffff"),
        "gray": ("56585c", "8c8e92", "b8babe"),
    }.items()
}


@dataclass
class Light:
    """The hour and the weather, as the colours that everything in the picture is seen in."""

    top: RGB
    middle: RGB
    low: RGB
    horizon: RGB
    lamp: RGB  # what the light multiplies a surface with
    shade: RGB  # what shadows lean to
    glow: RGB  # of sun or moon
    haze: RGB  # what distance fades to
    haze_strength: float
    dark: float  # 0 by day, 1 at night
    side: int  # -1: light from the left, 1: from the right
    accent_only: bool = False
    clouds: float = 0.4
    contrast: float = 1.0
    extra: dict[str, float] = field(default_factory=dict)

    def lit(self, colour: RGB, depth: float = 0.0) -> RGB:
        """A surface of the surroundings at a distance: 0 at one's feet, 1 at the horizon."""
        c = times(colour, self.lamp)
        if self.accent_only:
            c = saturate(c, 0.10)
        return mix(c, self.haze, min(depth * self.haze_strength, 0.96))

    def shadow(self, colour: RGB, depth: float = 0.0, amount: float = 0.45) -> RGB:
        c = mix(times(colour, self.lamp), times(self.shade, colour), amount)
        c = mix(c, self.shade, amount * 0.35)
        if self.accent_only:
            c = saturate(c, 0.10)
        return mix(c, self.haze, min(depth * self.haze_strength, 0.96))

    def thing(self, name: str, depth: float = 0.0) -> Tones:
        """A thing's own colour in this light: dimmed and warmed a little, never another word."""
        tones = PIGMENTS[name]
        grey = name in ("black", "white", "gray")
        # Moonlight is far bluer than the eye makes of it.
        tint = (0.06 if grey else 0.14) * (1 - 0.65 * self.dark)
        dim = 1 - (0.14 if name == "white" else 0.1) * self.dark
        fade = min(depth * self.haze_strength * 0.4, 0.22)

        def see(c: RGB, extra: float) -> RGB:
            peak = max(self.lamp)
            lamp = tuple(v / peak for v in self.lamp)
            tinted = mix(c, times(c, lamp), min(tint * 3, 1) + extra)  # type: ignore[arg-type]
            tinted = (tinted[0] * dim, tinted[1] * dim, tinted[2] * dim)
            if not grey:
                tinted = saturate(tinted, 1.06 + 0.14 * self.dark)
            return mix(tinted, self.haze, fade)

        return Tones(see(tones.dark, 0.05), see(tones.mid, 0.0), see(tones.light, 0.0), name)


# Four or five skies for each hour: top, middle, low, horizon, glow, shade.
_SKIES: dict[str, tuple[tuple[str, str, str, str, str, str], ...]] = {
    "day": (
        ("3a78b8", "6ea6d4", "a8cce2", "dce8e4", "fff6d8", "3c4a78"),
        ("4a90c8", "86bade", "bcdce8", "eef0e0", "fff4d0", "3e5078"),
        ("5c94b4", "92bcc8", "c2d8d4", "ece4cc", "fff0c8", "4a5470"),
        ("2f6cb0", "5c9cd4", "96c8e8", "d0e8f0", "fffbe8", "34447c"),
        ("6a9ec0", "9ec4d4", "c8dcdc", "f2e6d0", "fff2d0", "505a78"),
    ),
    "dawn": (
        ("5c6ea8", "9a94bc", "e0b4b8", "fbdcb8", "ffe4b0", "4c4878"),
        ("6880ac", "a8aec8", "ecc4c0", "fde8cc", "fff0cc", "50507c"),
        ("48609c", "8a8cb8", "d4a0b0", "f8c8a8", "ffdca8", "423f70"),
        ("7a94b4", "b4bcc8", "eccfc0", "fff0d4", "fff4d8", "585c80"),
    ),
    "sunset": (
        ("2e3c74", "7c4c80", "d86a58", "f8b258", "ffd884", "38285c"),
        ("3c4a80", "985878", "e67c50", "fcc468", "ffe090", "402c5c"),
        ("24305c", "6a3a6c", "c04c50", "f29048", "ffc068", "2c2050"),
        ("4a5a8c", "b07088", "f09868", "fdd488", "ffeaa8", "48345c"),
    ),
    "night": (
        ("080f2a", "10204a", "1e3868", "36588a", "e8ecd8", "060a20"),
        ("0a1024", "16224a", "2a3a66", "4c5c84", "f4ecd0", "080a1c"),
        ("06142a", "0c2a48", "184868", "3a7088", "e4f0e0", "04101e"),
        ("100e2c", "1e1c4c", "36306c", "5a5088", "f0e8dc", "0a081e"),
    ),
}
_LAMPS: dict[str, RGB] = {
    "day": (1.0, 0.99, 0.96),
    "dawn": (1.0, 0.89, 0.87),
    "sunset": (1.0, 0.79, 0.64),
    "night": (0.34, 0.41, 0.6),
}
_GREYS: dict[str, RGB] = {
    "day": rgb("aab4ba"),
    "dawn": rgb("b4a8ae"),
    "sunset": rgb("a8867c"),
    "night": rgb("2a3448"),
}


def light_for(scene: Scene, rng: random.Random) -> Light:
    """The light of a scene; abstract pictures and those without an hour are seen by day."""
    time = scene.time or "day"
    top, middle, low, horizon, glow, shade = (rgb(c) for c in rng.choice(_SKIES[time]))
    lamp = _LAMPS[time]
    dark = {"day": 0.0, "dawn": 0.1, "sunset": 0.22, "night": 1.0}[time]
    side = rng.choice((-1, 1))
    clouds = rng.uniform(0.1, 0.65)
    strength = rng.uniform(0.62, 0.9)
    weather = scene.weather or "clear"
    grey = _GREYS[time]
    if weather == "rain":
        top, middle, low, horizon = (
            mix(c, mix(grey, c, 0.2), 0.72) for c in (mix(top, grey, 0.3), middle, low, horizon)
        )
        lamp = mix(times(lamp, (0.84, 0.88, 0.92)), (luma(lamp),) * 3, 0.25)
        clouds, strength = rng.uniform(0.6, 0.9), 0.92
    elif weather == "storm":
        dark_grey = times(grey, (0.42, 0.44, 0.52))
        top, middle = mix(top, dark_grey, 0.82), mix(middle, times(grey, (0.6, 0.62, 0.7)), 0.8)
        low, horizon = mix(low, grey, 0.62), mix(horizon, grey, 0.28)
        lamp = mix(times(lamp, (0.7, 0.74, 0.8)), (luma(lamp) * 0.74,) * 3, 0.3)
        clouds, strength = 1.0, 0.8
    elif weather == "snowfall":
        pale = mix(grey, (0.93, 0.94, 0.97), 0.12 if time == "night" else 0.5)
        top, middle, low, horizon = (mix(c, pale, 0.62) for c in (top, middle, low, horizon))
        lamp = times(lamp, (0.93, 0.95, 1.0))
        clouds, strength = rng.uniform(0.4, 0.7), 0.98
    elif weather == "fog":
        pale = mix(mix(low, horizon, 0.5), grey, 0.45)
        if time == "night":
            pale = mix(pale, rgb("8494b0"), 0.4)
        top, middle = mix(top, pale, 0.62), mix(middle, pale, 0.72)
        low, horizon = mix(low, pale, 0.8), mix(horizon, pale, 0.7)
        lamp = times(lamp, (0.95, 0.96, 0.98))
        clouds, strength = 0.2, 1.35
    haze = mix(low, horizon, 0.5)
    light = Light(
        top, middle, low, horizon, lamp, shade, glow, haze, strength, dark, side, clouds=clouds
    )
    if scene.style == "ink wash":
        # Ink is grey; what is left of the hour's colour tells dawn from day.
        light.accent_only = True
        light.top, light.middle, light.low, light.horizon, light.haze, light.glow = (
            saturate(c, 0.22)
            for c in (light.top, light.middle, light.low, light.horizon, light.haze, light.glow)
        )
        light.shade = saturate(light.shade, 0.2)
    return light
