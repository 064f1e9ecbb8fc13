// The wall in one element: built from 24 separate widgets it kept the browser busy for most of a
// search. Names come from files and are only ever set as text.

// Thumbnails that came along with a search, for the next one that finds the same picture.
const CACHED = 500;
const cache = new Map();

// The number of the last choice that was made here; Python answers with the last that it has taken.
let turn = 0;

export default function ({ data, parentElement, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  wall.send = setTriggerValue;
  const { pictures, groups, composed, taken } = JSON.parse(new TextDecoder().decode(data));
  for (const { id, source } of pictures) {
    if (source.startsWith("data:")) cache.set(id, source);
  }
  while (cache.size > CACHED) cache.delete(cache.keys().next().value);
  // A rerun for the larger view or a choice leaves the pictures as they are.
  const drawn = JSON.stringify([composed, groups, pictures.map(({ source, selected, ...rest }) => rest)]);
  if (wall.drawn !== drawn) {
    wall.drawn = drawn;
    draw(wall, pictures, groups, composed);
  } else if (taken < turn) {
    // What was chosen here since is newer than what Python says.
    return;
  }
  wall.querySelectorAll("figure").forEach((figure, place) => mark(figure, pictures[place].selected));
}

function draw(wall, pictures, groups, composed) {
  const cards = pictures.map((picture) => card(wall, picture, composed));
  // Where some stand out and others do not, a line is drawn between them.
  const calm = pictures.findIndex(({ standsOut }) => !standsOut);
  if (calm > 0) {
    cards.splice(calm, 0, make("p", { className: "line", textContent: "Less alike from here on" }));
  }
  wall.replaceChildren(...(groups.length ? grouped(cards, groups) : cards));
}

// Pictures that belong together stand in a box below its title; two or three boxes share a row.
function grouped(cards, groups) {
  let first = 0;
  return groups.map(({ title, size }) => {
    const box = make("div", { className: "group", role: "group", ariaLabel: title });
    box.dataset.size = Math.min(size, 3);
    const heading = make("p", { className: "title", textContent: title });
    box.append(heading, ...cards.slice(first, (first += size)));
    return box;
  });
}

// What can be done with a picture: icons with names, because words under 24 pictures are noise.
const [MORE, VIEW, COMPARE, ADD, LESS, SELECT] = [
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
  [
    '<button type="button" aria-label="Add to the query" title="Add to the query">',
    '<path d="M12 5v14M5 12h14"/>',
  ],
  [
    '<button type="button" aria-label="Less like this" title="Less like this">',
    '<path d="M5 12h14"/>',
  ],
  // A tick, in a circle that the style draws.
  [
    '<button type="button" class="select" aria-label="Select" title="Select" aria-pressed="false">',
    '<path d="m6.5 12.5 3.8 3.8 7.4-8.2"/>',
  ],
].map(([opening, shapes]) => parse(`${opening}<svg viewBox="0 0 24 24" aria-hidden="true">${shapes}`));

// Parsed once; every picture gets a copy. Never given anything but the markup above.
function parse(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return template.content.firstElementChild;
}

function card(wall, picture, composed) {
  const { id, name, source, cosine, prominence, standsOut, alike, facts } = picture;
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
  for (const fact of facts) {
    caption.append("\n", make("span", { className: "fact", textContent: fact }));
  }
  if (prominence !== null) {
    const bar = make("span", { className: "bar", title: "How far it stands out" });
    bar.style.setProperty("--share", prominence);
    caption.append(bar);
  }
  figure.append(image, button(SELECT, () => choose(wall, figure)), caption);
  if (alike) {
    const more = make("button", { type: "button", className: "alike" });
    more.textContent = `+${alike} near-identical`;
    more.onclick = () => wall.send("alike", id);
    figure.append(more);
  }
  figure.append(...actions(wall, picture, composed));
  return figure;
}

// The corners of a picture: what leads on from it and, in a composed search, what it does there.
function actions(wall, { id, more }, composed) {
  const send = (name) => () => wall.send(name, id);
  const view = button(VIEW, send("view"));
  if (more === null) return [bar("actions", view)];
  const on = [searchWith(MORE.cloneNode(true), more), view, button(COMPARE, send("compare"))];
  if (!composed) return [bar("actions", ...on)];
  const query = [button(ADD, send("add")), button(LESS, send("less"))];
  return [bar("actions", ...on), bar("actions query", ...query)];
}

function bar(className, ...children) {
  const bar = make("div", { className });
  bar.append(...children);
  return bar;
}

function button(action, onclick) {
  return Object.assign(action.cloneNode(true), { onclick });
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

// Shown at once. All that is selected here is sent, not the one change: where two are sent soon
// after each other, only the second arrives.
function choose(wall, figure) {
  const selected = !figure.classList.contains("selected");
  // In groups a picture may hang more than once.
  for (const one of wall.querySelectorAll("figure")) {
    if (one.dataset.picture === figure.dataset.picture) mark(one, selected);
  }
  const ids = [...wall.querySelectorAll(".selected")].map((one) => one.dataset.picture);
  wall.send("select", { turn: ++turn, ids });
}

function mark(figure, selected) {
  figure.classList.toggle("selected", selected);
  figure.querySelector(".select").ariaPressed = String(selected);
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
