// A map of pictures on a canvas. The pictures are painted into a scene that is larger than the
// canvas; while the map moves, only the scene is moved, and a new one is painted a little in each
// frame. Names come from files and visitors and are only ever set as text.

// Lengths in CSS pixels.
const PADDING = 36; // around the whole map, so that pictures at its edge are seen
const SMALLEST = 7; // side of a picture, however many there are
const LARGEST_AT_FIRST = 96; // side of a picture on the whole map, however few there are
const LARGEST = 240; // side of a picture at the deepest zoom
const SLIP = 5; // a pointer that moves less has clicked

const COVERED = 0.4; // share of the whole map that pictures may cover
// Pictures grow more slowly than the distances between them, so that they come apart.
const GROWTH = 0.8;
const MARGIN = 0.3; // of the canvas, on each side of a scene
const EDGE = 0.1; // of the canvas: nearer to the edge of the scene, a new one is begun
// Painting of a new scene in one frame, of the 16 ms that there are: what is told to the canvas in
// that time takes it as long again. The first scene has nothing to keep moving.
const SLICE_MS = 3;
const FIRST_SLICE_MS = 12;
const AT_ONCE = 32; // pictures painted between two looks at the clock
const DIMMED = 0.14;
const FRAME = 0.09; // of a picture's side, where a column colours the map
const BUCKETS = 64; // on each side of the index that finds the picture under the pointer
const NEAR_KEPT = 120; // thumbnails kept for pictures that are seen near, some 0.3 MB each
const LOADING = 6; // of them at once: as many as a browser asks one server for
const RETRY_MS = 300; // until a sheet is asked for again that is still in the making
const RETRIES = 300;
const REPORT_MS = 500; // without a movement, before the view is reported
const ACTED_MS = 2000; // after something was done: a busy server takes of two reports the later only
const GLIDE_MS = 180;
const RESTING_MS = 90; // without a change of the zoom, before it is painted sharply
const LONGEST_LIST = 300; // names, where nothing can be drawn

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".collection-map");
  root.send = setTriggerValue;
  const told = new TextDecoder().decode(data);
  // Streamlit says the same again when the theme changes: the colours may be others.
  if (root.told === told) return root.map.request?.();
  root.told = told;
  root.map ??= make("canvas").getContext("2d") ? new CollectionMap(root) : new PlainList(root);
  root.map.show(JSON.parse(told));
}

class CollectionMap {
  constructor(root) {
    this.root = root;
    this.mode = "move";
    this.sheets = new Map(); // address -> ImageBitmap
    this.near = new Map(); // row -> ImageBitmap, the oldest first; null while it is loaded
    this.loading = 0;
    this.pointers = new Map();
    this.version = 0; // of all that a scene shows
    this.scene = this.building = null;
    this.hovered = -1;
    this.selected = new Set();
    this.addElements();
    this.listen();
    // For tests and measurements: where a picture lies in the window, and whether all is painted.
    root.placeOf = (id) => this.placeOf(id);
    root.isSettled = () => this.isSettled();
  }

  // -- elements

  addElements() {
    this.canvas = make("canvas", { tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.ariaRoleDescription = "map";
    this.ctx = this.canvas.getContext("2d");
    this.regionList = make("ul", { className: "regions", ariaLabel: "Regions" });
    this.tip = make("div", { className: "tip", hidden: true });
    this.tipImage = make("img", { alt: "", decoding: "async" });
    this.tipImage.onerror = () => (this.tipImage.hidden = true);
    this.tipName = make("span");
    this.tip.append(this.tipImage, this.tipName);
    this.message = make("p", { className: "message", textContent: "Loading the map …" });
    this.edges = ["left", "right", "bottom", "top"].map((side) =>
      make("span", { className: `edge ${side}`, hidden: true }),
    );
    this.status = make("p", { className: "unseen" });
    this.status.setAttribute("aria-live", "polite");
    this.chosen = make("ul", { className: "chosen", ariaLabel: "Selected pictures" });
    const stage = make("div", { className: "stage" });
    stage.append(
      this.canvas, this.regionList, ...this.edges, this.tools(), this.tip, this.message,
    );
    this.stage = stage;
    this.root.replaceChildren(stage, this.status, this.chosen);
  }

  tools() {
    const tools = make("div", { className: "tools" });
    const action = (name, shape, onclick) => {
      const button = icon(name, shape);
      button.onclick = onclick;
      return button;
    };
    const modes = [
      ["move", "Move the map", '<path d="M12 3v18M3 12h18M12 3 9.5 5.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5"/>'],
      ["rectangle", "Select a rectangle", '<rect x="4" y="6" width="16" height="12" rx="1" stroke-dasharray="3 2.4"/>'],
      ["lasso", "Select by drawing around", '<path d="M7.5 16.5C4 15.500 3 13 3.500 10.500 4.300 6.500 8.500 4.500 13 4.500c4.500 0 8 2.300 8 5.800 0 3.700-4 6.200-9 6.200-1.500 0-3-.2-4.500 0Zm0 0c-1.500 1-1.500 3.500.5 4"/>'],
    ];
    this.modes = modes.map(([mode, name, shape]) => {
      const button = action(name, shape, () => this.choose(mode));
      button.dataset.mode = mode;
      return button;
    });
    tools.append(
      action("Zoom in", '<path d="M12 5v14M5 12h14"/>', () => this.glide(1.6)),
      action("Zoom out", '<path d="M5 12h14"/>', () => this.glide(1 / 1.6)),
      action("Whole map", '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>', () => this.whole()),
      make("hr"),
      ...this.modes,
    );
    this.choose("move");
    this.toolbar = tools;
    return tools;
  }

  choose(mode) {
    this.mode = mode;
    for (const button of this.modes) button.ariaPressed = String(button.dataset.mode === mode);
    this.canvas.dataset.mode = mode;
  }

  // -- what Python says

  async show(payload) {
    const before = this.payload;
    this.payload = payload;
    this.selected = new Set(payload.selected);
    if (before?.points !== payload.points) {
      this.points = null;
      if (!(await this.load(payload))) return;
    }
    if (!this.points) return; // still on its way, and then shown with the newest payload
    this.arrange(before?.points === payload.points ? before : null);
  }

  async load(payload) {
    this.near.clear();
    this.message.hidden = false;
    this.message.textContent = "Loading the map …";
    let found;
    try {
      const answer = await fetch(payload.points);
      if (!answer.ok) throw new Error(answer.statusText);
      found = await answer.json();
    } catch {
      if (this.payload.points !== payload.points) return false;
      const again = make("button", { type: "button", textContent: "Try again" });
      again.onclick = () => this.load(payload).then((there) => there && this.arrange(null));
      this.message.replaceChildren("The map could not be loaded. ", again);
      return false;
    }
    if (this.payload.points !== payload.points) return false; // asked for another one meanwhile
    this.points = unpack(found);
    this.message.hidden = this.points.count > 0;
    this.message.textContent = "There is no picture to draw.";
    return true;
  }

  // The payload's parts, once its points are there.
  arrange(before) {
    const { payload, points } = this;
    this.lit = payload.lit && new Set(payload.lit);
    // What is lit lies on top.
    this.order = Uint32Array.from(points.x.keys());
    if (this.lit) this.order.sort((a, b) => this.lit.has(a) - this.lit.has(b) || a - b);
    this.findExtent();
    this.drawRegions();
    this.edges.forEach((edge, number) => {
      edge.hidden = !payload.axes;
      if (payload.axes) edge.textContent = payload.axes[number];
    });
    const told = JSON.stringify(payload.view);
    // A view that Python only repeats is older than where the map has been moved to since.
    if (!before || told !== this.viewTold) {
      if (payload.view) [this.x, this.y, this.zoom] = payload.view;
      else if (!before || this.viewTold !== undefined) this.reset();
    }
    this.viewTold = told;
    this.showSelected();
    this.canvas.ariaLabel =
      `Map of ${points.count.toLocaleString("en")} pictures. Arrows move it, plus and minus zoom, ` +
      "0 shows all of it, Enter opens the picture in the middle, Space selects it.";
    this.loadSheets();
    this.version++;
    this.resize();
  }

  findExtent() {
    const { query, texts } = this.payload;
    const others = [...texts, ...(query ? [query] : [])];
    const across = [0, 1, ...others.map(({ x }) => x)];
    const down = [0, 1, ...others.map(({ y }) => y)];
    const [left, right] = [Math.min(...across), Math.max(...across)];
    const [top, bottom] = [Math.min(...down), Math.max(...down)];
    this.extent = { left, top, width: right - left, height: bottom - top };
  }

  reset() {
    const { left, top, width, height } = this.extent;
    [this.x, this.y, this.zoom] = [left + width / 2, top + height / 2, 1];
  }

  loadSheets() {
    const wanted = new Set(this.payload.sheets.filter(Boolean));
    for (const [address, sheet] of this.sheets) {
      if (!wanted.has(address)) {
        sheet?.close();
        this.sheets.delete(address);
      }
    }
    for (const address of wanted) {
      if (this.sheets.has(address)) continue;
      this.sheets.set(address, null);
      this.loadSheet(address, RETRIES);
    }
  }

  async loadSheet(address, retries) {
    const sheet = await bitmap(address);
    if (!this.sheets.has(address)) sheet?.close();
    else if (sheet) {
      this.sheets.set(address, sheet);
      this.root.dataset.sheets = [...this.sheets.values()].filter(Boolean).length;
      this.changed();
    } else if (retries && this.root.isConnected) {
      setTimeout(() => this.loadSheet(address, retries - 1), RETRY_MS);
    }
  }

  // -- lengths and places

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !this.points) return;
    [this.width, this.height] = [clientWidth, clientHeight];
    this.density = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [clientWidth, clientHeight].map((side) => Math.round(side * this.density));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.version++;
    }
    // The whole map lies beside the tools, which stand in a row on a narrow screen.
    const inRow = this.toolbar.offsetWidth > this.toolbar.offsetHeight;
    const [right, bottom] = inRow ? [0, this.toolbar.offsetHeight] : [this.toolbar.offsetWidth, 0];
    const [across, down] = [
      Math.max(1, clientWidth - 2 * PADDING - right),
      Math.max(1, clientHeight - 2 * PADDING - bottom),
    ];
    this.floor = clientHeight - 3 - (bottom && bottom + 10); // where numbers of the scale stand
    [this.middleX, this.middleY] = [PADDING + across / 2, PADDING + down / 2];
    this.unitX = across / this.extent.width;
    this.unitY = down / this.extent.height;
    const fitting = Math.sqrt((COVERED * across * down) / Math.max(1, this.points.count));
    this.base = Math.min(LARGEST_AT_FIRST, Math.max(SMALLEST, fitting));
    this.deepest = (LARGEST / this.base) ** (1 / GROWTH);
    this.stay();
    this.request();
  }

  // The middle of the view stays on the map.
  stay() {
    this.zoom = Math.min(this.deepest, Math.max(1, this.zoom));
    const { left, top, width, height } = this.extent;
    const room = (1 - 0.5 / this.zoom) / 2;
    const within = (value, start, length) =>
      Math.min(start + length * (0.5 + room), Math.max(start + length * (0.5 - room), value));
    this.x = within(this.x, left, width);
    this.y = within(this.y, top, height);
  }

  side(zoom = this.zoom) {
    return this.base * zoom ** GROWTH;
  }

  toScreen(x, y) {
    return [
      this.middleX + (x - this.x) * this.unitX * this.zoom,
      this.middleY + (y - this.y) * this.unitY * this.zoom,
    ];
  }

  toMap(across, down) {
    return [
      this.x + (across - this.middleX) / (this.unitX * this.zoom),
      this.y + (down - this.middleY) / (this.unitY * this.zoom),
    ];
  }

  placeOf(id) {
    const row = this.points?.rows.get(id);
    if (row === undefined) return null;
    const [x, y] = this.toScreen(this.points.x[row], this.points.y[row]);
    const edge = this.canvas.getBoundingClientRect();
    return { x: edge.left + x, y: edge.top + y, side: this.side() };
  }

  // The picture that is seen at this place, or -1.
  pick(across, down) {
    const { points } = this;
    if (!points) return -1;
    const half = this.side() / 2;
    const [x, y] = this.toMap(across, down);
    const [reachX, reachY] = [half / (this.unitX * this.zoom), half / (this.unitY * this.zoom)];
    let found = -1;
    points.within(x - reachX, y - reachY, x + reachX, y + reachY, (row) => {
      const [left, top] = this.toScreen(points.x[row], points.y[row]);
      const [width, height] = sides(half, points.ratio[row]);
      if (Math.abs(left - across) > width || Math.abs(top - down) > height) return;
      if (found < 0 || this.rank(row) > this.rank(found)) found = row;
    });
    return found;
  }

  rank(row) {
    return (this.lit?.has(row) ? this.points.count : 0) + row;
  }

  nearestToMiddle() {
    const { points } = this;
    let [found, least] = [-1, Infinity];
    for (let row = 0; row < points.count; row++) {
      const across = (points.x[row] - this.x) * this.unitX;
      const down = (points.y[row] - this.y) * this.unitY;
      const distance = across * across + down * down;
      if (distance < least) [found, least] = [row, distance];
    }
    return found;
  }

  // -- painting

  request() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  changed() {
    this.version++;
    this.request();
  }

  isSettled() {
    return Boolean(
      this.points && this.scene && !this.building && !this.frame && !this.gliding &&
        this.scene.zoom === this.zoom && this.fits(this.scene) && [...this.sheets.values()].every(Boolean),
    );
  }

  paint() {
    if (!this.points || !this.width) return;
    this.readColours();
    this.move();
    if (!this.building && !this.fits(this.scene)) this.begin();
    if (this.building) this.go();
    const { ctx, density } = this;
    ctx.setTransform(density, 0, 0, density, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    this.taken = [];
    this.drawScale(false);
    if (this.scene) this.drawScene(this.scene);
    this.drawScale(true);
    this.drawOver();
    this.placeRegions();
    if (this.building || this.gliding) this.request();
  }

  readColours() {
    const style = getComputedStyle(this.root);
    const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    this.font = style.fontFamily;
    const colours = {
      text: read("--st-text-color", style.color),
      ground: read("--st-background-color", "#fff"),
      primary: read("--st-primary-color", "#a03a24"),
    };
    if (JSON.stringify(colours) === JSON.stringify(this.colours)) return;
    this.colours = colours;
    this.version++;
  }

  // Whether a scene shows what is to be seen, with some room around it. While the map is being
  // zoomed, one of about the same size does: each new one would be old before it is painted.
  fits(scene) {
    if (!scene || scene.version !== this.version) return false;
    const ratio = this.zoom / scene.zoom;
    const zooming = performance.now() - this.zoomedAt < RESTING_MS;
    if (ratio !== 1 && !(zooming && ratio > 0.8 && ratio < 1.5)) return false;
    const room = (0.5 + MARGIN) * ratio - 0.5 - EDGE;
    const across = Math.abs(scene.x - this.x) * this.unitX * this.zoom;
    const down = Math.abs(scene.y - this.y) * this.unitY * this.zoom;
    return across <= room * this.width && down <= room * this.height;
  }

  begin() {
    const canvas = this.spare ?? make("canvas");
    this.spare = null;
    const factor = 1 + 2 * MARGIN;
    const width = Math.round(this.canvas.width * factor);
    const height = Math.round(this.canvas.height * factor);
    const ctx = canvas.getContext("2d");
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    else {
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.globalAlpha = 1;
      ctx.clearRect(0, 0, width, height);
    }
    ctx.setTransform(this.density, 0, 0, this.density, width / 2, height / 2);
    this.building = {
      canvas, ctx, next: 0,
      width: this.width * factor, height: this.height * factor,
      x: this.x, y: this.y, zoom: this.zoom, version: this.version,
    };
    this.paintRegions(this.building);
  }

  go() {
    const { building, points, payload, order } = this;
    const { ctx, width, height, zoom } = building;
    const [scaleX, scaleY] = [this.unitX * zoom, this.unitY * zoom];
    const side = this.side(zoom);
    const { cell, columns, perSheet } = payload;
    const near = payload.thumbs && side * this.density > cell * 1.25;
    const [reachX, reachY] = [width / 2 + side, height / 2 + side];
    const ends = performance.now() + (this.scene ? SLICE_MS : FIRST_SLICE_MS);
    let painted = 0;
    ctx.imageSmoothingQuality = "medium";
    for (; building.next < order.length; building.next++) {
      const row = order[building.next];
      const x = (points.x[row] - building.x) * scaleX;
      const y = (points.y[row] - building.y) * scaleY;
      if (x < -reachX || x > reachX || y < -reachY || y > reachY) continue;
      if (++painted % AT_ONCE === 0 && performance.now() > ends) return;
      ctx.globalAlpha = !this.lit || this.lit.has(row) ? 1 : DIMMED;
      const [w, h] = sides(side, points.ratio[row]);
      const own = near ? this.ownThumbnail(row) : null;
      const sheet = this.sheets.get(payload.sheets[Math.floor(row / perSheet)]);
      if (own) ctx.drawImage(own, x - w / 2, y - h / 2, w, h);
      else if (sheet) {
        const number = row % perSheet;
        const left = (number % columns) * cell;
        const top = Math.floor(number / columns) * cell;
        ctx.drawImage(sheet, left, top, cell, cell, x - w / 2, y - h / 2, w, h);
      } else {
        ctx.globalAlpha *= 0.3;
        ctx.fillStyle = this.colours.text;
        ctx.fillRect(x - w / 2, y - h / 2, w, h);
      }
      const colour = payload.palette?.[payload.colours[row]];
      if (colour) {
        ctx.lineWidth = Math.max(1.5, side * FRAME);
        ctx.strokeStyle = colour;
        ctx.strokeRect(x - w / 2, y - h / 2, w, h);
      }
    }
    if (this.scene) this.spare = this.scene.canvas;
    this.scene = building;
    this.building = null;
    // The map may have been moved on since this scene was begun.
    if (!this.fits(this.scene)) this.request();
  }

  drawScene(scene) {
    const factor = this.zoom / scene.zoom;
    const [width, height] = [scene.width * factor, scene.height * factor];
    const [x, y] = this.toScreen(scene.x, scene.y);
    this.ctx.drawImage(scene.canvas, x - width / 2, y - height / 2, width, height);
  }

  // The thumbnail of a picture that is seen near; null until it is there.
  ownThumbnail(row) {
    const known = this.near.get(row);
    if (known !== undefined) {
      this.near.delete(row); // the last used is the last to go
      this.near.set(row, known);
      return known;
    }
    if (this.loading < LOADING) {
      this.loading++;
      this.near.set(row, null);
      const { points } = this;
      bitmap(`${this.payload.thumbs}${points.id(row)}.jpg`).then((image) => {
        this.loading--;
        if (points !== this.points || !this.near.has(row)) return image?.close();
        if (image) this.near.set(row, image);
        // Until its file is written, its cell on the sheet is drawn.
        else return setTimeout(() => this.near.get(row) ?? this.near.delete(row), RETRY_MS);
        for (const [other, old] of this.near) {
          if (this.near.size <= NEAR_KEPT) break;
          old?.close();
          this.near.delete(other);
        }
        clearTimeout(this.repaint);
        this.repaint = setTimeout(() => this.changed(), 60);
      });
    }
    return null;
  }

  paintRegions({ ctx, x, y, zoom }) {
    ctx.lineJoin = "round";
    this.payload.regions.forEach(({ outlines }, number) => {
      ctx.beginPath();
      for (const outline of outlines) {
        outline.forEach(([across, down], place) => {
          const at = [(across - x) * this.unitX * zoom, (down - y) * this.unitY * zoom];
          if (place) ctx.lineTo(...at);
          else ctx.moveTo(...at);
        });
        ctx.closePath();
      }
      // Opaque, so that the edge, which lies over the inside, has the same tint.
      ctx.fillStyle = ctx.strokeStyle =
        `color-mix(in srgb, hsl(${hue(number)} 60% 50%) 16%, ${this.colours.ground})`;
      // Pictures at the edge reach beyond the outline by a part of their side.
      ctx.lineWidth = this.side(zoom) * 0.4;
      ctx.fill();
      ctx.stroke();
    });
  }

  // What lies over the pictures: few things, drawn anew in each frame.
  drawOver() {
    const { ctx, points, payload, colours } = this;
    const half = this.side() / 2;
    const outline = (row, width, colour) => {
      const [x, y] = this.toScreen(points.x[row], points.y[row]);
      const [w, h] = sides(half, points.ratio[row]);
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.strokeRect(x - w, y - h, 2 * w, 2 * h);
    };
    for (const id of this.selected) {
      const row = points.rows.get(id);
      if (row !== undefined) outline(row, half > 8 ? 3 : 2, colours.primary);
    }
    if (payload.query) {
      const { label, x, y, nearest } = payload.query;
      const [across, down] = this.toScreen(x, y);
      ctx.strokeStyle = colours.primary;
      ctx.lineWidth = 1.5;
      ctx.globalAlpha = 0.75;
      ctx.beginPath();
      for (const row of nearest) {
        ctx.moveTo(across, down);
        ctx.lineTo(...this.toScreen(points.x[row], points.y[row]));
      }
      ctx.stroke();
      ctx.globalAlpha = 1;
      this.label(label, across, down, 9, true);
    }
    for (const { text, x, y } of payload.texts) this.label(text, ...this.toScreen(x, y), 5);
    const held = this.keyed() ? this.nearestToMiddle() : this.hovered;
    if (held >= 0) outline(held, 2, colours.text);
    if (this.path?.length > 1) this.drawPath();
  }

  // A point with words below it; the query's is a diamond.
  label(text, x, y, radius, diamond = false) {
    const { ctx, colours } = this;
    ctx.beginPath();
    if (diamond) {
      ctx.moveTo(x, y - radius);
      ctx.lineTo(x + radius, y);
      ctx.lineTo(x, y + radius);
      ctx.lineTo(x - radius, y);
      ctx.closePath();
    } else ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.fillStyle = colours.primary;
    ctx.strokeStyle = colours.ground;
    ctx.lineWidth = 2;
    ctx.fill();
    ctx.stroke();
    const words = shorten(text, 32);
    ctx.font = `600 13px ${this.font}`;
    const half = ctx.measureText(words).width / 2 + 4;
    x = Math.max(half, Math.min(this.width - half, x));
    const box = [x - half, y - radius, x + half, y + radius + 22];
    // Of words that would lie over each other, the first are read.
    if (this.taken.some((other) => overlap(box, other))) return;
    this.taken.push(box);
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.lineJoin = "round";
    ctx.lineWidth = 4;
    ctx.strokeText(words, x, y + radius + 5);
    ctx.fillStyle = colours.text;
    ctx.fillText(words, x, y + radius + 5);
  }

  drawPath() {
    const { ctx, colours } = this;
    ctx.beginPath();
    for (const point of this.shape()) ctx.lineTo(...point);
    ctx.closePath();
    ctx.fillStyle = ctx.strokeStyle = colours.primary;
    ctx.globalAlpha = 0.14;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1.5;
    ctx.setLineDash([5, 4]);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  // For a map with axes: lines at round numbers of the layout below the pictures, or above them the
  // numbers themselves.
  drawScale(numbers) {
    const { axes, box } = this.payload;
    if (!axes) return;
    const { ctx, colours, width, height } = this;
    const [left, bottom, right, top] = box;
    const [x0, y0] = this.toMap(0, height);
    const [x1, y1] = this.toMap(width, 0);
    const draw = (number, x, y, ...line) => {
      if (numbers) {
        ctx.strokeText(written(number), x, y);
        ctx.fillText(written(number), x, y);
      } else ctx.fillRect(...line);
    };
    ctx.font = `11px ${this.font}`;
    ctx.fillStyle = colours.text;
    ctx.strokeStyle = colours.ground;
    ctx.lineJoin = "round";
    ctx.lineWidth = 3;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.globalAlpha = numbers ? 0.8 : 0.12;
    for (const number of roundNumbers(left + x0 * (right - left), left + x1 * (right - left))) {
      const [x] = this.toScreen((number - left) / (right - left), 0);
      draw(number, x + 3, this.floor, x, 0, 1, height);
    }
    for (const number of roundNumbers(top - y0 * (top - bottom), top - y1 * (top - bottom))) {
      const [, y] = this.toScreen(0, (top - number) / (top - bottom));
      if (y < this.floor - 14) draw(number, 4, y - 2, 0, y, width, 1);
    }
    ctx.globalAlpha = 1;
  }

  // -- regions, selected pictures, the name under the pointer

  drawRegions() {
    const told = JSON.stringify(this.payload.regions);
    if (this.regionsTold === told) return;
    this.regionsTold = told;
    const shown = this.payload.regions.map((one, number) => ({ ...one, number }));
    this.regionButtons = shown.filter(({ outlines }) => outlines.length).map(({ name, outlines, number }) => {
      const button = make("button", { type: "button", textContent: shorten(name, 40), title: name });
      button.style.setProperty("--hue", hue(number));
      button.onclick = () => this.act("region", number);
      const [outline] = outlines;
      const middle = outline.reduce(([a, b], [x, y]) => [a + x / outline.length, b + y / outline.length], [0, 0]);
      button.onfocus = () => {
        if (!button.matches(":focus-visible")) return;
        [this.x, this.y] = middle;
        this.moved();
      };
      return { button, middle };
    });
    this.regionList.replaceChildren(...this.regionButtons.map(({ button }) => wrap("li", button)));
    for (const one of this.regionButtons) {
      [one.width, one.height] = [one.button.offsetWidth, one.button.offsetHeight];
    }
  }

  // Names keep apart, and off the words on the canvas: of two that would overlap, the first is seen.
  placeRegions() {
    const seen = this.taken;
    for (const { button, middle, width, height } of this.regionButtons) {
      const [x, y] = this.toScreen(...middle);
      const box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
      const away =
        box[0] < 0 || box[1] < 0 || box[2] > this.width || box[3] > this.height ||
        seen.some((other) => overlap(box, other));
      if (!away) seen.push(box);
      button.classList.toggle("away", away);
      button.style.transform = `translate(${Math.round(box[0])}px, ${Math.round(box[1])}px)`;
    }
  }

  showSelected() {
    const { points } = this;
    const buttons = [...this.selected].filter((id) => points.rows.has(id)).map((id) => {
      const row = points.rows.get(id);
      const button = make("button", { type: "button", textContent: points.names[row] });
      button.onclick = () => this.act("clicked", id);
      return wrap("li", button);
    });
    this.chosen.replaceChildren(...buttons);
  }

  keyed() {
    return this.canvas.matches(":focus-visible") && this.byKey;
  }

  hover(row, x, y) {
    if (row !== this.hovered) {
      this.hovered = row;
      this.request();
    }
    this.canvas.classList.toggle("over", row >= 0 && this.mode === "move");
    this.tip.hidden = row < 0;
    if (row < 0) return;
    const id = this.points.id(row);
    if (this.tip.dataset.picture !== id) {
      this.tip.dataset.picture = id;
      this.tipName.textContent = shorten(this.points.names[row], 60);
      this.tipImage.hidden = !this.payload.thumbs;
      if (this.payload.thumbs) this.tipImage.src = `${this.payload.thumbs}${id}.jpg`;
    }
    const [width, height] = [this.tip.offsetWidth, this.tip.offsetHeight];
    const left = x + 18 + width > this.width ? x - 18 - width : x + 18;
    const top = Math.min(this.height - height - 4, Math.max(4, y + 14));
    this.tip.style.transform = `translate(${Math.max(4, left)}px, ${top}px)`;
  }

  // -- moving

  moved() {
    this.stay();
    this.request();
    clearTimeout(this.report);
    const wait = Math.max(REPORT_MS, (this.acted ?? 0) + ACTED_MS - performance.now());
    this.report = setTimeout(() => this.reportView(), wait);
  }

  reportView() {
    clearTimeout(this.report);
    this.report = null;
    const round = (value, digits) => Number(value.toFixed(digits));
    this.root.send("view", [round(this.x, 4), round(this.y, 4), round(this.zoom, 3)]);
  }

  // Say what was done, together with a view that waits to be reported, and nothing soon after it.
  act(name, value) {
    if (this.report) this.reportView();
    this.root.send(name, value);
    this.acted = performance.now();
  }

  // Zoom, so that the place under the pointer stays there.
  zoomAt(factor, across = this.middleX, down = this.middleY) {
    const [x, y] = this.toMap(across, down);
    this.zoom = Math.min(this.deepest, Math.max(1, this.zoom * factor));
    const [newX, newY] = this.toMap(across, down);
    this.x += x - newX;
    this.y += y - newY;
    this.zoomedAt = performance.now();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.request(), RESTING_MS);
    this.moved();
  }

  pan(across, down) {
    this.x -= across / (this.unitX * this.zoom);
    this.y -= down / (this.unitY * this.zoom);
    this.moved();
  }

  whole() {
    this.gliding = null;
    this.reset();
    this.moved();
  }

  glide(factor) {
    const from = this.gliding?.to ?? this.zoom;
    const to = Math.min(this.deepest, Math.max(1, from * factor));
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.zoomAt(to / this.zoom);
    this.gliding = { from: this.zoom, to, began: performance.now() };
    this.request();
  }

  move() {
    if (!this.gliding) return;
    const { from, to, began } = this.gliding;
    const share = Math.min(1, (performance.now() - began) / GLIDE_MS);
    if (share === 1) this.gliding = null;
    this.zoomAt((share === 1 ? to : from * (to / from) ** share) / this.zoom);
  }

  // -- selecting

  // The corners of what is being drawn around.
  shape() {
    if (this.drawing === "lasso") return this.path;
    const [[x0, y0], [x1, y1]] = [this.path[0], this.path.at(-1)];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }

  select() {
    const { points } = this;
    const shape = this.shape();
    const found = [];
    for (let row = 0; row < points.count; row++) {
      if (inside(this.toScreen(points.x[row], points.y[row]), shape)) found.push(points.id(row));
    }
    this.tell(found);
  }

  tell(found) {
    const ids = found.slice(0, this.payload.most);
    this.selected = new Set(ids);
    this.showSelected();
    this.request();
    const count = (number) => `${number.toLocaleString("en")} ${number === 1 ? "picture" : "pictures"}`;
    const cut = found.length > ids.length ? ` of ${found.length.toLocaleString("en")}` : "";
    this.status.textContent = `${count(ids.length)}${cut} selected`;
    this.act("selected", { ids, found: found.length });
  }

  toggle(row) {
    const id = this.points.id(row);
    const ids = [...this.selected];
    this.tell(this.selected.has(id) ? ids.filter((one) => one !== id) : [...ids, id]);
  }

  // -- pointers and keys

  listen() {
    const { canvas } = this;
    const at = (event) => {
      const edge = canvas.getBoundingClientRect();
      return [event.clientX - edge.left, event.clientY - edge.top];
    };
    canvas.onwheel = (event) => {
      if (!this.points) return;
      const outwards = event.deltaY > 0;
      // Where there is nothing left to zoom, the page scrolls.
      if (outwards && this.zoom === 1 && !event.ctrlKey) return;
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      const speed = event.ctrlKey ? 0.01 : 0.002; // a trackpad sends a pinch as small steps
      this.zoomAt(Math.exp(-Math.max(-300, Math.min(300, pixels)) * speed), ...at(event));
    };
    canvas.onpointerdown = (event) => {
      if (event.button || !this.points) return;
      this.byKey = false;
      this.gliding = null;
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, at(event));
      if (this.pointers.size === 1) {
        this.travelled = 0;
        this.drawing = this.mode === "move" ? (event.shiftKey ? "rectangle" : null) : this.mode;
        this.path = this.drawing ? [at(event)] : null;
      } else {
        this.path = null; // two fingers move the map, whatever one does
        this.travelled = Infinity;
      }
    };
    canvas.onpointermove = (event) => {
      if (!this.points) return;
      const here = at(event);
      const before = this.pointers.get(event.pointerId);
      if (!before) {
        if (event.pointerType !== "touch") this.hover(this.pick(...here), ...here);
        return;
      }
      const [dx, dy] = [here[0] - before[0], here[1] - before[1]];
      if (this.pointers.size > 1) {
        const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
        const length = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
        const middle = [(here[0] + other[0]) / 2, (here[1] + other[1]) / 2];
        this.pan(dx / 2, dy / 2);
        this.zoomAt(length(here) / length(before), ...middle);
      } else {
        this.travelled += Math.hypot(dx, dy);
        if (this.path) {
          this.path.push(here);
          this.request();
        } else if (this.travelled > SLIP) {
          this.hover(-1);
          this.pan(dx, dy);
        } else return; // the start of a movement is not lost
      }
      this.pointers.set(event.pointerId, here);
    };
    canvas.onpointerup = (event) => {
      if (!this.pointers.delete(event.pointerId) || this.pointers.size) return;
      const row = this.travelled <= SLIP ? this.pick(...at(event)) : -1;
      if (this.path && this.travelled > SLIP) this.select();
      else if (row >= 0 && this.drawing) this.toggle(row);
      else if (row >= 0) this.act("clicked", this.points.id(row));
      this.path = null;
      this.request();
    };
    canvas.onpointercancel = (event) => {
      this.pointers.delete(event.pointerId);
      this.path = null;
      this.request();
    };
    canvas.onpointerleave = () => this.hover(-1);
    canvas.onkeydown = (event) => this.key(event);
    canvas.onblur = () => {
      this.byKey = false;
      this.hover(-1);
      this.request();
    };
    new ResizeObserver(() => this.resize()).observe(this.stage);
    // Streamlit changes the theme without a word to the element.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.request());
  }

  key(event) {
    if (!this.points?.count || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 0.15 * Math.min(this.width, this.height);
    const pans = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const zooms = { "+": 1.4, "=": 1.4, "-": 1 / 1.4, _: 1 / 1.4 };
    if (pans[event.key]) this.pan(...pans[event.key]);
    else if (zooms[event.key]) this.zoomAt(zooms[event.key]);
    else if (event.key === "0" || event.key === "Home") this.whole();
    else if (event.key === "Enter") this.act("clicked", this.points.id(this.nearestToMiddle()));
    else if (event.key === " ") this.toggle(this.nearestToMiddle());
    else if (event.key === "Escape") this.choose("move");
    else return;
    event.preventDefault();
    this.byKey = true;
    const row = this.nearestToMiddle();
    this.hover(row, ...this.toScreen(this.points.x[row], this.points.y[row]));
    if (event.key !== " ") this.status.textContent = this.points.names[row];
    this.request();
  }
}

// Where a browser cannot draw, the pictures are names that can be pressed.
class PlainList {
  constructor(root) {
    this.root = root;
  }

  async show({ points }) {
    const note = make("p", { textContent: "This browser cannot draw the map. These are its pictures." });
    const found = await fetch(points).then((answer) => answer.json()).then(unpack, () => null);
    const list = make("ul", { className: "plain" });
    for (let row = 0; row < Math.min(LONGEST_LIST, found?.count ?? 0); row++) {
      const button = make("button", { type: "button", textContent: found.names[row] });
      button.onclick = () => this.root.send("clicked", found.id(row));
      list.append(wrap("li", button));
    }
    const more = (found?.count ?? 0) - LONGEST_LIST;
    if (more > 0) list.append(make("li", { textContent: `and ${more.toLocaleString("en")} more` }));
    this.root.replaceChildren(note, list);
  }
}

// The file of points as columns, with an index that finds the pictures within a rectangle.
function unpack({ steps, ids, names, x, y, ratios }) {
  const count = names.length;
  const scaled = (values) => Float32Array.from(values, (value) => value / steps);
  const id = (row) => ids.slice(64 * row, 64 * row + 64);
  const rows = new Map(names.map((_, row) => [id(row), row]));
  const points = {
    count, names, id, rows, x: scaled(x), y: scaled(y),
    ratio: Float32Array.from(ratios, (ratio) => ratio / 100),
  };
  const bucket = (value) => Math.min(BUCKETS - 1, Math.max(0, Math.floor(value * BUCKETS)));
  const buckets = Array.from({ length: BUCKETS * BUCKETS }, () => []);
  for (let row = 0; row < count; row++) {
    buckets[bucket(points.y[row]) * BUCKETS + bucket(points.x[row])].push(row);
  }
  points.within = (left, top, right, bottom, visit) => {
    for (let down = bucket(top); down <= bucket(bottom); down++) {
      for (let across = bucket(left); across <= bucket(right); across++) {
        buckets[down * BUCKETS + across].forEach(visit);
      }
    }
  };
  return points;
}

// Width and height of a picture whose longer side is given.
function sides(longer, ratio) {
  return ratio >= 1 ? [longer, longer / ratio] : [longer * ratio, longer];
}

// Decoded once and for all: the browser may throw away what it decoded for an <img>.
async function bitmap(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await createImageBitmap(await answer.blob()) : null;
  } catch {
    return null;
  }
}

// Whether a point lies inside a shape with any number of corners (crossings to its right are odd).
function inside([x, y], corners) {
  let odd = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [corners[i], corners[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

// Some four to eight round numbers between two ends.
function roundNumbers(low, high) {
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const numbers = [];
  for (let number = Math.ceil(low / step); number * step <= high; number++) numbers.push(number * step);
  return numbers;
}

function written(number) {
  return Number(number.toPrecision(3)).toString().replace("-", "−");
}

function overlap(box, other) {
  return box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3];
}

// Hues that differ, however many there are: each turns on by the golden angle.
function hue(number) {
  return Math.round((number * 137.508 + 20) % 360);
}

function shorten(text, most) {
  const line = text.split(/\s+/).join(" ").trim();
  const letters = [...line];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
}

function icon(name, shape) {
  const button = make("button", { type: "button", ariaLabel: name, title: name });
  // Only ever the shapes in this file.
  button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${shape}</svg>`;
  return button;
}

function wrap(tag, child) {
  const outer = make(tag);
  outer.append(child);
  return outer;
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
