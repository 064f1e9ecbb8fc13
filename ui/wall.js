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
  const drawn = JSON.stringify(pictures.map(({ id, name, cosine, more }) => [id, name, cosine, more]));
  if (wall.drawn === drawn) return;
  wall.drawn = drawn;
  wall.replaceChildren(...pictures.map((picture) => card(wall, picture)));
}

function card(wall, { id, name, source, cosine, more }) {
  const image = make("img", {
    src: cache.get(id) ?? source,
    alt: name,
    title: name,
    decoding: "async",
  });
  image.onclick = () => wall.send("view", id);
  const view = make("button", { type: "button", textContent: "View" });
  view.onclick = () => wall.send("view", id);
  const compare = make("button", { type: "button", textContent: "Compare" });
  compare.onclick = () => wall.send("compare", id);

  const figure = make("figure", {});
  figure.dataset.picture = id;
  const caption = make("figcaption", {});
  // A file name may hold line breaks; the wall has one line for it.
  const line = name.split(/\s+/).join(" ").trim();
  caption.append(make("span", { className: "name", textContent: line }));
  if (cosine !== null) {
    caption.append("\n", make("span", { className: "cosine", textContent: cosine }));
  }
  const actions = make("div", { className: "actions" });
  actions.append(...(more === null ? [view] : [moreLikeThis(more), view, compare]));
  figure.append(image, caption, actions);
  return figure;
}

// A real link, so that it opens in a new tab too. A plain click goes there as the browser's own
// Forward would: the page follows the address, and Back returns to the search.
function moreLikeThis(address) {
  const link = make("a", { href: address, textContent: "More like this" });
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
