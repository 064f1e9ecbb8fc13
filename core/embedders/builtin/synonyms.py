"""Word tables of the built-in model: synonyms, phrases, stop words, and what lies near the rest."""

from __future__ import annotations


def _table(lines: str) -> dict[str, str]:
    """{"cottage": "house", ...} from lines like "house: cottage cabin hut"."""
    table: dict[str, str] = {}
    for line in lines.strip().splitlines():
        token, words = line.split(":")
        table.update(dict.fromkeys(words.split(), token.strip()))
    return table


# Plurals need no entry, but for irregular ones.
SYNONYMS: dict[str, str] = _table("""
and: with plus beside alongside near besides featuring containing holding having has have & amid
without: no not lacking never nor minus except excluding
in: on at by under over during of across above below behind inside
in: through along among from to onto around into amongst between within beyond
is: are was painted coloured colored that which
house: cottage cabin hut home farmhouse barn bungalow villa lodge chalet shack hutte dwelling
castle: fortress palace chateau fort citadel stronghold
lighthouse: beacon
windmill: mill
bridge: viaduct footbridge aqueduct
boat: ship sailboat yacht vessel dinghy sailing sailship schooner canoe ferry rowboat barge
car: automobile auto sedan taxi cab motorcar coupe
bicycle: bike cycle pushbike
train: locomotive railway railroad tram
balloon: airship montgolfier
cat: kitten kitty tomcat feline tabby
dog: hound puppy pup canine doggy terrier spaniel
horse: pony stallion mare foal steed colt
bird: gull seagull swallow sparrow pigeon crow raven dove swan duck goose geese songbird robin
fish: trout salmon goldfish carp shoal
tree: oak fir birch pine willow poplar cypress spruce evergreen
flower: rose tulip daisy poppy blossom bloom sunflower lily iris dandelion wildflower
apple: apples
pear: pears
lemon: citrus
vase: urn jar jug pitcher
book: novel tome
cup: mug teacup coffeecup beaker goblet
circle: disc disk dot ring round ball sphere
square: box rectangle block
triangle: pyramid triangular
stripe: band line striped bar
wave: ripple wavy
sun: sunshine sunlight
moon: moonlight moonlit crescent
animal: pet creature beast mammal
building: architecture
vehicle: transport
shape: figure
red: crimson scarlet ruby vermilion burgundy carmine maroon cherry
orange: tangerine apricot
yellow: golden gold mustard amber blond saffron
green: emerald lime olive jade mint verdant
blue: navy azure cobalt turquoise teal cyan indigo sapphire ultramarine aquamarine
purple: violet lilac lavender mauve plum
pink: magenta fuchsia rosy rosa coral
brown: chestnut tan chocolate umber sepia bronze wooden russet
black: ebony jet
white: ivory cream pale alabaster
gray: grey silver ash slate silvery
mountains: mountain peak alp alpine mountainous summit
forest: woods wood woodland jungle grove
field: meadow prairie farmland pasture countryside grassland plain grass cornfield
desert: dune sahara sand sandy
snow: snowy wintry winter winterly snowbound snowcovered
coast: beach shore seaside cliff coastline bay harbour harbor seashore coastal shoreline
river: stream creek brook canal riverbank
lake: pond lakeside lakeshore lagoon
sea: ocean seascape marine maritime
village: hamlet
city: town skyline downtown urban metropolis street cityscape
garden: park yard backyard orchard gardens
table: tabletop desk indoors
abstract: geometric geometrical nonfigurative
hill: hillside hilltop slope
water: waters
landscape: scenery
dawn: morning sunrise daybreak
day: daytime noon midday daylight afternoon
sunset: dusk evening twilight sundown nightfall
night: midnight nighttime nocturnal starry starlit nightly dark
clear: fair cloudless
rain: rainy drizzle shower raining rainfall downpour
snowfall: snowing snowflake blizzard
storm: stormy thunder thunderstorm lightning tempest gale
fog: foggy mist misty haze hazy
oil: oils impasto
watercolour: watercolor aquarelle gouache
woodcut: linocut woodblock engraving
pastel: pastels crayon chalk
poster: flat graphic
pointillism: pointillist pointillistic divisionist divisionism dotted
ink wash: ink sumi
calm: peaceful serene tranquil quiet still
gloomy: bleak dreary melancholy sombre somber moody
warm: glowing cosy cozy
cold: icy chilly frosty freezing
dramatic: wild
one: single lone lonely solitary 1
two: pair couple both twin 2
three: trio triple 3
fruit: fruits
""")

PHRASES: dict[str, tuple[str, ...]] = {
    "hot air balloon": ("balloon",),
    "hot air balloons": ("balloon",),
    "hot air": ("balloon",),
    "ink wash": ("ink wash",),
    "ink painting": ("ink wash",),
    "ink drawing": ("ink wash",),
    "sail boat": ("boat",),
    "sail boats": ("boat",),
    "sailing boat": ("boat",),
    "sailing boats": ("boat",),
    "sailing ship": ("boat",),
    "fishing boat": ("boat",),
    "fishing boats": ("boat",),
    "rowing boat": ("boat",),
    "light house": ("lighthouse",),
    "wind mill": ("windmill",),
    "still life": ("table",),
    "still lifes": ("table",),
    "still lives": ("table",),
    "city skyline": ("city",),
    "falling snow": ("snowfall",),
    "snow falling": ("snowfall",),
    "snow is falling": ("snowfall",),
    "snow fall": ("snowfall",),
    "snow storm": ("snowfall",),
    "snow white": ("white",),
    "full moon": ("moon",),
    "half moon": ("moon",),
    "crescent moon": ("moon",),
    "setting sun": ("sunset",),
    "rising sun": ("dawn",),
    "rainy day": ("rain",),
    "foggy day": ("fog",),
    "stormy day": ("storm",),
    "snowy day": ("snow",),
    "winter day": ("snow",),
    "clear day": ("clear", "day"),
    "sun set": ("sunset",),
    "sun rise": ("dawn",),
    "sunny day": ("clear", "day"),
    "starry sky": ("night",),
    "clear sky": ("clear",),
    "clear skies": ("clear",),
    "blue sky": ("clear", "day"),
    "night sky": ("night",),
    "navy blue": ("blue",),
    "sky blue": ("blue",),
    "royal blue": ("blue",),
    "golden yellow": ("yellow",),
    "lime green": ("green",),
    "forest green": ("green",),
    "coal black": ("black",),
    "jet black": ("black",),
    "oil painting": ("oil",),
    "oil paintings": ("oil",),
    "oil paint": ("oil",),
    "in oils": ("in", "oil"),
    "wood cut": ("woodcut",),
    "wood block": ("woodcut",),
    "water colour": ("watercolour",),
    "water color": ("watercolour",),
    "next to": ("and",),
    "together with": ("and",),
    "as well as": ("and",),
    "along with": ("and",),
    "in front of": ("in",),
    "on top of": ("in",),
    "but no": ("without",),
    "but not": ("without",),
    "and no": ("without",),
    "with no": ("without",),
    "with out": ("without",),
    "free of": ("without",),
    "there is no": ("without",),
    "there are no": ("without",),
    "is not": ("without",),
    "are not": ("without",),
    "the rose colour": ("pink",),
    "rose coloured": ("pink",),
    "a couple of": ("two",),
    "couple of": ("two",),
    "a pair of": ("two",),
    "pair of": ("two",),
    "open sea": ("sea",),
    "open water": ("sea",),
    "sea shore": ("coast",),
    "by the sea": ("in", "coast"),
    "by the seaside": ("in", "coast"),
    "river bank": ("river",),
    "in the rain": ("in", "rain"),
    "mountain range": ("mountains",),
    "steam train": ("train",),
    "steam engine": ("train",),
    "at daytime": ("in", "day"),
    "one can see": (),
    "early morning": ("dawn",),
    "late evening": ("sunset",),
    "bad weather": ("storm",),
}

# Words that a person may write and that change nothing.
STOP_WORDS: frozenset[str] = frozenset(
    """
a an the this these those it its there here i me my we us you your he she they them his her
show find want see look search please give get some any all very really quite rather so just only
also too then than as but or for about be being been am do does did can could would will shall may
might should let like picture pictures image images photo photos photograph painting paintings
drawing artwork art canvas scene view print pic pics something where when while who
set placed standing stands stand sitting sits sit lying lies lie floating floats float flies
flying fly parked growing grows grow seen shown showing shows depicting depicts made done style
technique manner composition sky weather colour color colours colors background foreground
out up down off away early late somewhere high deep
im id looking s t d ll re ve m drawn rendered
""".split()
)

# What to offer for words that it does not know. Known words only (a test checks it).
RELATED: dict[str, tuple[str, ...]] = {
    "bench": ("table", "garden"),
    "chair": ("table",),
    "sofa": ("table",),
    "person": ("dog", "cat"),
    "people": ("city", "village"),
    "man": ("dog", "horse"),
    "woman": ("flower", "cat"),
    "child": ("balloon", "dog"),
    "girl": ("flower", "cat"),
    "boy": ("dog", "balloon"),
    "portrait": ("cat", "dog"),
    "face": ("cat", "moon"),
    "mosaic": ("pointillism", "abstract"),
    "impressionist": ("oil", "pointillism"),
    "impressionism": ("oil", "pointillism"),
    "cubism": ("abstract", "square"),
    "sketch": ("pastel", "ink wash"),
    "pencil": ("pastel", "ink wash"),
    "bus": ("car", "train"),
    "truck": ("car", "train"),
    "lorry": ("car", "train"),
    "motorbike": ("bicycle", "car"),
    "motorcycle": ("bicycle", "car"),
    "scooter": ("bicycle",),
    "plane": ("balloon", "bird"),
    "airplane": ("balloon", "bird"),
    "aeroplane": ("balloon", "bird"),
    "helicopter": ("balloon",),
    "rocket": ("balloon", "moon"),
    "cow": ("horse", "field"),
    "sheep": ("horse", "field"),
    "goat": ("horse", "mountains"),
    "pig": ("horse", "dog"),
    "donkey": ("horse",),
    "zebra": ("horse", "stripe"),
    "deer": ("horse", "forest"),
    "wolf": ("dog", "forest"),
    "fox": ("dog", "forest"),
    "bear": ("dog", "forest"),
    "lion": ("cat",),
    "tiger": ("cat",),
    "rabbit": ("cat", "dog"),
    "mouse": ("cat",),
    "whale": ("fish", "sea"),
    "dolphin": ("fish", "sea"),
    "shark": ("fish", "sea"),
    "butterfly": ("flower", "bird"),
    "bee": ("flower",),
    "chicken": ("bird",),
    "owl": ("bird", "night"),
    "eagle": ("bird", "mountains"),
    "church": ("castle", "village"),
    "chapel": ("castle", "house"),
    "cathedral": ("castle", "city"),
    "temple": ("castle",),
    "tower": ("lighthouse", "castle"),
    "skyscraper": ("city",),
    "school": ("house",),
    "tent": ("house", "triangle"),
    "road": ("car", "city"),
    "path": ("forest", "garden"),
    "island": ("sea", "coast"),
    "waterfall": ("river", "mountains"),
    "glacier": ("snow", "mountains"),
    "ice": ("snow", "cold"),
    "volcano": ("mountains",),
    "valley": ("mountains", "river"),
    "rock": ("coast", "mountains"),
    "stone": ("coast", "mountains"),
    "sail": ("boat",),
    "leaf": ("tree", "forest"),
    "leaves": ("tree", "forest"),
    "bush": ("tree", "garden"),
    "plant": ("flower", "tree"),
    "cactus": ("desert",),
    "palm": ("tree", "coast"),
    "bouquet": ("flower", "vase"),
    "banana": ("lemon", "fruit"),
    "grape": ("apple", "fruit"),
    "strawberry": ("apple", "fruit"),
    "peach": ("apple", "orange"),
    "bread": ("table", "apple"),
    "wine": ("cup", "table"),
    "bottle": ("vase", "cup"),
    "glass": ("cup", "vase"),
    "plate": ("table", "circle"),
    "coffee": ("cup", "brown"),
    "tea": ("cup",),
    "food": ("fruit", "table"),
    "library": ("book",),
    "letter": ("book",),
    "candle": ("vase", "warm"),
    "cloud": ("storm", "fog"),
    "cloudy": ("storm", "fog"),
    "overcast": ("storm", "rain"),
    "wind": ("storm", "windmill"),
    "windy": ("storm", "windmill"),
    "rainbow": ("rain", "clear"),
    "star": ("night", "moon"),
    "planet": ("moon", "circle"),
    "fire": ("red", "warm"),
    "autumn": ("orange", "forest"),
    "fall": ("orange", "forest"),
    "spring": ("flower", "garden"),
    "summer": ("field", "warm"),
    "sad": ("gloomy", "rain"),
    "happy": ("warm", "sun"),
    "romantic": ("sunset", "warm"),
    "mysterious": ("fog", "night"),
    "scary": ("storm", "night"),
    "hot": ("desert", "warm"),
    "oval": ("circle",),
    "hexagon": ("square", "triangle"),
    "star-shaped": ("triangle",),
    "spiral": ("wave", "circle"),
    "curve": ("wave",),
    "grid": ("square", "stripe"),
    "four": ("three",),
    "five": ("three",),
    "dozen": ("three",),
    "beige": ("brown", "white"),
    "colourful": ("abstract",),
    "colorful": ("abstract",),
    "phone": ("book",),
    "computer": ("book", "table"),
    "necklace": ("circle",),
    "jewelry": ("circle",),
    "sunny": ("sun", "day"),
}
