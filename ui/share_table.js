// Shares as bars and as a table. Names are texts of visitors and files, only ever set as text.

export default function ({ data, parentElement }) {
  const { heads, rows, adds_up: addsUp, cosines } = JSON.parse(new TextDecoder().decode(data));
  const columns = heads.length > 1 ? heads.slice(0, 2) : heads;
  const drawn = [table(heads, rows, cosines, addsUp)];
  if (addsUp) drawn.unshift(bars(columns, rows));
  parentElement.querySelector(".shares").replaceChildren(...drawn);
}

// One bar for each picture, all to one scale: what counts for it to the right of zero, what counts
// against it to the left. The table says the same in numbers.
function bars(columns, rows) {
  const reach = (sign) =>
    Math.max(0, ...columns.map((_, column) =>
      rows.reduce((sum, { values }) => sum + Math.max(0, sign * values[column]), 0)));
  const [below, above] = [reach(-1), reach(1)];
  const all = make("div", { className: "bars", ariaHidden: "true" });
  all.style.setProperty("--below", below / (below + above || 1));
  columns.forEach((head, column) => {
    const sides = [-1, 1].map((sign) => {
      const side = make("div", { className: sign < 0 ? "against" : "for" });
      let rest = sign < 0 ? below : above;
      rows.forEach(({ values }, part) => {
        const size = values[column] * sign;
        if (size <= 0) return;
        side.append(piece("piece", size, part));
        rest -= size;
      });
      if (rest > 0) side.append(piece("rest", rest, 0));
      return side;
    });
    const bar = make("div", { className: "share-bar" });
    bar.append(...sides);
    if (columns.length > 1) all.append(make("span", { textContent: head }));
    all.append(bar);
  });
  all.classList.toggle("named", columns.length > 1);
  return all;
}

function piece(className, size, part) {
  const piece = make("span", { className });
  piece.style.setProperty("--part", part);
  // Below a sum of 1, flex would not fill the bar.
  piece.style.setProperty("--size", 1000 * size);
  return piece;
}

function table(heads, rows, cosines, addsUp) {
  const whole = make("table", {});
  const head = line("th", "", heads);
  head.firstChild.replaceWith(make("td", {}));
  for (const cell of [...head.children].slice(1)) cell.scope = "col";
  whole.createTHead().append(head);
  const body = whole.createTBody();
  rows.forEach(({ name, values }, part) => {
    const row = line("td", name, withDifference(values).map(signed));
    if (addsUp) {
      const colour = make("span", { className: "colour" });
      colour.style.setProperty("--part", part);
      row.firstChild.prepend(colour);
    }
    body.append(row);
  });
  if (cosines.length) {
    const [plain, difference] = [cosines.map((one) => one.toFixed(4)), withDifference(cosines)[2]];
    if (difference !== undefined) plain.push(signed(difference));
    whole.createTFoot().append(line("td", "Cosine similarity", plain));
  }
  return whole;
}

function line(kind, name, cells) {
  const row = make("tr", {});
  row.append(make("th", { scope: "row", textContent: name }));
  row.append(...cells.map((textContent) => make(kind, { textContent })));
  return row;
}

function withDifference(values) {
  return values.length === 2 ? [...values, values[0] - values[1]] : values;
}

function signed(value) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(4);
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
