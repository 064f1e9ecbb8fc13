"""Portraits: a woman, a man, a child, or a mother with her child, dressed as their year was.

A sitter is drawn in the box that `things.Pen` draws in, in hundredths: the lower edge of the
picture is y = 0 and the hair ends at about y = -100. The built-in model never saw one: what it
was trained on is what `compose` draws without this module.
"""

from __future__ import annotations

import random
from dataclasses import replace

import cv2
import numpy as np
import skia

from tools.paintings.canvas import Canvas
from tools.paintings.compose import Picture, compose
from tools.paintings.labels import Sitter
from tools.paintings.palette import PIGMENTS, Light, Tones, light_for, mix, rgb
from tools.paintings.scene import Scene
from tools.paintings.things import DRAW, HALF_WIDTH, Pen

LINEN = Tones(rgb("b4ac9c"), rgb("ece6d8"), rgb("fffdf4"), "linen")
GOLD = rgb("d8ac4c")
PEARL = rgb("f4efe4")
_SKINS = (
    Tones(rgb("b07a5c"), rgb("ecc3a0"), rgb("fbe2c8")),
    Tones(rgb("9c6848"), rgb("dcab84"), rgb("f2cfae")),
    Tones(rgb("7c4c32"), rgb("bd8660"), rgb("dcae88")),
    Tones(rgb("482a1c"), rgb("855638"), rgb("ac7a56")),
)
_HAIR = {
    "brown": Tones(rgb("2a1810"), rgb("583720"), rgb("8a603c")),
    "black": Tones(rgb("0e0c10"), rgb("26222a"), rgb("4c4854")),
    "yellow": Tones(rgb("94682c"), rgb("cfa052"), rgb("f0d08c")),
    "orange": Tones(rgb("6e2c14"), rgb("a8502a"), rgb("d4804c")),
    "white": Tones(rgb("8e8a88"), rgb("cac6c2"), rgb("f2f0ec")),
}
_EYES = ("4a6a80", "4c3424", "56683c", "2c2220")


def compose_portrait(sitter: Sitter, scene: Scene, year: int, size: tuple[int, int]) -> Picture:
    """The sitter before their ground, in clean shapes; `size` is (width, height) in pixels."""
    rng = random.Random(scene.seed + 1)
    light = light_for(scene, random.Random(scene.seed))
    # Indoors the light is white: a face at sunset would be a red face.
    light = replace(light, lamp=(1.0, 0.98, 0.95), haze_strength=0.0)
    cv = Canvas(*size)
    _ground(cv, sitter, scene, rng, size)
    skin = _SKINS[min(int(rng.expovariate(0.9)), 3)]
    if sitter.who == "mother and child":
        mother = replace(sitter, who="woman", holds=None)
        child = replace(sitter, who="child", dress="white", holds=None)
        _place(cv, mother, year, light, skin, rng, (0.58, cv.h + 0.02, 0.0104))
        _place(cv, child, year, light, skin, rng, (0.3, cv.h + 0.1, 0.0076))
    else:
        scale = {"child": 0.0108}.get(sitter.who, 0.0111)
        x = 0.5 + rng.uniform(-0.03, 0.03)
        _place(cv, sitter, year, light, skin, rng, (x, cv.h + 0.02, scale))
    if sitter.holds is not None:
        _hold(cv, sitter, light, rng)
    return Picture(np.ascontiguousarray(cv.px[..., :3]), cv.h * 0.6, light)


def _ground(
    cv: Canvas, sitter: Sitter, scene: Scene, rng: random.Random, size: tuple[int, int]
) -> None:
    """What is behind the sitter: a dark wall, a curtain, or a country far away."""
    if sitter.ground == "landscape":
        far = compose(scene, *size).pixels
        cv.px[..., :3] = cv2.GaussianBlur(far, (0, 0), min(size) * 0.006)
        return
    wall = rgb(rng.choice(("4a3c30", "34403c", "523a34", "3a3a46", "5c5442", "2c2a2a")))
    cv.fill(cv.paint(mix(wall, (0, 0, 0), 0.3)))
    x = rng.choice((0.2, 0.8))
    glow = mix(wall, rgb("d8c4a0"), 0.4)
    cv.fill(cv.radial((x, 0.35), 1.0, (glow, wall), (0.9, 0.0)))
    cv.fill(cv.noise_paint(mix(wall, (0, 0, 0), 0.4), 0.35, rng, size=0.8, beta=1.4))
    if sitter.ground == "curtain":
        cloth = rgb(rng.choice(("7a2424", "2c4a3a", "2a3a5c", "6c5024")))
        left = rng.random() < 0.5
        for fold in range(5):
            a = fold * 0.075 if left else 1 - (fold + 1) * 0.075
            paint = cv.linear(
                (a, 0),
                (a + 0.076, 0),
                (mix(cloth, (0, 0, 0), 0.45), cloth, mix(cloth, (0, 0, 0), 0.2)),
            )
            drop = cv.h * (1.02 - 0.045 * fold * fold)
            cv.poly([(a, -0.01), (a + 0.078, -0.01), (a + 0.078, drop - 0.03), (a, drop)], paint)


def _place(
    cv: Canvas,
    sitter: Sitter,
    year: int,
    light: Light,
    skin: Tones,
    rng: random.Random,
    where: tuple[float, float, float],
) -> None:
    """Draw a sitter with the lower edge of the body at (x, y), in a scale of units a hundredth."""
    x, y, scale = where
    cv.c.save()
    cv.c.translate(x, y)
    cv.c.scale(scale, scale)
    pen = Pen(cv, PIGMENTS[sitter.dress], light, rng, light.side)
    turn = rng.choice((-1, 1)) * rng.uniform(0.8, 2.2)
    hair = _HAIR[sitter.hair]
    if sitter.who == "man":
        _man(pen, sitter, year, skin, hair, turn)
    elif sitter.who == "woman":
        _woman(pen, year, skin, hair, turn)
    else:
        _child(pen, year, skin, hair, turn)
    cv.c.restore()


def _hold(cv: Canvas, sitter: Sitter, light: Light, rng: random.Random) -> None:
    """The thing or the animal in front, at the lower edge and to one side."""
    thing = sitter.holds
    assert thing is not None
    size = {"cat": 0.44, "dog": 0.46, "book": 0.24, "flower": 0.42, "bird": 0.24}.get(
        thing.kind, 0.17
    )
    half = HALF_WIDTH[thing.kind] * size
    left = rng.random() < 0.5
    cv.c.save()
    cv.c.translate(max(half, 0.2) if left else 1 - max(half, 0.2), cv.h - 0.035)
    cv.c.scale(size / 100 * (1 if left else -1), size / 100)
    side = light.side if left else -light.side
    pen = Pen(cv, PIGMENTS[thing.colour or "white"], light, rng, side)
    DRAW[thing.kind](pen)
    cv.c.restore()


# -- a head ---------------------------------------------------------------------------------------
_FACE = (
    "M -14 -72 C -14.5 -91 14.5 -91 14 -72 C 13.6 -59 8 -48 0 -47.5 C -8 -48 -13.6 -59 -14 -72 Z"
)


def _neck(p: Pen, skin: Tones, wide: float) -> None:
    p.form(f"M {-wide} -56 L {-wide - 1} -34 Q 0 -27 {wide + 1} -34 L {wide} -56 Z", skin)
    p.fill(f"M {-wide} -52 Q 0 -42 {wide} -52 L {wide} -45 Q 0 -37 {-wide} -46 Z", skin.dark, 0.5)


def _face(
    p: Pen, skin: Tones, hair: Tones, turn: float, *, eyes: float = 1.0, old: bool = False
) -> None:
    """Ears, cheeks, eyes, brows, nose and mouth; `turn` moves the features to the side."""
    for x in (-14, 14):
        p.cv.oval(x, -68, 2.6, 4.4, p.cv.paint(mix(skin.mid, skin.dark, 0.35)))
    p.form(_FACE, skin, soft=0.9, under=0.25)
    blush = mix(skin.mid, rgb("d8584c"), 0.5)
    for x in (-8, 8):
        p.cv.oval(x + turn, -60, 4.2, 3.2, p.cv.paint(blush, 0.4, blur=2.4))
    iris = rgb(p.rng.choice(_EYES))
    for side in (-1, 1):
        x, y = turn * 1.2 + side * 5.8, -68.5
        p.cv.oval(x, y - 0.6, 4.2, 3.0, p.cv.paint(skin.dark, 0.28, blur=1.2))
        w, h = 3.3 * eyes**0.5, 1.65 * eyes
        p.fill(
            f"M {x - w} {y} Q {x} {y - 2 * h} {x + w} {y} Q {x} {y + 1.6 * h} {x - w} {y} Z",
            rgb("f4ece0"),
        )
        look = x + turn * 0.35
        p.cv.circle(look, y - 0.1, 1.55 * eyes, p.cv.paint(iris))
        p.cv.circle(look, y - 0.1, 0.75 * eyes, p.cv.paint(rgb("120e10")))
        p.cv.circle(look + 0.55, y - 0.7, 0.4 * eyes, p.cv.paint(rgb("ffffff")))
        p.stroke(
            f"M {x - w - 0.3} {y + 0.1} Q {x} {y - 2.2 * h} {x + w + 0.3} {y + 0.1}",
            mix(skin.dark, rgb("201410"), 0.6),
            0.8,
        )
        brow = mix(hair.dark, skin.dark, 0.25)
        p.stroke(
            f"M {x - 3.5} {y - 5 - side * 0.35} Q {x} {y - 7.2} {x + 3.5} {y - 5 + side * 0.35}",
            brow,
            1.1,
            0.85,
        )
        if old:
            p.stroke(f"M {x - 3} {y + 3.2} Q {x} {y + 4.4} {x + 3} {y + 3.2}", skin.dark, 0.6, 0.7)
    shade = -1 if p.side < 0 else 1
    n = turn * 1.7
    p.stroke(
        f"M {n + shade * 1.2} -70 Q {n + shade * 2.4} -63 {n + shade * 2.6} -61",
        skin.dark,
        1.1,
        0.55,
    )
    p.stroke(
        f"M {n - 2.4} -60.4 Q {n} -58.4 {n + 2.4} -60.4",
        mix(skin.dark, rgb("702c20"), 0.3),
        1.0,
        0.8,
    )
    p.cv.oval(n - shade * 0.6, -62.4, 1.0, 1.6, p.cv.paint(skin.light, 0.7, blur=0.6))
    lip = mix(skin.mid, rgb("b03038"), 0.62)
    m = turn * 1.3
    smile = p.rng.uniform(-0.2, 0.9)
    corner = -54.6 - smile
    p.fill(
        f"M {m - 4.2} {corner} Q {m - 1.4} -56.4 {m} -55.6 Q {m + 1.4} -56.4 {m + 4.2} {corner} "
        f"Q {m} -53.8 {m - 4.2} {corner} Z",
        mix(lip, skin.dark, 0.25),
    )
    p.fill(
        f"M {m - 3.6} {-54.5 - smile * 0.8} Q {m} -50.6 {m + 3.6} {-54.5 - smile * 0.8} "
        f"Q {m} -53.8 {m - 3.6} {-54.5 - smile * 0.8} Z",
        lip,
    )
    p.stroke(
        f"M {m - 4.4} {-54.7 - smile} Q {m} -53.6 {m + 4.4} {-54.7 - smile}",
        mix(skin.dark, rgb("50181c"), 0.5),
        0.6,
        0.9,
    )
    if old:
        for side in (-1, 1):
            p.stroke(
                f"M {n + side * 4.4} -60 Q {m + side * 7.4} -56 {m + side * 6.4} -52.5",
                skin.dark,
                0.7,
                0.6,
            )
        for y in (-78, -80.4):
            p.stroke(f"M {turn - 7} {y} Q {turn} {y - 1.4} {turn + 7} {y}", skin.dark, 0.6, 0.5)


def _strands(p: Pen, paths: tuple[str, ...], hair: Tones) -> None:
    for i, path in enumerate(paths):
        p.stroke(path, hair.light if i % 2 else hair.dark, 0.9, 0.6)


def _ruff(p: Pen) -> None:
    """The pleated collar of the years around 1600."""
    for ring, (rx, ry) in enumerate(((24, 8.5), (21, 6.8))):
        p.cv.oval(0, -41, rx, ry, p.cv.paint(mix(LINEN.mid, LINEN.dark, 0.25 * ring)))
    for i in range(-9, 10):
        x = i * 2.5
        edge = 8.2 * (1 - (x / 25) ** 2) ** 0.5
        p.stroke(
            f"M {x * 0.45} -43 Q {x * 0.8} {-41 + edge * 0.2} {x} {-41 + edge}",
            LINEN.dark,
            0.8,
            0.9,
        )
    p.stroke("M -23 -39 C -16 -30 16 -30 23 -39", LINEN.light, 1.3)


def _lace(p: Pen) -> None:
    """The wide flat collar that came after the ruff."""
    shape = (
        "M -9 -44 C -16 -42 -28 -36 -31 -27 Q -16 -20 0 -26 Q 16 -20 31 -27 "
        "C 28 -36 16 -42 9 -44 Q 0 -36 -9 -44 Z"
    )
    p.form(shape, LINEN, under=0.2)
    for i in range(-6, 7):
        x = i * 4.7
        p.cv.circle(x, -25.4 + abs(x) * 0.02, 1.1, p.cv.paint(LINEN.dark, 0.8))


def _cloth_folds(p: Pen) -> None:
    for x in (-34, -22, 22, 34):
        p.stroke(f"M {x} 2 Q {x * 0.92} -14 {x * 0.8} -24", p.t.dark, 2.2, 0.7)
        p.stroke(f"M {x + 3} 2 Q {(x + 3) * 0.92} -14 {(x + 3) * 0.82} -22", p.t.light, 1.2, 0.5)


# -- those who sit --------------------------------------------------------------------------------
def _woman(p: Pen, year: int, skin: Tones, hair: Tones, turn: float) -> None:
    if 1700 <= year < 1785:  # powdered and piled up
        hair = _HAIR["white"]
        p.form(
            "M -17 -66 C -24 -84 -20 -108 0 -109 C 20 -108 24 -84 17 -66 Q 0 -60 -17 -66 Z", hair
        )
    elif year < 1560:
        p.form(
            "M -15 -84 C -26 -74 -22 -44 -26 -26 Q 0 -18 26 -26 C 22 -44 26 -74 15 -84 "
            "C 8 -96 -8 -96 -15 -84 Z",
            hair,
        )
    else:
        p.form(
            "M -17 -62 C -21 -96 21 -96 17 -62 Q 18 -54 14 -52 L -14 -52 Q -18 -54 -17 -62 Z", hair
        )
        if year >= 1785:
            p.form("M -7 -90 C -8 -102 8 -102 7 -90 Z", hair)
    _neck(p, skin, 5.6)
    p.form("M -24 -34 Q 0 -42 24 -34 L 16 -14 Q 0 -8 -16 -14 Z", skin, under=0.15)
    dip = -22 if year < 1650 else -18
    body = (
        f"M -50 6 C -50 -18 -40 -31 -24 -35 L -15 -34 Q -12 {dip - 3} 0 {dip} "
        f"Q 12 {dip - 3} 15 -34 L 24 -35 C 40 -31 50 -18 50 6 Z"
    )
    p.form(body)
    _cloth_folds(p)
    p.stroke(
        f"M -15.5 -34 Q -12 {dip - 3} 0 {dip} Q 12 {dip - 3} 15.5 -34",
        GOLD if year < 1600 else LINEN.mid,
        1.8,
    )
    for y in (-12, -5):
        p.stroke(f"M -4 {y} L 4 {y - 3}", mix(p.t.light, GOLD, 0.5), 0.9, 0.8)
        p.stroke(f"M 4 {y} L -4 {y - 3}", mix(p.t.light, GOLD, 0.5), 0.9, 0.8)
    if 1560 <= year < 1640:
        _ruff(p)
    else:
        for i in range(-5, 6):
            x = i * 1.9
            p.cv.circle(x, -35.4 + 3.0 * (1 - (i / 5) ** 2), 1.05, p.cv.paint(PEARL))
    _face(p, skin, hair, turn)
    if year < 1560:
        p.form(
            "M -15 -68 C -17 -92 -6 -94 0 -88 C 6 -94 17 -92 15 -68 C 13 -80 6 -84 0 -85.5 "
            "C -6 -84 -13 -80 -15 -68 Z",
            hair,
        )
        band = p.rng.random()
        if band < 0.5:  # a veil from the crown of the head
            veil = (
                "M -13 -86 C -24 -80 -24 -52 -28 -34 L -20 -34 C -17 -52 -18 -74 -11 -85 "
                "C -4 -90 4 -90 11 -85 C 18 -74 17 -52 20 -34 L 28 -34 C 24 -52 24 -80 13 -86 "
                "C 6 -95 -6 -95 -13 -86 Z"
            )
            p.fill(veil, LINEN.mid, 0.82)
            p.stroke(veil, LINEN.dark, 0.7, 0.8)
        else:
            p.stroke("M -14 -82 Q 0 -93 14 -82", GOLD, 2.0)
            p.cv.circle(0, -87.6, 1.7, p.cv.paint(rgb("a02430")))
    elif 1700 <= year < 1785:
        p.form("M -14.5 -70 C -16 -92 16 -92 14.5 -70 C 10 -86 -10 -86 -14.5 -70 Z", hair)
        _strands(
            p,
            (
                "M -12 -80 C -12 -98 -4 -104 2 -106",
                "M 12 -82 C 12 -96 6 -102 2 -105",
                "M -4 -86 Q -4 -98 0 -104",
            ),
            hair,
        )
        p.fill("M -15 -98 L -22 -103 L -21 -94 Z M -14 -98 L -8 -103 L -8 -94 Z", p.t.mid)
        p.cv.circle(-14.6, -98.4, 1.8, p.cv.paint(p.t.dark))
    else:
        p.form(
            "M -15.5 -64 C -18 -94 -4 -93 0 -86 C 4 -93 18 -94 15.5 -64 "
            "C 13 -76 8 -82 0 -86 C -8 -82 -13 -76 -15.5 -64 Z",
            hair,
        )
        _strands(
            p,
            ("M -13 -74 Q -10 -84 -2 -86", "M 13 -74 Q 10 -84 2 -86", "M -10 -82 Q -6 -88 0 -88"),
            hair,
        )
        if year >= 1830 and p.rng.random() < 0.6:  # a hat with a ribbon
            straw = Tones(rgb("a8843c"), rgb("dcbc74"), rgb("f4e0a8"))
            p.form(
                "M -30 -84 C -20 -90 -12 -90 -11 -90 C -10 -106 10 -106 11 -90 "
                "C 12 -90 20 -90 30 -84 Q 0 -77 -30 -84 Z",
                straw,
            )
            p.fill("M -11.4 -89 Q 0 -85 11.4 -89 L 11.2 -93 Q 0 -89 -11.2 -93 Z", p.t.mid)


def _man(p: Pen, sitter: Sitter, year: int, skin: Tones, hair: Tones, turn: float) -> None:
    wig = 1660 <= year < 1790 and not sitter.old
    if wig:
        hair = _HAIR["white"] if year >= 1710 else hair
        _wig(p, hair, short=year >= 1710)
    elif year < 1560:
        p.form("M -16 -80 C -20 -64 -18 -54 -17 -46 L 17 -46 C 18 -54 20 -64 16 -80 Z", hair)
    _neck(p, skin, 7.4)
    p.form("M -56 6 C -56 -20 -44 -32 -22 -37 L 0 -30 L 22 -37 C 44 -32 56 -20 56 6 Z")
    _cloth_folds(p)
    if year < 1560:
        p.form("M -12 -38 L 0 -30 L 12 -38 L 9 -42 Q 0 -36 -9 -42 Z", LINEN)
        fur = Tones(rgb("2c1a10"), rgb("5c3a22"), rgb("8c6440"))
        p.form("M -14 -38 L -26 -36 L -16 6 L -6 6 Z", fur)
        p.form("M 14 -38 L 26 -36 L 16 6 L 6 6 Z", fur)
    elif year < 1625:
        _ruff(p)
    elif year < 1700:
        _lace(p)
    else:
        p.form("M -13 -40 L 0 -22 L 13 -40 Q 0 -32 -13 -40 Z", LINEN)
        p.form("M -5 -37 Q 0 -33 5 -37 L 8 -26 Q 0 -16 -8 -26 Z", LINEN)
        for x in (-1, 1):
            p.form(
                f"M {x * 12} -40 L {x * 24} -36 L {x * 22} -24 L {x * 9} 4 L {x * 2} 4 Z",
                Tones(p.t.deep, p.t.dark, p.t.mid),
            )
    for y in (-20, -12, -4):
        if 1560 <= year < 1790:
            p.cv.circle(0, y, 1.2, p.cv.paint(GOLD))
    _face(p, skin, hair, turn, old=sitter.old)
    m = turn * 1.3
    beard = (
        sitter.old
        or (1500 <= year < 1660 and p.rng.random() < 0.75)
        or (year >= 1840 and p.rng.random() < 0.5)
    )
    if beard:
        long = -38 if sitter.old else -43.5
        p.form(
            f"M -13.6 -66 C -13 -58 -10 -57.5 {m - 6} -57.6 Q {m} -59.2 {m + 6} -57.6 "
            f"C 10 -57.5 13 -58 13.6 -66 C 14 -52 9 {long + 2} {m} {long} "
            f"C -9 {long + 2} -14 -52 -13.6 -66 Z",
            hair,
        )
        p.fill(
            f"M {m - 3.4} -54.8 Q {m} -52.2 {m + 3.4} -54.8 Q {m} -55.2 {m - 3.4} -54.8 Z",
            mix(skin.mid, rgb("a03038"), 0.5),
        )
        _strands(
            p,
            tuple(f"M {x} -53 Q {x * 0.9} -48 {x * 0.6} {long + 2}" for x in (-8, -4, 0, 4, 8)),
            hair,
        )
    elif p.rng.random() < 0.5 and (not wig or year < 1710):
        p.fill(
            f"M {m - 6} -55.6 Q {m - 3} -59 {m} -57.4 Q {m + 3} -59 {m + 6} -55.6 "
            f"Q {m + 2} -56.6 {m} -56.2 Q {m - 2} -56.6 {m - 6} -55.6 Z",
            hair.mid,
        )
    bald = sitter.old and p.rng.random() < 0.4
    if bald:
        for x in (-1, 1):
            p.form(
                f"M {x * 14} -80 C {x * 19} -78 {x * 18} -64 {x * 14} -60 "
                f"Q {x * 13} -70 {x * 14} -80 Z",
                hair,
            )
    else:
        p.form(
            "M -15 -66 C -19 -96 19 -96 15 -66 C 13 -78 8 -81 0 -81 C -8 -81 -13 -78 -15 -66 Z",
            hair,
        )
        _strands(
            p,
            ("M -13 -76 Q -8 -88 2 -88", "M 13 -76 Q 10 -86 4 -87", "M -9 -82 Q -2 -88 6 -86"),
            hair,
        )
    _man_hat(p, year, wig or bald)


def _wig(p: Pen, hair: Tones, *, short: bool) -> None:
    """Locks to the shoulders, or after 1710 two rolls over the ears."""
    if short:
        for x in (-1, 1):
            for y in (-74, -66, -58):
                p.form(_oval(x * 17.5, y, 5.4, 4.4), hair)
        return
    for x in (-1, 1):
        for i, y in enumerate((-84, -74, -64, -54, -44, -36)):
            p.form(_oval(x * (15 + i * 1.5), y, 7.5, 7), hair)


def _oval(x: float, y: float, rx: float, ry: float) -> skia.Path:
    path = skia.Path()
    path.addOval(skia.Rect(x - rx, y - ry, x + rx, y + ry))
    return path


def _man_hat(p: Pen, year: int, bare: bool) -> None:
    if bare or p.rng.random() < 0.35:
        return
    black = Tones(rgb("08080c"), rgb("22222a"), rgb("4a4a56"))
    if year < 1560:
        felt = p.rng.choice((black, PIGMENTS["red"]))
        p.form("M -21 -80 C -26 -97 -8 -101 2 -99 C 18 -101 25 -90 20 -80 Q 0 -87 -21 -80 Z", felt)
    elif year < 1700:
        p.form(
            "M -34 -82 C -24 -88 -14 -87 -13 -87 C -12 -104 12 -104 13 -87 "
            "C 14 -87 26 -90 33 -86 Q 0 -75 -34 -82 Z",
            black,
        )
        p.stroke("M 10 -90 C 20 -106 30 -98 26 -90", LINEN.mid, 2.6, 0.9)
    elif year >= 1795 and year < 1900:
        p.form(
            "M -20 -83 Q -14 -86 -13 -86 L -14 -108 Q 0 -111 14 -108 L 13 -86 "
            "Q 14 -86 20 -83 Q 0 -78 -20 -83 Z",
            black,
        )
        p.stroke("M -13 -87 Q 0 -83 13 -87", mix(black.light, p.t.mid, 0.4), 2.4)


def _child(p: Pen, year: int, skin: Tones, hair: Tones, turn: float) -> None:
    """Smaller shoulders under a rounder head with larger eyes."""
    girl = p.rng.random() < 0.5
    p.cv.c.save()
    p.cv.c.translate(0, -34)
    p.cv.c.scale(1.14, 1.06)
    p.cv.c.translate(0, 38)
    if girl:
        p.form("M -16 -80 C -24 -66 -20 -50 -22 -34 Q 0 -28 22 -34 C 20 -50 24 -66 16 -80 Z", hair)
    else:
        p.form("M -16 -80 C -19 -66 -17 -58 -16 -54 L 16 -54 C 17 -58 19 -66 16 -80 Z", hair)
    p.cv.c.restore()
    p.cv.c.save()
    p.cv.c.scale(0.76, 0.94)
    p.form("M -8 -50 L -9 -34 Q 0 -28 9 -34 L 8 -50 Z", _shaded(skin))
    p.form("M -50 6 C -50 -20 -40 -32 -20 -37 Q 0 -28 20 -37 C 40 -32 50 -20 50 6 Z")
    _cloth_folds(p)
    if 1560 <= year < 1640:
        _ruff(p)
    else:
        p.form(
            "M -20 -38 Q -26 -28 -16 -25 Q -4 -22 0 -30 Q 4 -22 16 -25 "
            "Q 26 -28 20 -38 Q 0 -30 -20 -38 Z",
            LINEN,
        )
        p.fill("M 0 -29 L -9 -33 L -8 -23 Z M 0 -29 L 9 -33 L 8 -23 Z", p.t.dark)
    p.cv.c.restore()
    p.cv.c.save()
    p.cv.c.translate(0, -34)
    p.cv.c.scale(1.14, 1.06)
    p.cv.c.translate(0, 38)
    _face(p, skin, hair, turn, eyes=1.25)
    p.form(
        "M -15 -64 C -19 -95 19 -95 15 -64 C 14 -73 11 -77 8 -77.5 "
        "Q 0 -80 -8 -77 C -12 -75 -14 -72 -15 -64 Z",
        hair,
    )
    _strands(
        p,
        (
            "M -12 -78 Q -6 -88 2 -88",
            "M 12 -78 Q 8 -86 2 -88",
            "M -5 -79 Q -2 -85 2 -88",
            "M 5 -79 Q 4 -85 2 -88",
        ),
        hair,
    )
    if girl:
        p.fill("M 10 -87 L 3 -93 L 3 -83 Z M 10 -87 L 18 -92 L 17 -82 Z", rgb("c83040"))
    elif year >= 1780 and p.rng.random() < 0.5:
        straw = Tones(rgb("a8843c"), rgb("dcbc74"), rgb("f4e0a8"))
        p.form(
            "M -25 -82 Q -13 -87 -12 -87 C -11 -99 11 -99 12 -87 Q 13 -87 25 -82 Q 0 -76 -25 -82 Z",
            straw,
        )
    p.cv.c.restore()


def _shaded(tones: Tones) -> Tones:
    """The same colour a little in the shade, as a neck is under a chin."""
    return Tones(tones.dark, mix(tones.mid, tones.dark, 0.3), tones.mid)
