"""Every kind of thing, drawn in its own box: base at y = 0, one unit high, facing right.

Outlines are written in hundredths, as a draughtsman would on squared paper.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import skia

from tools.paintings.canvas import Canvas, svg
from tools.paintings.palette import RGB, Light, Tones, mix, rgb, times

CREAM = rgb("f4ead2")
LAMPLIGHT = rgb("ffd06a")
TYRE = rgb("1c1a20")


class Pen:
    """A canvas in the box of one thing, in hundredths, with the thing's tones and the light."""

    def __init__(self, cv: Canvas, tones: Tones, light: Light, rng: random.Random, side: int):
        self.cv = cv
        self.t = tones
        self.light = light
        self.rng = rng
        self.side = side  # where the light is, in the thing's own box
        self.fine = cv.scale > 300

    def fill(self, path: str | skia.Path, c: RGB, alpha: float = 1.0, blur: float = 0) -> None:
        self.cv.path(path, self.cv.paint(c, alpha, blur=blur))

    def stroke(self, path: str | skia.Path, c: RGB, width: float, alpha: float = 1.0) -> None:
        self.cv.path(path, self.cv.paint(c, alpha, line=width))

    def line(self, x0: float, y0: float, x1: float, y1: float, c: RGB, w: float = 1.0) -> None:
        self.cv.line(x0, y0, x1, y1, self.cv.paint(c, line=w))

    def rect(self, x: float, y: float, w: float, h: float, c: RGB, alpha: float = 1.0) -> None:
        self.cv.rect(x, y, x + w, y + h, self.cv.paint(c, alpha))

    def form(
        self,
        path: str | skia.Path,
        tones: Tones | None = None,
        *,
        soft: float = 1.0,
        under: float = 0.35,
    ) -> None:
        """A rounded body: light on the lit side, its colour in the middle, shadow beyond."""
        t = tones or self.t
        shape = svg(path) if isinstance(path, str) else path
        b = shape.getBounds()
        x0, x1 = (b.left(), b.right()) if self.side < 0 else (b.right(), b.left())
        y0, y1 = b.top(), b.bottom()
        paint = self.cv.linear(
            (x0, y0),
            (x0 + (x1 - x0) * 0.96, y0 + (y1 - y0) * 0.55),
            (mix(t.mid, t.light, 0.85 * soft), t.mid, t.mid, mix(t.mid, t.dark, 0.9 * soft)),
            (0.0, 0.32, 0.58, 1.0),
        )
        self.cv.path(shape, paint)
        if under:
            bottom = self.cv.linear(
                (0, y0 + (y1 - y0) * 0.55), (0, y1), (t.dark, t.dark), alphas=(0.0, under)
            )
            self.cv.path(shape, bottom)

    def clip(self, path: str | skia.Path) -> _Clip:
        return _Clip(self.cv, svg(path) if isinstance(path, str) else path)

    def pane(self, lit: bool) -> RGB:
        if lit:
            return LAMPLIGHT
        return self.light.lit(mix(rgb("31405a"), self.light.low, 0.25))

    def neutral(self, c: RGB) -> RGB:
        """Parts in their own colour (cream, iron, wood), seen in the picture's light."""
        return mix(c, times(c, self.light.lamp), 0.75 if self.light.dark < 0.5 else 0.62)


class _Clip:
    def __init__(self, cv: Canvas, path: skia.Path) -> None:
        self.cv, self.shape = cv, path

    def __enter__(self) -> None:
        self.cv.c.save()
        self.cv.c.clipPath(self.shape, True)

    def __exit__(self, *_: object) -> None:
        self.cv.c.restore()


def _poly(*points: tuple[float, float]) -> skia.Path:
    path = skia.Path()
    path.addPoly([skia.Point(*p) for p in points], True)
    return path


def _oval(x: float, y: float, rx: float, ry: float) -> skia.Path:
    path = skia.Path()
    path.addOval(skia.Rect(x - rx, y - ry, x + rx, y + ry))
    return path


def _windows_lit(p: Pen) -> bool:
    return p.light.dark > 0.15


def _window(p: Pen, x: float, y: float, w: float, h: float, lit: bool) -> None:
    frame = p.neutral(CREAM) if p.t.name != "white" else p.neutral(rgb("6a6670"))
    p.rect(x - 1.2, y - 1.2, w + 2.4, h + 2.4, frame)
    p.rect(x, y, w, h, p.pane(lit))
    if p.fine:
        p.line(x + w / 2, y, x + w / 2, y + h, frame, 0.9)
        p.line(x, y + h / 2, x + w, y + h / 2, frame, 0.9)


def _roof_tone(p: Pen) -> Tones:
    if p.t.name in ("black", "gray", "brown"):
        c = rgb("c9b48c")
    elif p.t.name == "white":
        c = rgb("5b5560")
    else:
        c = rgb("5a4c50")
    c = p.neutral(c)
    return Tones(mix(c, p.light.shade, 0.45), c, mix(c, p.neutral(CREAM), 0.35), "roof")


def _planks(p: Pen, x0: float, x1: float, y0: float, y1: float, step: float) -> None:
    if not p.fine:
        return
    y = y0 + step
    while y < y1:
        p.line(x0, y, x1, y + p.rng.uniform(-0.3, 0.3), p.t.dark, 0.5)
        y += step


def _snow_cap(p: Pen, points: Sequence[tuple[float, float]]) -> None:
    """Snow along a roof's edge where the weather or the place has brought some."""
    if p.light.extra.get("snow", 0) <= 0:
        return
    c = mix(rgb("f6f8ff"), times(rgb("f6f8ff"), p.light.lamp), 0.7)
    path = skia.Path()
    path.addPoly([skia.Point(*q) for q in points], False)
    p.cv.path(path, p.cv.paint(c, line=4.2))


def house(p: Pen) -> None:
    lit = _windows_lit(p)
    roof = _roof_tone(p)
    kind = p.rng.randrange(3)
    if kind == 0:  # seen from the corner: a gable and a long side
        shaded = mix(p.t.dark, p.t.mid, 0.4)
        front, side = (p.t.mid, p.t.dark) if p.side > 0 else (shaded, p.t.mid)
        front_light = p.t.light if p.side > 0 else p.t.mid
        p.fill("M -58 0 L -58 -52 L 8 -52 L 8 0 Z", mix(side, p.t.mid, 0.25))
        with p.clip("M -58 0 L -58 -52 L 8 -52 L 8 0 Z"):
            _planks(p, -58, 8, -52, 0, 4.5)
            p.rect(-58, -54, 66, 10, p.t.deep, 0.35)
        gable = "M 8 0 L 8 -52 L 32 -88 L 56 -52 L 56 0 Z"
        p.cv.path(
            gable, p.cv.linear((8, -80), (56, 0), (mix(front, front_light, 0.8), front, front))
        )
        with p.clip(gable):
            _planks(p, 8, 56, -88, 0, 4.5)
            p.cv.path(
                "M 8 -52 L 32 -88 L 56 -52 L 56 -44 L 32 -80 L 8 -44 Z", p.cv.paint(p.t.deep, 0.4)
            )
        p.rect(-40, -100, 10, 26, mix(roof.mid, p.t.dark, 0.3))
        p.fill("M -64 -50 L -40 -92 L 32 -92 L 8 -48 Z", roof.mid)
        p.cv.path(
            "M -64 -50 L -40 -92 L 32 -92 L 8 -48 Z",
            p.cv.linear((-40, -92), (-20, -48), (roof.light, roof.dark), alphas=(0.75, 0.6)),
        )
        p.stroke("M 4 -46 L 32 -92 L 60 -46", mix(roof.dark, roof.mid, 0.4), 4.5)
        _snow_cap(p, ((-62, -53), (-40, -93), (32, -94), (60, -50)))
        for x in (-50, -28):
            _window(p, x, -38, 12, 16, lit)
        _window(p, -8, -38, 11, 16, lit and p.rng.random() < 0.6)
        _window(p, 26, -66, 11, 13, lit)
        p.rect(25, -32, 14, 32, mix(roof.dark, p.t.deep, 0.3))
        p.cv.circle(36, -15, 1.2, p.cv.paint(LAMPLIGHT))
    elif kind == 1:  # from the front
        p.form("M -42 0 L -42 -56 L 42 -56 L 42 0 Z", soft=0.7)
        with p.clip("M -42 0 L -42 -56 L 42 -56 L 42 0 Z"):
            _planks(p, -42, 42, -56, 0, 4.5)
            p.rect(-42, -57, 84, 9, p.t.deep, 0.45)
        p.rect(14, -102, 11, 28, mix(roof.mid, p.t.dark, 0.35))
        p.form("M -52 -54 L -34 -94 L 34 -94 L 52 -54 Z", roof, soft=0.8)
        if p.fine:
            for i in range(6):
                y = -58 - i * 6.4
                inset = (i + 0.6) * 2.85
                p.line(-52 + inset, y, 52 - inset, y, roof.dark, 0.7)
        _snow_cap(p, ((-50, -57), (-34, -95), (34, -95), (50, -57)))
        p.rect(-8, -32, 16, 32, mix(roof.dark, p.t.deep, 0.4))
        _window(p, -32, -40, 14, 18, lit)
        _window(p, 18, -40, 14, 18, lit)
        p.form("M -12 -66 L -12 -80 L 0 -92 L 12 -80 L 12 -66 Z", soft=0.6)
        _window(p, -5, -79, 10, 11, lit and p.rng.random() < 0.7)
    else:  # tall and narrow
        p.form("M -30 0 L -30 -64 L 0 -96 L 30 -64 L 30 0 Z", soft=0.75)
        with p.clip("M -30 0 L -30 -64 L 0 -96 L 30 -64 L 30 0 Z"):
            _planks(p, -30, 30, -96, 0, 4.5)
        lean = "M 30 0 L 30 -34 L 56 -26 L 56 0 Z"
        p.fill(lean, mix(p.t.dark, p.t.mid, 0.5 if p.side > 0 else 0.15))
        p.fill("M 28 -38 L 60 -27 L 60 -22 L 28 -32 Z", roof.mid)
        p.rect(-22, -104, 9, 26, mix(roof.mid, p.t.dark, 0.35))
        p.stroke("M -36 -60 L 0 -98 L 36 -60", roof.mid, 7)
        p.stroke("M -36 -61 L 0 -100 L 36 -61", roof.light, 1.6)
        _snow_cap(p, ((-36, -63), (0, -101), (36, -63)))
        for x in (-20, 8):
            _window(p, x, -56, 12, 15, lit)
        _window(p, 8, -28, 12, 15, lit and p.rng.random() < 0.6)
        _window(p, -5, -79, 10, 11, lit)
        p.rect(-20, -30, 14, 30, mix(roof.dark, p.t.deep, 0.4))


def _tower(p: Pen, x: float, w: float, h: float, roof: bool, cap: float, lit: bool) -> None:
    body = _poly((x - w / 2, 0), (x - w / 2, -h), (x + w / 2, -h), (x + w / 2, 0))
    p.form(body, under=0.25)
    if p.fine:
        with p.clip(body):
            for _ in range(int(w * h / 26)):
                bx = p.rng.uniform(x - w / 2, x + w / 2)
                by = -p.rng.uniform(0, h)
                tone = p.t.dark if p.rng.random() < 0.6 else p.t.light
                p.rect(bx, by, p.rng.uniform(2, 4), 1.5, tone, 0.35)
    if roof:
        r = Tones(p.t.deep, mix(p.t.dark, p.t.deep, 0.35), mix(p.t.dark, p.t.mid, 0.6), p.t.name)
        p.form(_poly((x - w * 0.64, -h + 1), (x, -h - cap), (x + w * 0.64, -h + 1)), r, under=0)
        p.line(x, -h - cap, x, -h - cap - 8, r.dark, 0.8)
        flag = _poly((x, -h - cap - 8), (x + 8, -h - cap - 6), (x, -h - cap - 4))
        p.fill(flag, p.t.light)
    else:
        n = max(3, int(w / 5))
        if n % 2 == 0:
            n += 1
        step = (w + 4) / n
        p.rect(x - w / 2 - 2, -h - 3, w + 4, 5, p.t.mid)
        for i in range(0, n, 2):
            p.rect(x - w / 2 - 2 + i * step, -h - 8, step, 6, p.t.mid)
    slit = p.pane(lit)
    p.rect(x - 1.6, -h * 0.78, 3.2, 7, slit if lit else p.t.deep)
    if h > 50:
        p.rect(x - 1.6, -h * 0.5, 3.2, 7, slit if lit and p.rng.random() < 0.5 else p.t.deep)


def castle(p: Pen) -> None:
    lit = _windows_lit(p)
    _tower(p, -14, 16, 62, True, 26, lit)
    _tower(p, 18, 20, 70, True, 24, lit)
    _tower(p, 0, 30, 50, False, 0, lit)
    p.form("M -48 0 L -48 -30 L 48 -30 L 48 0 Z", under=0.4)
    for i in range(0, 15, 2):
        p.rect(-48 + i * 6.4, -36, 6.4, 7, p.t.mid)
    _tower(p, -46, 18, 44, p.rng.random() < 0.6, 22, lit)
    _tower(p, 46, 20, 48, p.rng.random() < 0.5, 24, lit)
    p.fill("M -9 0 L -9 -14 C -9 -24 9 -24 9 -14 L 9 0 Z", p.t.deep)
    if lit:
        p.fill("M -5 0 L -5 -12 C -5 -18 5 -18 5 -12 L 5 0 Z", LAMPLIGHT, 0.85)
    if p.fine:
        for _ in range(90):
            p.rect(p.rng.uniform(-46, 44), -p.rng.uniform(1, 28), 4, 1.6, p.t.dark, 0.35)


def lighthouse(p: Pen) -> None:
    tower = "M -15 0 L -9 -74 L 9 -74 L 15 0 Z"
    p.form(tower, under=0.15)
    band = p.neutral(CREAM) if p.t.name not in ("white", "yellow") else p.neutral(rgb("6a6672"))
    with p.clip(tower):
        p.cv.rect(-20, -50, 20, -41, p.cv.paint(band, 0.92))
        shade = p.cv.linear(
            (-16 * p.side, 0), (16 * p.side, 0), (p.t.deep, p.t.deep), alphas=(0.5, 0.0)
        )
        p.cv.rect(-20, -50, 20, -41, shade)
    p.rect(-13, -77, 26, 3.5, p.t.deep)
    p.rect(-7, -88, 14, 11, LAMPLIGHT if p.light.dark > 0.05 else p.pane(False))
    for x in (-7, -2.4, 2.4, 7):
        p.line(x, -88, x, -77, p.t.deep, 0.9)
    p.form("M -9 -87 L 0 -99 L 9 -87 Z", Tones(p.t.deep, p.t.dark, p.t.mid), under=0)
    p.line(-13, -80, 13, -80, p.t.deep, 0.8)
    p.rect(-4, -11, 8, 11, p.t.deep)
    for y in (-30, -62):
        p.rect(-1.8, y, 3.6, 6, p.pane(_windows_lit(p)))


def lighthouse_beams(p: Pen) -> None:
    for sign in (-1, 1):
        shape = _poly((0, -82), (sign * 260, -120), (sign * 260, -66))
        paint = p.cv.linear((0, -82), (sign * 240, -88), (LAMPLIGHT, LAMPLIGHT), alphas=(0.62, 0.0))
        p.cv.path(shape, paint)
    p.cv.circle(0, -82, 26, p.cv.radial((0, -82), 26, (LAMPLIGHT, LAMPLIGHT), (0.75, 0.0)))


def windmill(p: Pen) -> None:
    p.form("M -20 0 L -12 -56 L 12 -56 L 20 0 Z", under=0.3)
    _planks(p, -20, 20, -56, 0, 6)
    cap = _roof_tone(p)
    p.form("M -14 -55 C -14 -72 14 -72 14 -55 Z", cap)
    p.rect(-5, -14, 10, 14, p.t.deep)
    _window(p, -3.5, -34, 7, 8, _windows_lit(p))
    p.rect(-23, -22, 46, 2.6, cap.dark)
    p.cv.c.save()
    p.cv.c.translate(2, -60)
    p.cv.c.rotate(p.rng.uniform(10, 80))
    arm = p.neutral(rgb("4a3c38")) if p.t.name not in ("black", "brown") else p.neutral(CREAM)
    cloth = p.neutral(rgb("efe3c8"))
    for _ in range(4):
        p.line(0, 0, 0, -45, arm, 1.8)
        p.rect(1, -44, 8.5, 33, cloth, 0.92)
        if p.fine:
            for y in range(-44, -10, 6):
                p.line(1, y, 9.5, y, arm, 0.6)
            p.line(5, -44, 5, -11, arm, 0.5)
        p.line(9.5, -44, 9.5, -11, arm, 0.8)
        p.cv.c.rotate(90)
    p.cv.circle(0, 0, 2.6, p.cv.paint(arm))
    p.cv.c.restore()


def bridge(p: Pen) -> None:
    """Arches from bank to bank, in units of its height: 300 wide, drawn from the middle."""
    n = p.rng.choice((2, 3, 4))
    if p.rng.random() < 0.4:  # one bold bow with railings
        deck = "M -160 -6 C -90 -60 90 -60 160 -6 L 160 8 C 92 -38 -92 -38 -160 8 Z"
        for i in range(-9, 10):
            x = i * 15.0
            y = -47 + 41 * (x / 160) ** 2
            p.line(x, y, x, y - 17, p.t.dark, 3.2)
        p.stroke("M -160 -26 C -90 -80 90 -80 160 -26", p.t.mid, 5)
        p.form(deck, under=0.5)
        p.stroke("M -160 -5 C -90 -59 90 -59 160 -5", p.t.light, 2.4)
        for x in (-104, 104):
            p.rect(x - 5, -30, 10, 40, p.t.dark)
        return
    width = 320 / n
    body = skia.Path()
    body.addRect(skia.Rect(-160, -62, 160, 10))
    holes = skia.Path()
    for i in range(n):
        x = -160 + (i + 0.5) * width
        r = width * 0.39
        holes.addOval(skia.Rect(x - r, -46, x + r, 64))
    shape = skia.Op(body, holes, skia.kDifference_PathOp)
    inner = skia.Path()
    for i in range(n):
        x = -160 + (i + 0.5) * width
        r = width * 0.39
        inner.addOval(skia.Rect(x - r + 7 * p.side, -43, x + r + 7 * p.side, 64))
    vault = skia.Op(holes, inner, skia.kDifference_PathOp)
    with p.clip("M -160 -62 L 160 -62 L 160 8 L -160 8 Z"):
        p.fill(vault, p.t.deep)
    p.cv.path(
        shape,
        p.cv.linear((0, -62), (0, 8), (p.t.light, p.t.mid, mix(p.t.mid, p.t.dark, 0.75))),
    )
    if p.fine:
        with p.clip(shape):
            for _ in range(500):
                x, y = p.rng.uniform(-160, 160), p.rng.uniform(-60, 10)
                tone = p.t.dark if p.rng.random() < 0.65 else p.t.light
                p.rect(x, y, p.rng.uniform(4, 8), 2.6, tone, 0.32)
    for i in range(n):
        x = -160 + (i + 0.5) * width
        r = width * 0.39
        p.stroke(
            f"M {x - r:.1f} 8 C {x - r:.1f} -64 {x + r:.1f} -64 {x + r:.1f} 8", p.t.light, 2.2, 0.55
        )
    p.rect(-160, -70, 320, 9, p.t.mid)
    p.rect(-160, -71, 320, 3, p.t.light)
    p.rect(-160, -61, 320, 2.4, p.t.deep, 0.7)
    if _windows_lit(p):
        for i in range(n + 1):
            x = -160 + i * width
            p.line(x, -70, x, -88, p.t.deep, 1.8)
            p.cv.circle(x, -90, 3.4, p.cv.paint(LAMPLIGHT))
            p.cv.circle(x, -90, 14, p.cv.radial((x, -90), 14, (LAMPLIGHT,) * 2, (0.5, 0)))


def boat(p: Pen) -> None:
    kind = p.rng.randrange(3)
    wood = p.neutral(rgb("5a4034")) if p.t.name != "brown" else p.neutral(CREAM)
    if kind < 2:  # a sloop, or one with a gaff: sails and hull in the colour
        belly = p.rng.uniform(4, 9)
        sail = Tones(mix(p.t.dark, p.t.mid, 0.5), mix(p.t.mid, p.t.light, 0.15), p.t.light)
        p.line(0, -14, 0, -98, wood, 1.6)
        if kind == 0:
            p.form(
                f"M 2 -96 C {14 + belly} -70 {30 + belly} -44 36 -22 Q 18 -16 2 -20 Z",
                sail,
                under=0.2,
            )
            p.form(f"M -2 -90 C {-12 - belly} -66 -24 -44 -34 -22 Q -16 -18 -2 -22 Z", sail)
        else:
            p.form(f"M 2 -76 L 24 -96 C {34 + belly} -64 36 -40 40 -22 Q 20 -16 2 -20 Z", sail)
            p.form(f"M -2 -78 C {-14 - belly} -58 -28 -40 -38 -20 Q -18 -18 -2 -22 Z", sail)
            p.line(2, -76, 25, -97, wood, 1.4)
        if p.fine:
            for k in (0.3, 0.55, 0.8):
                p.line(3, -96 + 76 * k, 4 + 33 * k, -92 + 70 * k, sail.dark, 0.5)
        p.line(0, -19, 40, -20, wood, 1.4)
        hull = "M -46 -15 L 46 -14 C 42 -4 34 3 24 4 L -26 4 C -36 2 -42 -6 -46 -15 Z"
        p.form(hull, Tones(p.t.deep, mix(p.t.dark, p.t.mid, 0.45), p.t.mid), under=0.3)
        rail = p.neutral(CREAM) if p.t.name not in ("white", "yellow") else wood
        p.stroke("M -46 -15 L 46 -14", rail, 1.8)
    elif kind == 2:  # a fishing boat with a little house
        p.line(6, -40, 6, -88, wood, 1.8)
        p.line(6, -84, -40, -28, wood, 0.7)
        p.line(6, -84, 50, -30, wood, 0.7)
        cabin = p.neutral(CREAM) if p.t.name not in ("white", "gray") else p.neutral(rgb("6e5a50"))
        p.rect(-16, -52, 32, 26, cabin)
        shade_x = -16 if p.side > 0 else 4
        p.rect(shade_x, -52, 12, 26, p.light.shade, 0.25)
        p.rect(-19, -56, 38, 5, p.t.mid)
        for x in (-12, 3):
            p.rect(x, -47, 9, 9, p.pane(_windows_lit(p)))
        p.form(
            "M -62 -38 C -40 -26 30 -26 66 -42 C 62 -16 50 2 40 4 L -44 4 C -54 0 -60 -18 -62 -38 Z"
        )
        p.stroke("M -62 -38 C -40 -26 30 -26 66 -42", rail := p.neutral(CREAM), 2.2)
        if p.t.name in ("white", "yellow"):
            p.stroke("M -62 -37 C -40 -25 30 -25 66 -41", wood, 2.2)
        p.stroke("M -58 -16 C -30 -8 30 -8 60 -18", p.t.deep, 2.4, 0.8)
        del rail
    for x in (-30, -10, 12) if p.fine else ():
        p.cv.circle(x, -5, 1.4, p.cv.paint(p.t.deep, 0.8))


def car(p: Pen) -> None:
    old = p.rng.random() < 0.5
    glass = p.pane(False) if p.light.dark < 0.5 else rgb("27344e")
    if old:  # a round little saloon
        body = (
            "M -112 -24 C -116 -44 -98 -54 -76 -56 C -66 -84 -44 -98 -8 -98 C 30 -98 46 -82 58 -58"
            " C 90 -56 112 -48 114 -26 Q 114 -14 106 -14 L -104 -14 Q -112 -14 -112 -24 Z"
        )
        panes = (
            "M -66 -58 C -58 -78 -44 -88 -16 -89 L -16 -58 Z",
            "M -9 -89 C 22 -89 36 -78 47 -58 L -9 -58 Z",
        )
        wheels = (-68, 68)
    else:  # long and low
        body = (
            "M -128 -26 C -130 -44 -120 -52 -92 -54 C -70 -58 -58 -84 -30 -88 C 6 -92 34 -88 56 -58"
            " C 94 -54 124 -48 128 -30 Q 128 -16 118 -16 L -118 -16 Q -128 -16 -128 -26 Z"
        )
        panes = (
            "M -70 -58 C -58 -72 -50 -80 -30 -82 L -20 -82 L -20 -58 Z",
            "M -13 -82 C 14 -84 28 -78 43 -58 L -13 -58 Z",
        )
        wheels = (-78, 80)
    p.form(body, under=0.55)
    p.cv.path(
        body,
        p.cv.linear((0, -60), (0, -44), (p.t.light, p.t.light), alphas=(0.0, 0.0)),
    )
    with p.clip(body):
        p.stroke("M -118 -50 C -60 -56 60 -58 118 -46", p.t.light, 3.5, 0.8)
        p.rect(-130, -24, 260, 4, p.t.deep, 0.5)
    for pane in panes:
        p.fill(pane, glass)
    p.stroke("M -60 -64 L -40 -84", mix(glass, CREAM, 0.6), 3, 0.6)
    for x in wheels:
        p.fill(_oval(x, -18, 25, 25), p.t.deep)
        p.fill(_oval(x, -18, 20, 20), TYRE)
        p.fill(_oval(x, -18, 10, 10), p.neutral(rgb("c4c4c8")))
        p.fill(_oval(x, -18, 4, 4), p.neutral(rgb("70707a")))
    lamp = LAMPLIGHT if p.light.dark > 0.15 else p.neutral(CREAM)
    p.fill(_oval(108 if old else 119, -38, 5.5, 6.5), lamp)
    p.line(-114, -22, 114, -22, p.neutral(rgb("c4c4c8")), 2.2)
    if p.fine:
        p.line(-12.5, -58, -14, -24, p.t.dark, 1.2)
        p.line(4, -46, 12, -46, p.neutral(rgb("d8d8dc")), 2)
    if p.light.dark > 0.5:
        beam = _poly((110, -40), (250, -62), (250, 2))
        p.cv.path(beam, p.cv.linear((112, -38), (240, -34), (LAMPLIGHT,) * 2, alphas=(0.55, 0.0)))


def bicycle(p: Pen) -> None:
    for x in (-52, 52):
        p.cv.circle(x, -34, 32, p.cv.paint(TYRE, line=4.6))
        p.cv.circle(x, -34, 28.6, p.cv.paint(p.neutral(rgb("c8c8cc")), line=1.4))
        p.cv.path(
            f"M {x - 36} -42 C {x - 30} -76 {x + 30} -76 {x + 36} -42", p.cv.paint(p.t.mid, line=5)
        )
        spokes = 14 if p.fine else 6
        for i in range(spokes):
            a = math.pi * i / spokes
            dx, dy = 28 * math.cos(a), 28 * math.sin(a)
            p.line(x - dx, -34 - dy, x + dx, -34 + dy, p.neutral(rgb("9a9aa2")), 0.6)
        p.cv.circle(x, -34, 3.5, p.cv.paint(p.neutral(rgb("55555c"))))
    frame = "M -52 -34 L -10 -32 L 34 -78 L -22 -76 L -52 -34 M -10 -32 L -26 -88"
    p.stroke(frame, p.t.dark, 9.5)
    p.stroke(frame, p.t.mid, 7.5)
    p.stroke("M 52 -34 C 48 -50 40 -66 30 -94", p.t.mid, 7)
    p.stroke("M -20 -77 L 33 -79 M -10 -33 L 33 -77", p.t.light, 2.2, 0.8)
    p.stroke("M 30 -93 C 36 -100 46 -98 50 -92", p.neutral(rgb("55555c")), 4)
    p.stroke("M -40 -90 L -14 -90", p.neutral(rgb("4a3428")), 7)
    p.cv.circle(-10, -32, 9, p.cv.paint(p.neutral(rgb("6a6a72")), line=3))
    p.line(-10, -32, -4, -14, p.neutral(rgb("55555c")), 3)
    p.rect(-9, -14, 12, 3, TYRE)


def train(p: Pen) -> None:
    """A locomotive facing right with its coaches behind, reaching far to the left."""
    iron = p.neutral(rgb("2c2a30")) if p.t.name != "black" else p.neutral(rgb("80808a"))
    brass = p.neutral(rgb("d8b060"))
    lit = _windows_lit(p)
    for i in range(4):
        x = -92 - i * 176
        body = _poly((x - 164, -16), (x - 164, -82), (x, -82), (x, -16))
        p.form(body, under=0.45)
        p.rect(x - 168, -90, 172, 10, mix(p.t.dark, p.t.deep, 0.5))
        p.rect(x - 164, -38, 164, 3, p.t.light, 0.8)
        for k in range(5):
            p.rect(x - 154 + k * 31, -70, 22, 24, p.pane(lit and p.rng.random() < 0.85))
        for k in (-140, -112, -52, -24):
            p.fill(_oval(x + k, -11, 11, 11), iron)
        p.rect(x, -26, 14, 5, iron)
    p.form("M -80 -14 L -80 -108 L -22 -108 L -22 -14 Z", under=0.4)  # cab
    p.rect(-88, -116, 74, 10, mix(p.t.dark, p.t.deep, 0.5))
    p.rect(-68, -94, 30, 28, p.pane(lit))
    boiler = _poly((-24, -24), (-24, -86), (92, -86), (92, -24))
    p.cv.path(boiler, p.cv.linear((0, -88), (0, -22), (p.t.light, p.t.mid, p.t.mid, p.t.dark)))
    for x in (4, 36, 68):
        p.rect(x, -86, 4, 62, brass)
    p.fill("M 70 -86 L 66 -126 L 94 -126 L 88 -86 Z", iron)
    p.rect(62, -130, 36, 7, mix(iron, p.t.mid, 0.3))
    p.fill("M 16 -86 C 16 -104 40 -104 40 -86 Z", p.t.mid)
    p.fill(_oval(94, -54, 8, 32), p.t.deep)
    p.fill(_oval(103, -74, 6, 7), LAMPLIGHT)
    p.rect(-84, -28, 190, 12, mix(p.t.dark, p.t.mid, 0.2))
    for x, r in ((-56, 24), (-4, 24), (46, 24), (88, 14)):
        p.fill(_oval(x, -r, r, r), iron)
        p.fill(_oval(x, -r, r * 0.72, r * 0.72), p.t.mid)
        p.fill(_oval(x, -r, r * 0.3, r * 0.3), iron)
    p.line(-58, -20, 48, -20, brass, 5)
    p.fill("M 100 -20 L 124 -2 L 96 -2 Z", iron)


def train_smoke(p: Pen) -> None:
    c = mix(mix(p.light.haze, (1, 1, 1), 0.45), p.light.shade, 0.25 if p.light.dark > 0.5 else 0.06)
    x, y, r = 80.0, -142.0, 13.0
    for _ in range(15):
        p.cv.circle(x, y, r, p.cv.paint(c, 0.42, blur=r * 0.45))
        p.cv.circle(
            x + r * 0.25 * p.side,
            y - r * 0.3,
            r * 0.6,
            p.cv.paint(mix(c, (1, 1, 1), 0.4), 0.3, blur=r * 0.3),
        )
        x -= r * p.rng.uniform(0.9, 1.25)
        y -= r * p.rng.uniform(0.12, 0.5)
        r *= 1.1


def balloon(p: Pen) -> None:
    shape = svg(
        "M -5 -24 C -20 -36 -38 -48 -38 -68 C -38 -88 -20 -100 0 -100"
        " C 20 -100 38 -88 38 -68 C 38 -48 20 -36 5 -24 Z"
    )
    p.form(shape, under=0.2)
    with p.clip(shape):
        for k, tone, alpha in (
            (0.86, p.t.dark, 0.5),
            (0.5, p.t.light, 0.45),
            (0.18, p.t.dark, 0.5),
        ):
            outer, inner = 38 * k, 38 * (k - 0.2)
            for sign in (-1, 1):
                path = (
                    f"M 0 -100"
                    f" C {sign * outer * 0.9:.1f} -99 {sign * outer:.1f} -84 {sign * outer:.1f} -68"
                    f" C {sign * outer:.1f} -48 {sign * 4 * k:.1f} -36 {sign * 5 * k:.1f} -24"
                    f" L 0 -24"
                    f" C {sign * inner * 0.5:.1f} -38 {sign * inner:.1f} -48 {sign * inner:.1f} -68"
                    f" C {sign * inner:.1f} -86 {sign * inner * 0.8:.1f} -98 0 -100 Z"
                )
                p.fill(path, tone, alpha)
        p.cv.rect(
            -40,
            -101,
            40,
            -20,
            p.cv.radial(
                (14 * p.side, -82),
                52,
                (p.t.light, p.t.light, p.t.deep),
                (0.75, 0.0, 0.5),
                (0, 0.5, 1),
            ),
        )
        if p.light.dark > 0.5:
            p.cv.circle(0, -30, 40, p.cv.radial((0, -30), 40, (LAMPLIGHT,) * 2, (0.8, 0.0)))
    rope = p.neutral(rgb("3c302c"))
    for x in (-5, 5):
        p.line(x, -25, x * 0.8, -10, rope, 0.7)
    p.form("M -6 -11 L 6 -11 L 5 0 L -5 0 Z", Tones(rgb("4a3020"), rgb("8a6038"), rgb("b88c58")))
    p.line(-6, -11, 6, -11, rope, 1.4)


def _eye(p: Pen, x: float, y: float, r: float) -> None:
    white = p.t.name in ("black", "brown", "gray", "purple", "blue", "green", "red")
    if white:
        p.fill(_oval(x, y, r * 1.5, r * 1.5), rgb("f2d88a"))
    p.fill(_oval(x, y, r, r), rgb("141218"))


def cat(p: Pen) -> None:
    if p.rng.random() < 0.62:  # sitting
        tail = "M -22 -5 C -46 0 -56 -16 -46 -32 C -42 -40 -46 -48 -52 -46"
        p.stroke(tail, p.t.dark, 9.5)
        p.stroke(tail, mix(p.t.mid, p.t.dark, 0.35), 7.5)
        body = (
            "M 2 -104 Q 8 -98 11 -92 Q 16 -94 21 -92 Q 25 -98 31 -104 Q 35 -92 33 -84"
            " Q 33 -74 25 -69 Q 24 -64 25 -58 C 29 -46 26 -34 24 -22 L 25 -6 Q 31 -4 30 0"
            " L 11 0 Q 11 -10 8 -22 Q 8 -8 6 0 L -20 0 C -36 0 -38 -20 -32 -36"
            " C -26 -54 -10 -58 -1 -69 C 1 -73 0 -76 -1 -82 Q -2 -92 2 -104 Z"
        )
        p.form(body)
        with p.clip(body):
            p.cv.oval(20, -44, 7, 16, p.cv.paint(p.t.light, 0.5, blur=4))
            p.stroke("M -4 -4 C 6 -14 4 -34 -10 -40", p.t.dark, 2.2, 0.7)
            p.stroke("M 17 -2 L 17 -26", p.t.dark, 1.8, 0.6)
            p.stroke("M 2 -66 Q 14 -60 26 -67", p.t.dark, 2.6, 0.5)
            if p.fine and p.rng.random() < 0.5:
                for k in range(5):
                    y = -52 + k * 8
                    p.stroke(
                        f"M {-34 + k * 1.0} {y} Q {-20} {y - 4} {-12} {y + 3}", p.t.dark, 2.2, 0.55
                    )
        for x, dx in ((6, 1), (26, -1)):
            p.fill(
                f"M {x - 2 * dx} -97 L {x + 4 * dx} -90 L {x - 1 * dx} -88 Z", rgb("e8a0a0"), 0.7
            )
        _eye(p, 11, -82, 2.3)
        _eye(p, 23, -82, 2.3)
        p.fill("M 14 -76 L 20 -76 L 17 -73 Z", rgb("d8808a"))
        if p.fine:
            for dy in (-2, 1):
                p.line(21, -74, 38, -76 + dy * 2, p.neutral(CREAM), 0.5)
                p.line(13, -74, -6, -76 + dy * 2, p.neutral(CREAM), 0.5)
    else:  # walking, tail up
        for leg in (
            "M -26 -40 L -34 -4 L -24 -4 L -14 -34 Z",
            "M 30 -40 L 36 -4 L 45 -4 L 42 -44 Z",
        ):
            p.fill(leg, p.t.deep)
        tail = "M -40 -54 C -58 -66 -60 -86 -50 -100"
        p.stroke(tail, p.t.dark, 9)
        p.stroke(tail, p.t.mid, 7)
        body = (
            "M 38 -92 L 46 -83 Q 52 -85 58 -82 L 66 -91 Q 70 -78 68 -70 Q 66 -60 54 -58"
            " C 50 -52 48 -46 46 -38 L 36 -16 L 38 -4 Q 42 -3 41 0 L 28 0 L 27 -16 L 24 -32"
            " C 8 -27 -6 -27 -18 -30 L -26 -18 L -36 -6 Q -32 -2 -34 0 L -46 0 L -40 -20"
            " C -48 -34 -50 -50 -40 -58 C -24 -64 10 -62 26 -64 C 32 -66 36 -70 36 -76 Z"
        )
        p.form(body)
        with p.clip(body):
            if p.fine:
                for k in range(6):
                    x = -34 + k * 11
                    p.stroke(f"M {x} -62 Q {x + 5} -50 {x - 2} -40", p.t.dark, 2.4, 0.5)
        _eye(p, 47, -72, 2.3)
        _eye(p, 60, -72, 2.3)
        p.fill("M 52 -66 L 58 -66 L 55 -63 Z", rgb("d8808a"))


def dog(p: Pen) -> None:
    if p.rng.random() < 0.62:  # standing
        for leg in (
            "M -32 -40 L -44 -18 L -42 0 L -32 0 L -34 -14 L -20 -30 Z",
            "M 22 -36 L 18 0 L 28 0 L 33 -34 Z",
        ):
            p.fill(leg, p.t.deep)
        tail = "M -40 -52 C -52 -58 -62 -70 -58 -86"
        p.stroke(tail, p.t.mid, 7)
        body = (
            "M 24 -88 C 30 -101 50 -100 55 -88 L 70 -81 Q 77 -78 74 -71 L 62 -66 Q 52 -64 47 -59"
            " C 44 -50 44 -42 40 -33 L 38 -5 Q 45 -3 44 0 L 28 0 L 27 -30"
            " C 14 -25 -2 -26 -14 -32 C -16 -25 -24 -20 -24 -14 L -26 -5 Q -19 -3 -20 0"
            " L -36 0 L -36 -15 C -46 -26 -48 -40 -43 -52 C -36 -62 -16 -61 2 -61"
            " C 14 -61 20 -70 24 -88 Z"
        )
        p.form(body)
        with p.clip(body):
            p.cv.oval(34, -46, 8, 14, p.cv.paint(p.t.light, 0.4, blur=4))
            p.stroke("M -28 -14 C -18 -28 -22 -42 -30 -50", p.t.dark, 2.4, 0.6)
            p.stroke("M 26 -66 Q 36 -58 48 -60", rgb("8a2c2c"), 3.6)
        p.fill("M 32 -96 C 20 -96 18 -76 24 -66 C 32 -64 36 -78 38 -90 Z", p.t.dark)
        p.fill(_oval(73, -77, 4, 3.6), rgb("17141a"))
        _eye(p, 50, -86, 2.4)
        p.line(58, -68, 70, -71, p.t.deep, 1)
    else:  # sitting
        tail = "M -30 -6 C -48 -4 -56 -14 -58 -26"
        p.stroke(tail, p.t.mid, 7.5)
        body = (
            "M -2 -92 C 4 -105 24 -104 29 -92 L 43 -85 Q 50 -81 47 -75 L 34 -70 Q 27 -68 24 -63"
            " C 28 -50 24 -36 23 -24 L 25 -6 Q 32 -4 31 0 L 13 0 Q 13 -12 9 -26"
            " Q 10 -8 8 0 L -26 0 C -40 -4 -38 -24 -30 -38 C -22 -54 -8 -60 -3 -72 Z"
        )
        p.form(body)
        with p.clip(body):
            p.cv.oval(17, -46, 7, 16, p.cv.paint(p.t.light, 0.45, blur=4))
            p.stroke("M -8 -3 C 4 -14 0 -34 -14 -38", p.t.dark, 2.4, 0.6)
            p.stroke("M -3 -66 Q 10 -60 24 -64", rgb("8a2c2c"), 3.8)
        p.fill("M 4 -99 C -9 -99 -11 -78 -4 -67 C 4 -66 8 -80 10 -94 Z", p.t.dark)
        p.fill(_oval(46, -81, 4, 3.6), rgb("17141a"))
        _eye(p, 24, -90, 2.4)
        p.line(31, -72, 43, -75, p.t.deep, 1)


def horse(p: Pen) -> None:
    hoof = p.neutral(rgb("2a2226")) if p.t.name != "black" else p.neutral(rgb("8a8078"))
    for leg in (
        "M -30 -38 L -36 -22 L -38 -2 L -31 -2 L -29 -20 L -20 -34 Z",
        "M 16 -34 L 17 -18 L 14 -2 L 21 -2 L 24 -18 L 28 -34 Z",
    ):
        p.fill(leg, p.t.deep)
    p.fill("M -38 -55 C -54 -54 -56 -32 -52 -12 C -45 -18 -42 -36 -38 -46 Z", p.t.deep)
    if p.rng.random() < 0.7:  # head high
        body = (
            "M 31 -101 L 38 -92 C 47 -88 57 -76 62 -66"
            " Q 64 -59 57 -58 L 50 -60 C 46 -66 42 -68 38 -66"
            " C 36 -56 36 -48 31 -42 C 31 -37 29 -34 28 -31 L 29 -16 L 27 -4 L 30 0 L 21 0 L 21 -16"
            " L 18 -30 C 8 -25 -10 -25 -20 -30 L -24 -23 L -22 -12 L -25 -4 L -22 0 L -31 0"
            " L -31 -12 L -35 -25 C -44 -35 -44 -50 -37 -57"
            " C -28 -63 -14 -59 0 -57 C 9 -57 14 -61 18 -69"
            " C 21 -83 25 -92 31 -101 Z"
        )
        mane = "M 31 -99 C 20 -97 11 -80 9 -60 C 15 -62 20 -68 24 -78 C 27 -84 30 -90 34 -94 Z"
        eye, nostril = (45, -80), (58, -63)
    else:  # grazing
        body = (
            "M 30 -54 C 42 -50 50 -38 54 -26 L 66 -10 Q 68 -3 61 -2 L 54 -5 C 48 -12 44 -20 38 -26"
            " C 34 -30 31 -33 28 -31 L 29 -16 L 27 -4 L 30 0 L 21 0 L 21 -16"
            " L 18 -30 C 8 -25 -10 -25 -20 -30 L -24 -23 L -22 -12 L -25 -4 L -22 0 L -31 0"
            " L -31 -12 L -35 -25 C -44 -35 -44 -50 -37 -57"
            " C -28 -63 -14 -59 0 -57 C 10 -57 20 -58 30 -54 Z"
        )
        mane = "M 22 -57 C 36 -54 48 -40 54 -28 L 46 -24 C 40 -36 30 -46 20 -50 Z"
        eye, nostril = (54, -19), (62, -7)
    p.form(body)
    with p.clip(body):
        p.cv.oval(-28, -52, 12, 6, p.cv.paint(p.t.light, 0.55, blur=3))
        p.cv.oval(14, -52, 10, 6, p.cv.paint(p.t.light, 0.4, blur=3))
        p.stroke("M -20 -32 C -22 -42 -28 -48 -32 -50", p.t.dark, 2, 0.5)
        p.stroke("M 19 -34 C 22 -42 26 -46 28 -52", p.t.dark, 2, 0.5)
    p.fill(mane, p.t.deep)
    _eye(p, *eye, 1.6)
    p.fill(_oval(*nostril, 1.2, 1.2), p.t.deep)
    for x in (-31, 21):
        p.rect(x, -3.4, 9, 3.4, hoof)


def bird(p: Pen, flying: bool = False) -> None:
    beak = p.neutral(rgb("e8a030")) if p.t.name not in ("orange", "yellow") else rgb("4a4048")
    if flying:
        far = "M 14 -46 C 20 -66 32 -86 54 -100 C 54 -80 48 -62 32 -44 Z"
        p.fill(far, mix(p.t.dark, p.t.mid, 0.3))
        body = (
            "M 58 -45 Q 52 -56 40 -53 Q 32 -50 26 -50"
            " C 14 -66 -4 -92 -32 -100 C -26 -82 -18 -66 -6 -50"
            " C -24 -46 -44 -44 -64 -52 Q -56 -40 -62 -32 C -34 -24 12 -24 40 -38 Q 50 -40 58 -45 Z"
        )
        p.form(body, under=0.4)
        with p.clip(body):
            for k in range(5):
                p.stroke(
                    f"M {-30 + k * 7} {-97 + k * 9} Q {-14 + k * 6} {-72 + k * 4} {-2 + k * 4} -50",
                    p.t.dark,
                    1.6,
                    0.6,
                )
        p.fill("M 56 -50 L 70 -44 L 56 -42 Z", beak)
        _eye(p, 47, -48, 2.2)
        return
    leg = p.neutral(rgb("5a4038"))
    p.line(2, -20, 4, 0, leg, 2.4)
    p.line(14, -22, 16, 0, leg, 2.4)
    body = (
        "M -70 -34 L -24 -52 C -12 -70 4 -78 12 -88 C 20 -103 44 -102 48 -86 Q 50 -80 49 -74"
        " C 50 -44 32 -16 4 -15 C -12 -15 -24 -22 -30 -32 L -68 -24 Z"
    )
    p.form(body)
    with p.clip(body):
        p.cv.oval(32, -50, 14, 22, p.cv.paint(p.t.light, 0.65, blur=6))
    p.fill("M 14 -64 C -10 -66 -30 -48 -58 -30 C -24 -24 10 -30 20 -50 Z", p.t.dark)
    p.stroke("M 10 -52 C -10 -46 -26 -38 -46 -31 M 14 -46 C 0 -38 -14 -34 -28 -30", p.t.mid, 2)
    p.fill("M 48 -88 L 64 -81 L 48 -77 Z", beak)
    _eye(p, 36, -86, 3.0)


def fish(p: Pen) -> None:
    p.fill("M -8 -52 C 6 -72 24 -64 30 -50 Z", p.t.dark)
    p.fill("M -2 -10 C -6 4 8 6 18 -8 Z", p.t.dark)
    tail = "M -36 -30 C -48 -48 -60 -58 -70 -58 C -60 -40 -60 -20 -70 -2 C -60 -2 -48 -12 -36 -30 Z"
    p.form(tail, Tones(p.t.deep, p.t.dark, p.t.mid))
    body = "M 62 -28 C 46 -56 -2 -64 -42 -32 L -42 -28 C -2 4 46 0 62 -28 Z"
    p.form(body, under=0.5)
    with p.clip(body):
        p.cv.oval(12, -44, 34, 9, p.cv.paint(p.t.light, 0.6, blur=4))
        p.stroke("M 34 -52 C 26 -38 26 -20 34 -6", p.t.dark, 2.6, 0.8)
        bands = p.rng.choice((0, 2, 3))
        for k in range(bands):
            x = 16 - k * 18
            p.stroke(f"M {x} -58 C {x - 6} -40 {x - 6} -20 {x} 0", p.t.dark, 5, 0.55)
        if p.fine:
            for i in range(9):
                for j in range(5):
                    x = -34 + i * 7 + (j % 2) * 3.5
                    y = -48 + j * 9
                    p.stroke(f"M {x} {y} Q {x - 4} {y + 4} {x} {y + 8}", p.t.dark, 0.8, 0.5)
    p.form(
        "M 10 -26 C -2 -30 -10 -20 -12 -12 C 0 -12 8 -18 12 -22 Z",
        Tones(p.t.deep, p.t.dark, p.t.mid),
    )
    p.fill(_oval(46, -33, 5.4, 5.4), rgb("f8f4e4"))
    p.fill(_oval(47, -33, 2.9, 2.9), rgb("100e14"))


def _blob(rng: random.Random, x: float, y: float, r: float, wobble: float = 0.12) -> skia.Path:
    path = skia.Path()
    n = 9
    pts = []
    for i in range(n):
        a = 2 * math.pi * i / n
        k = r * (1 + rng.uniform(-wobble, wobble))
        pts.append((x + k * math.cos(a), y + k * math.sin(a) * 0.9))
    mids = [
        ((pts[i][0] + pts[(i + 1) % n][0]) / 2, (pts[i][1] + pts[(i + 1) % n][1]) / 2)
        for i in range(n)
    ]
    path.moveTo(*mids[-1])
    for i in range(n):
        path.quadTo(*pts[i], *mids[i])
    path.close()
    return path


def tree(p: Pen) -> None:
    bark = Tones(p.neutral(rgb("2e211d")), p.neutral(rgb("5a4234")), p.neutral(rgb("8a6a50")))
    p.form(
        "M -9 0 C -5 -8 -5 -24 -4 -42 L -22 -66 L -18 -69 L 0 -50 L 18 -72 L 22 -69 L 6 -42"
        " C 6 -22 6 -8 12 0 Q 2 -4 -9 0 Z",
        bark,
    )
    rng = p.rng
    clumps = [
        (0, -74, 21),
        (-21, -62, 16),
        (21, -62, 16),
        (-12, -82, 15),
        (13, -84, 14),
        (0, -58, 16),
    ]
    clumps += [(rng.uniform(-27, 27), rng.uniform(-86, -54), rng.uniform(8, 12)) for _ in range(6)]
    for x, y, r in clumps:
        p.fill(_blob(rng, x - 2 * p.side, y + 3, r), mix(p.t.dark, p.t.deep, 0.25))
    for x, y, r in clumps:
        p.fill(
            _blob(rng, x, y, r * 0.9),
            p.t.mid if rng.random() < 0.7 else mix(p.t.mid, p.t.dark, 0.4),
        )
    for x, y, r in clumps:
        p.fill(_blob(rng, x + r * 0.3 * p.side, y - r * 0.34, r * 0.52, 0.25), p.t.light, 0.75)
    for _ in range(p.cv.some(8, 420)):
        a, k = rng.uniform(0, 6.28), math.sqrt(rng.random())
        x, y = 34 * k * math.cos(a), -70 + 27 * k * math.sin(a)
        bright = (x * p.side / 34 - (y + 70) / 27) * 0.5 + rng.uniform(-0.5, 0.5)
        tone = p.t.light if bright > 0.25 else p.t.dark if bright < -0.3 else p.t.mid
        p.cv.oval(x, y, rng.uniform(1.0, 2.2), rng.uniform(0.8, 1.5), p.cv.paint(tone, 0.85))


def flower(p: Pen) -> None:
    green = Tones(p.neutral(rgb("2a4a2c")), p.neutral(rgb("4a7a42")), p.neutral(rgb("84aa62")))
    stem = "M 0 -66 C 5 -44 -4 -24 1 0"
    p.stroke(stem, green.dark, 4.4)
    p.stroke(stem, green.mid, 3.0)
    p.form("M 0 -14 C 10 -36 26 -40 36 -42 C 32 -24 16 -12 0 -10 Z", green)
    p.form("M 1 -24 C -8 -44 -24 -48 -34 -46 C -30 -30 -16 -20 1 -20 Z", green)
    kind = p.rng.randrange(4)
    p.cv.c.save()
    p.cv.c.translate(0, -74)
    heart = (
        p.neutral(rgb("e8b830"))
        if p.t.name not in ("yellow", "orange")
        else p.neutral(rgb("5a3820"))
    )
    if kind == 0:  # daisy-like
        p.cv.c.scale(1.0, 0.94)
        n = 12
        for ring, tone in ((0, p.t.dark), (1, p.t.mid)):
            for i in range(n):
                p.cv.c.save()
                p.cv.c.rotate(360 / n * (i + 0.5 * ring))
                p.fill("M 0 -4 C -8 -12 -8 -24 0 -29 C 8 -24 8 -12 0 -4 Z", tone)
                p.stroke("M 0 -8 L 0 -24", p.t.light, 1.8, 0.75)
                p.cv.c.restore()
        p.fill(_oval(0, 0, 8, 8), heart)
        p.fill(_oval(2 * p.side, -2, 4, 4), mix(heart, CREAM, 0.5), 0.8)
    elif kind == 1:  # tulip
        p.form(
            "M -20 -8 C -26 -22 -20 -32 -18 -36 C -10 -30 -6 -28 0 -38"
            " C 6 -28 10 -30 18 -36 C 22 -30 26 -20 20 -8 C 14 10 -14 10 -20 -8 Z"
        )
        p.fill("M 0 -36 C -12 -20 -12 -2 0 6 C 12 -2 12 -20 0 -36 Z", p.t.light, 0.55)
        p.stroke("M -18 -34 C -12 -20 -12 -4 -3 5 M 18 -34 C 12 -20 12 -4 3 5", p.t.dark, 1.8, 0.8)
    elif kind == 2:  # poppy or peony: layered cups
        for r, tone, dy in (
            (27, p.t.dark, 0),
            (25, mix(p.t.dark, p.t.mid, 0.6), -2),
            (20, p.t.mid, 0),
            (14, mix(p.t.mid, p.t.light, 0.5), 1),
            (8, p.t.light, 1),
        ):
            for i in range(5):
                a = 2 * math.pi * i / 5 + r
                p.fill(
                    _blob(
                        p.rng, r * 0.42 * math.cos(a), dy + r * 0.36 * math.sin(a), r * 0.62, 0.14
                    ),
                    tone,
                )
        p.fill(_oval(0, 1, 5, 4.4), heart)
    else:  # five broad petals
        for i in range(5):
            p.cv.c.save()
            p.cv.c.rotate(72 * i + 8)
            p.form("M 0 0 C -22 -8 -18 -30 0 -30 C 18 -30 22 -8 0 0 Z", under=0)
            p.stroke("M 0 -5 L 0 -20 M -2 -6 L -6 -17 M 2 -6 L 6 -17", p.t.dark, 1.2, 0.6)
            p.cv.c.restore()
        p.fill(_oval(0, 0, 6, 6), heart)
        p.fill(_oval(0, 0, 3, 3), p.t.deep)
    p.cv.c.restore()


def _gloss(p: Pen, x: float, y: float, rx: float, ry: float, alpha: float = 0.75) -> None:
    c = mix(p.t.light, (1, 1, 1), 0.5)
    p.cv.oval(x * p.side, y, rx, ry, p.cv.paint(c, alpha, blur=min(rx, ry) * 0.35))


def _round(p: Pen, path: str, cx: float, cy: float, r: float) -> None:
    p.fill(path, p.t.mid)
    x = cx + r * 0.4 * p.side
    p.cv.path(
        path,
        p.cv.radial(
            (x, cy - r * 0.4),
            r * 1.55,
            (p.t.light, p.t.mid, p.t.mid, mix(p.t.dark, p.t.deep, 0.25)),
            (0.95, 0.6, 0.0, 0.96),
            (0, 0.3, 0.5, 1),
        ),
    )


def apple(p: Pen) -> None:
    body = (
        "M 0 -82 C 20 -94 50 -84 50 -48 C 50 -18 26 2 10 0 Q 0 -4 -10 0"
        " C -26 2 -50 -18 -50 -48 C -50 -84 -20 -94 0 -82 Z"
    )
    _round(p, body, 0, -44, 50)
    p.fill("M -16 -80 Q 0 -70 16 -80 Q 0 -86 -16 -80 Z", p.t.deep, 0.7)
    p.stroke("M 0 -77 C 0 -88 4 -96 10 -100", p.neutral(rgb("4a3222")), 4)
    p.fill("M 6 -90 C 16 -104 34 -102 40 -96 C 30 -86 16 -84 6 -90 Z", p.neutral(rgb("5c8a4a")))
    _gloss(p, 22, -60, 9, 13)


def pear(p: Pen) -> None:
    body = (
        "M 0 -92 C 14 -92 16 -78 18 -64 C 22 -50 40 -44 40 -24 C 40 -6 22 1 0 0"
        " C -22 1 -40 -6 -40 -24 C -40 -44 -22 -50 -18 -64 C -16 -78 -14 -92 0 -92 Z"
    )
    _round(p, body, 0, -34, 46)
    p.stroke("M 0 -90 C 0 -98 4 -102 8 -104", p.neutral(rgb("4a3222")), 4)
    _gloss(p, 16, -36, 7, 12)
    if p.fine:
        for _ in range(50):
            a, k = p.rng.uniform(0, 6.28), math.sqrt(p.rng.random()) * 30
            p.fill(_oval(k * math.cos(a), -30 + k * 0.8 * math.sin(a), 0.7, 0.7), p.t.dark, 0.6)


def lemon(p: Pen) -> None:
    body = (
        "M -68 -32 C -60 -36 -58 -40 -52 -48"
        " C -36 -70 30 -72 50 -46 C 56 -40 60 -38 70 -34"
        " C 72 -28 62 -26 54 -22 C 36 4 -34 6 -52 -18 C -58 -24 -66 -26 -68 -32 Z"
    )
    _round(p, body, 0, -34, 58)
    _gloss(p, 20, -48, 15, 7)
    if p.fine:
        for _ in range(90):
            a, k = p.rng.uniform(0, 6.28), math.sqrt(p.rng.random())
            p.fill(_oval(48 * k * math.cos(a), -33 + 26 * k * math.sin(a), 1, 0.8), p.t.dark, 0.4)


def vase(p: Pen) -> None:
    body = p.rng.choice(
        (
            (
                "M -14 -98 C -12 -84 -10 -80 -12 -74 C -40 -62 -40 -24 -20 0"
                " L 20 0 C 40 -24 40 -62 12 -74 C 10 -80 12 -84 14 -98 Z"
            ),
            (
                "M -22 -98 C -14 -88 -14 -80 -18 -70 C -32 -52 -28 -20 -16 0"
                " L 16 0 C 28 -20 32 -52 18 -70 C 14 -80 14 -88 22 -98 Z"
            ),
            (
                "M -16 -96 C -16 -90 -30 -82 -32 -64 C -34 -40 -18 -24 -16 0"
                " L 16 0 C 18 -24 34 -40 32 -64 C 30 -82 16 -90 16 -96 Z"
            ),
        )
    )
    p.form(body, under=0.25)
    with p.clip(body):
        p.cv.rect(-50, -64, 50, -60, p.cv.paint(p.t.dark, 0.65))
        p.cv.rect(-50, -30, 50, -27, p.cv.paint(p.t.dark, 0.65))
        if p.fine:
            for i in range(9):
                x = -40 + i * 10
                p.stroke(f"M {x} -56 Q {x + 5} -46 {x} -36", p.t.light, 2, 0.6)
    p.fill(_oval(0, -97, 15, 3.4), p.t.deep)
    p.cv.oval(0, -97, 15, 3.4, p.cv.paint(p.t.light, 0.8, line=1.6))
    _gloss(p, 16, -48, 4, 16, 0.65)


def book(p: Pen) -> None:
    page = p.neutral(rgb("f2e8d0"))
    if p.rng.random() < 0.5:  # lying
        p.fill("M -86 -44 L 46 -60 L 92 -34 L -42 -14 Z", p.t.mid)
        p.cv.path(
            "M -86 -44 L 46 -60 L 92 -34 L -42 -14 Z",
            p.cv.linear(
                (-60 * p.side, 0), (70 * p.side, 0), (p.t.dark, p.t.light), alphas=(0.5, 0.6)
            ),
        )
        p.fill("M -42 -14 L 92 -34 L 92 -12 L -42 9 Z", page)
        for k in range(1, 4 if p.fine else 2):
            p.line(-42, -14 + k * 5.5, 92, -34 + k * 5.5, mix(page, p.light.shade, 0.3), 0.8)
        p.stroke("M -42 9 L 92 -12", p.t.dark, 5)
        p.fill("M -86 -44 C -92 -36 -92 -26 -86 -20 L -40 11 L -40 -14 Z", p.t.dark)
        p.stroke("M -62 -40 L 40 -53 L 70 -36 L -34 -21 Z", p.neutral(rgb("e0c070")), 1.8)
    else:  # standing, a little open
        p.form("M -34 0 L -34 -98 L 34 -94 L 34 4 Z", soft=0.8, under=0.2)
        p.fill("M 34 -94 L 46 -90 L 46 0 L 34 4 Z", page)
        p.fill("M 43 -92 L 52 -88 L 52 0 L 44 2 Z", p.t.dark)
        p.rect(-34, -98, 8, 100, p.t.dark)
        gold = p.neutral(rgb("e0c070"))
        p.rect(-14, -76, 36, 4, gold)
        p.rect(-14, -66, 36, 2, gold)
        p.fill(_oval(5, -36, 9, 12), gold, 0.8)


def cup(p: Pen) -> None:
    p.cv.oval(0, -2, 58, 9, p.cv.paint(mix(p.t.mid, p.t.dark, 0.35)))
    p.cv.oval(0, -5, 58, 9, p.cv.paint(p.t.light))
    p.cv.oval(0, -5, 40, 6, p.cv.paint(p.t.mid))
    p.stroke("M 36 -66 C 66 -70 66 -30 30 -28", p.t.dark, 9)
    p.stroke("M 36 -67 C 64 -70 63 -33 30 -30", p.t.mid, 5)
    body = "M -40 -80 C -40 -40 -30 -8 -18 -4 L 18 -4 C 30 -8 40 -40 40 -80 Z"
    p.form(body, under=0.3)
    p.fill(_oval(0, -80, 40, 8.5), p.t.light)
    p.fill(_oval(0, -79, 35, 6.4), rgb("4a2c1c"))
    _gloss(p, 20, -54, 5, 15, 0.6)
    steam = mix(p.light.haze, (1, 1, 1), 0.6)
    for dx in (-10, 8):
        p.cv.path(
            f"M {dx} -88 C {dx - 14} -100 {dx + 14} -108 {dx} -124",
            p.cv.paint(steam, 0.45, line=4, blur=2.5),
        )


DRAW: dict[str, Callable[[Pen], None]] = {
    "house": house,
    "castle": castle,
    "lighthouse": lighthouse,
    "windmill": windmill,
    "bridge": bridge,
    "boat": boat,
    "car": car,
    "bicycle": bicycle,
    "train": train,
    "balloon": balloon,
    "cat": cat,
    "dog": dog,
    "horse": horse,
    "bird": bird,
    "fish": fish,
    "tree": tree,
    "flower": flower,
    "apple": apple,
    "pear": pear,
    "lemon": lemon,
    "vase": vase,
    "book": book,
    "cup": cup,
}
# Half the width of each, in heights: what keeps neighbours apart and things in the frame.
HALF_WIDTH = {
    "house": 0.66,
    "castle": 0.58,
    "lighthouse": 0.18,
    "windmill": 0.45,
    "bridge": 1.6,
    "boat": 0.55,
    "car": 1.2,
    "bicycle": 0.88,
    "train": 1.2,
    "balloon": 0.38,
    "cat": 0.5,
    "dog": 0.66,
    "horse": 0.6,
    "bird": 0.66,
    "fish": 0.68,
    "tree": 0.42,
    "flower": 0.34,
    "apple": 0.5,
    "pear": 0.42,
    "lemon": 0.7,
    "vase": 0.36,
    "book": 0.9,
    "cup": 0.6,
}
