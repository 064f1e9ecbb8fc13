// A rectangle on the query picture, by mouse, touch or keyboard. Names are only ever set as text.

const SMALLEST = 0.04; // of a side: less is a slip of the finger
const STEP = 0.02;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".region");
  root.send = setTriggerValue;
  const { source, name, region, take } = JSON.parse(new TextDecoder().decode(data));
  const told = JSON.stringify([source, region, take]);
  if (root.told === told) return;
  root.told = told;

  const image = make("img", { src: source, alt: name, title: name, draggable: false });
  const frame = make("div", { className: "frame", tabIndex: 0 });
  frame.setAttribute("role", "application");
  const corners = ["left top", "right top", "left bottom", "right bottom"].map((place) => {
    const corner = make("span", { className: `corner ${place}` });
    corner.dataset.place = place;
    return corner;
  });
  frame.append(...corners);
  const stage = make("div", { className: "stage" });
  stage.append(image, frame);
  const search = make("button", { type: "button", className: "take", textContent: take });
  const whole = make("button", { type: "button", textContent: "Whole picture" });
  const hint = make("p", { className: "hint", textContent: "Drag on the picture to search with a part of it." });
  root.replaceChildren(stage, hint, search, whole);

  let box = region && [...region];

  function show() {
    const drawn = box !== null;
    frame.classList.toggle("drawn", drawn);
    const changed = drawn && JSON.stringify(box) !== JSON.stringify(region);
    search.hidden = !changed;
    whole.hidden = !drawn;
    hint.hidden = drawn;
    const [left, top, right, bottom] = box ?? [0, 0, 1, 1];
    Object.assign(frame.style, {
      left: `${left * 100}%`, top: `${top * 100}%`,
      width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%`,
    });
    const percent = (value) => `${Math.round(value * 100)} %`;
    frame.setAttribute("aria-label", drawn
      ? `Part of the picture, from ${percent(left)} to ${percent(right)} across and ` +
        `${percent(top)} to ${percent(bottom)} down. Arrows move it, Shift and arrows resize it, ` +
        "Enter searches with it, Escape takes it away."
      : "The whole picture. Press an arrow to choose a part of it.");
  }

  function set([left, top, right, bottom]) {
    const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
    box = [round(left), round(top), round(right), round(bottom)];
    show();
  }

  function take_() {
    if (box && !search.hidden) root.send("take", box);
  }

  function clear() {
    box = null;
    show();
    if (region) root.send("whole", true);
  }

  search.onclick = take_;
  whole.onclick = clear;

  const at = (event) => {
    const edge = stage.getBoundingClientRect();
    return [(event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.height];
  };

  // What a press begins: a new rectangle, the movement of the old one, or of one of its corners.
  stage.onpointerdown = (event) => {
    if (event.button) return;
    event.preventDefault();
    frame.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    const start = at(event);
    const before = box;
    const corner = event.target.dataset?.place;
    const inside = before && event.target === frame;
    stage.onpointermove = (moved) => {
      const [x, y] = at(moved);
      if (corner && before) {
        const across = corner.includes("left") ? [x, before[2]] : [before[0], x];
        const down = corner.includes("top") ? [y, before[3]] : [before[1], y];
        set([Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)]);
      } else if (inside) move(before, x - start[0], y - start[1]);
      else {
        set([Math.min(start[0], x), Math.min(start[1], y), Math.max(start[0], x), Math.max(start[1], y)]);
      }
    };
    stage.onpointerup = stage.onpointercancel = () => {
      stage.onpointermove = stage.onpointerup = stage.onpointercancel = null;
      if (box && (box[2] - box[0] < SMALLEST || box[3] - box[1] < SMALLEST)) {
        box = before;
        show();
      }
    };
  };

  function move([left, top, right, bottom], across, down) {
    across = Math.min(1 - right, Math.max(-left, across));
    down = Math.min(1 - bottom, Math.max(-top, down));
    set([left + across, top + down, right + across, bottom + down]);
  }

  frame.onkeydown = (event) => {
    const steps = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const step = steps[event.key];
    if (event.key === "Enter") take_();
    else if (event.key === "Escape" && box) clear();
    else if (step && !box) set([0.25, 0.25, 0.75, 0.75]);
    else if (step && event.shiftKey) {
      const [left, top, right, bottom] = box;
      set([left, top, Math.max(left + SMALLEST, right + step[0]), Math.max(top + SMALLEST, bottom + step[1])]);
    } else if (step) move(box, ...step);
    else return;
    event.preventDefault();
  };

  show();
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
