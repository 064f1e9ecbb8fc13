// The wall in one element: built from 24 separate widgets it kept the browser busy for most of a
// search. Names come from files and are only ever set as text.

// Thumbnails that came along with a search, for the next one that finds the same picture.
const CACHED = 500;
const cache = new Map();

export default function ({ data, parentElement, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  wall.send = setTriggerValue;
  const pictures = JSON.parse(new TextDecoder().decode(data));
  for (const { id, source } of pictures) {
    if (source.startsWith("data:")) cache.set(id, source);
  }
  while (cache.size > CACHED) cache.delete(cache.keys().next().value);
  // A rerun for the larger view leaves the pictures as they are.
  const drawn = JSON.stringify(pictures.map(({ source, ...rest }) => rest));
  if (wall.drawn === drawn) return;
  wall.drawn = drawn;
  const cards = pictures.map((picture) => card(wall, picture));
  // Where some stand out and others do not, a line is drawn between them.
  const calm = pictures.findIndex(({ standsOut }) => !standsOut);
  if (calm > 0) {
    cards.splice(calm, 0, make("p", { className: "line", textContent: "Less alike from here on" }));
  }
  wall.replaceChildren(...cards);
}

// What can be done with a picture: icons with names, because words under 24 pictures are noise.
const ACTIONS = [
  // A picture under a magnifying glass.
  [
    '<a aria-label="More like this" title="More like this">',
    '<circle cx="10" cy="10" r="6.5"/><path d="m15 15 5.5 5.5M6.2 11.8l2.3-2.8 3.6 4.2M11 11l1.5-1.6 1.8 2.2"/>',
  ],
  // Arrows that pull it larger.
  [
    '<button type="button" aria-label="View" title="View">',
    '<path d="M14 4h6v6M20 4l-6.5 6.5M10 20H4v-6M4 20l6.5-6.5"/>',
  ],
  // Another picture put beside the first.
  [
    '<button type="button" aria-label="Compare" title="Compare">',
    '<rect x="3" y="5" width="7.5" height="14" rx="1.5"/><rect x="13.5" y="5" width="7.5" height="14" rx="1.5"/><path d="M17.25 9.75v4.5M15 12h4.5"/>',
  ],
].map(([opening, shapes]) => parse(`${opening}<svg viewBox="0 0 24 24" aria-hidden="true">${shapes}`));

// Parsed once; every picture gets a copy. Never given anything but the markup above.
function parse(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return template.content.firstElementChild;
}

function card(wall, { id, name, source, cosine, more, prominence, standsOut }) {
  const image = make("img", {
    src: cache.get(id) ?? source,
    alt: name,
    title: name,
    decoding: "async",
  });
  image.onclick = () => wall.send("view", id);

  const figure = make("figure", { className: standsOut ? "" : "calm" });
  figure.dataset.picture = id;
  const caption = make("figcaption", {});
  // A file name may hold line breaks; the wall has one line for it.
  const line = name.split(/\s+/).join(" ").trim();
  caption.append(make("span", { className: "name", textContent: line }));
  if (cosine !== null) {
    caption.append("\n", make("span", { className: "cosine", textContent: cosine }));
  }
  if (prominence !== null) {
    const bar = make("span", { className: "bar", title: "How far it stands out" });
    bar.style.setProperty("--share", prominence);
    caption.append(bar);
  }
  figure.append(image, caption, actions(wall, id, more));
  return figure;
}

function actions(wall, id, address) {
  const [more, view, compare] = ACTIONS.map((action) => action.cloneNode(true));
  view.onclick = () => wall.send("view", id);
  compare.onclick = () => wall.send("compare", id);
  const bar = make("div", { className: "actions" });
  bar.append(...(address === null ? [view] : [searchWith(more, address), view, compare]));
  return bar;
}

// A real link, so that it opens in a new tab too. A plain click goes there as the browser's own
// Forward would: the page follows the address, and Back returns to the search.
function searchWith(link, address) {
  link.href = address;
  link.onclick = (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    dispatchEvent(new PopStateEvent("popstate", { state: null }));
    scrollTo({ top: 0 });
  };
  return link;
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
