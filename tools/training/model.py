"""The two towers in PyTorch. `core/embedders/builtin/net.py` computes the same in numpy."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from core.embedders.builtin.words import MAX_TOKENS, TOKENS
from tools.training.captions import FACTS

DIMENSIONS = 256
# Side of the square, in pixels, to which every picture is squeezed.
SIDE = 80
# (channels, stride) of the 3x3 convolutions; the third is also handed on, for its sharper view.
CONVOLUTIONS = ((24, 2), (48, 2), (72, 1), (112, 2), (144, 1))
EARLY = 2
MIXED = 192
SLOTS = 48
VALUES = 24
FEATURES = SLOTS * VALUES + SLOTS + 2 * MIXED
WIDTH = 96
HEADS = 4
LAYERS = 1


class Convolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)), inplace=True)


class ImageTower(nn.Module):
    """(n, 3, SIDE, SIDE) in -1..1 -> (n, DIMENSIONS) unit rows.

    Slots look for things: each has an attention over the map, and brings home the values (colour
    above all) of the place where it looks, times how sure it is that there is something. The
    products of "what" and "of which colour" are what binds a colour to its thing.
    """

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        layers = []
        for outputs, stride in CONVOLUTIONS:
            layers.append(Convolution(channels, outputs, stride))
            channels = outputs
        self.layers = nn.ModuleList(layers)
        early = CONVOLUTIONS[EARLY][0]
        self.mix = nn.Linear(channels + early + 2, MIXED, bias=False)
        self.mix_norm = nn.BatchNorm1d(MIXED)
        self.look = nn.Linear(MIXED, SLOTS)
        self.value = nn.Linear(MIXED, VALUES)
        self.scale = nn.BatchNorm1d(FEATURES)
        self.out = nn.Linear(FEATURES, DIMENSIONS)

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.out(self.features(x)), dim=-1)

    def features(self, x: Tensor) -> Tensor:
        """(n, 3, SIDE, SIDE) -> (n, FEATURES): all that was found, before it is a point."""
        early = x
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number == EARLY:
                early = x
        n, _, height, width = x.shape
        early = F.avg_pool2d(early, early.shape[2] // height)
        # Where in the picture: how high, and how far from the middle (mirrors are the same).
        ys = torch.linspace(-1, 1, height).view(1, height, 1, 1).expand(n, height, width, 1)
        xs = torch.linspace(-1, 1, width).abs().view(1, 1, width, 1).expand(n, height, width, 1)
        x, early = x.permute(0, 2, 3, 1), early.permute(0, 2, 3, 1)
        whole = torch.cat([x, early, ys, xs], 3).flatten(0, 2)  # n * places, channels
        mixed = F.relu(self.mix_norm(self.mix(whole)), inplace=True)
        look = self.look(mixed).view(n, height * width, SLOTS).transpose(1, 2)
        value = self.value(mixed).view(n, height * width, VALUES)
        mixed = mixed.view(n, height * width, MIXED)
        sure = torch.sigmoid(look.max(2).values)
        seen = torch.bmm(look.softmax(2), value) * sure[:, :, None]
        found = torch.cat([mixed.mean(1), mixed.max(1).values, sure, seen.flatten(1)], 1)
        scaled: Tensor = self.scale(found)
        return scaled


class TextLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.join = nn.Linear(WIDTH, WIDTH)
        self.second = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 2 * WIDTH)
        self.down = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        n, length, _ = x.shape
        q, k, v = self.qkv(self.first(x)).view(n, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2)) * (WIDTH // HEADS) ** -0.5
        scores = scores.masked_fill(~mask[:, None, None, :], -1e4)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, WIDTH)
        x = x + self.join(mixed)
        return x + self.down(F.relu(self.up(self.second(x))))


class TextTower(nn.Module):
    """(n, length) token ids, 0 is padding -> (n, DIMENSIONS) unit rows.

    A sum over the words, of three parts: the word itself, what the transformer makes of it in its
    place, and a product of two views of that, which binds as the image tower's slots do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.word = nn.Embedding(len(TOKENS), WIDTH)
        self.place = nn.Parameter(torch.randn(MAX_TOKENS, WIDTH) * 0.05)
        self.layers = nn.ModuleList(TextLayer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.alone = nn.Embedding(len(TOKENS), DIMENSIONS)
        self.here = nn.Linear(WIDTH, 3 * DIMENSIONS)
        nn.init.normal_(self.word.weight, std=0.3)
        nn.init.normal_(self.alone.weight, std=0.3)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = tokens > 0
        x = self.word(tokens) + self.place[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x, mask)
        plain, left, right = self.here(self.norm(x)).chunk(3, -1)
        parts = self.alone(tokens) + plain + left * right
        return F.normalize((parts * mask[:, :, None]).sum(1), dim=-1)


class Facts(nn.Module):
    """A point for every fact of captions.FACTS: the scaffold that the towers are built on.

    A fact such as (boat, red, 2) is a noun, a colour and a count, what noun and colour make
    together, and a little of its own. A query is the sum of the facts that it demands. The image
    tower learns against these sums, and the text tower to write them.
    """

    def __init__(self) -> None:
        super().__init__()
        nouns = sorted({noun for noun, _, _ in FACTS})
        colours = sorted({colour for _, colour, _ in FACTS})
        noun = [nouns.index(fact[0]) for fact in FACTS]
        colour = [colours.index(fact[1]) for fact in FACTS]
        count = [fact[2] for fact in FACTS]
        self.register_buffer("parts", torch.tensor([noun, colour, count]), persistent=False)
        self.noun = nn.Embedding(len(nouns), 2 * DIMENSIONS)
        self.colour = nn.Embedding(len(colours), 2 * DIMENSIONS)
        self.count = nn.Embedding(4, DIMENSIONS)
        self.own = nn.Embedding(len(FACTS), DIMENSIONS)
        self.ruled_out = nn.Embedding(len(FACTS), DIMENSIONS)
        for table, spread in (
            (self.noun, 1.0),
            (self.colour, 0.7),
            (self.count, 0.3),
            (self.own, 0.3),
            (self.ruled_out, 0.2),
        ):
            nn.init.normal_(table.weight, std=spread * DIMENSIONS**-0.5)
        # A product of two such numbers would be too small to matter.
        with torch.no_grad():
            self.noun.weight[:, DIMENSIONS:] *= DIMENSIONS**0.25
            self.colour.weight[:, DIMENSIONS:] *= DIMENSIONS**0.25

    def table(self) -> Tensor:
        """(facts, DIMENSIONS); row 0, which is true everywhere, is zero."""
        noun, noun_view = self.noun(self.parts[0]).chunk(2, 1)
        colour, colour_view = self.colour(self.parts[1]).chunk(2, 1)
        count = self.count(self.parts[2])
        count = count * (self.parts[2] > 0)[:, None]
        rows = noun + colour + count + self.own.weight + noun_view * colour_view
        return torch.cat([torch.zeros_like(rows[:1]), rows[1:]])

    def forward(self, required: Tensor, forbidden: Tensor) -> Tensor:
        """(n, k) and (n,) fact numbers -> (n, DIMENSIONS) unit rows."""
        wanted = F.embedding(required, self.table()).sum(1)
        ruled_out = self.ruled_out(forbidden) * (forbidden > 0)[:, None]
        return F.normalize(wanted + ruled_out, dim=-1)


class TwoTowers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.image = ImageTower()
        self.text = TextTower()
        self.facts = Facts()
        self.log_scale = nn.Parameter(torch.tensor(2.7))

    @property
    def scale(self) -> Tensor:
        # Above e^4 the softmax only follows single mistakes.
        return self.log_scale.clamp(max=4.0).exp()
