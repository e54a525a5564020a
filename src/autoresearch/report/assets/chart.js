/* The picture: what a point is, zoom and pan, and a way from a point to its experiment. */
(() => {
  const NS = "http://www.w3.org/2000/svg", NEAR = 22, MOST = 60, FEW = 1000, TOGETHER = 250;
  const create = (name, set = {}) => {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(set)) made.setAttribute(key, value);
    return made;
  };
  const moved = (node) => (node.getAttribute("transform") || "").match(/-?[\d.]+(?:e-?\d+)?/g)?.map(Number) || [0, 0];

  // Very many circles, each a node, take a second to be drawn anew. As dots of few lines they take none.
  function gathered(links) {
    const lines = [], open = new Map();
    for (const link of links) {
      const path = link.firstElementChild, [, r] = /^M([\d.]+),0A/.exec(path?.getAttribute("d") ?? "") ?? [];
      if (!r) continue; // another shape than a circle
      const [x, y] = moved(path), fill = path.getAttribute("fill"), kind = `${fill} ${r}`;
      let line = open.get(kind);
      if (!line || line.d.length === TOGETHER) {
        const node = create("path", { fill: "none", stroke: fill, "stroke-width": 2 * r, "stroke-linecap": "round", "data-r": r });
        link.before(node);
        open.set(kind, line = { node, d: [] });
        lines.push(line);
      }
      line.d.push(`M${x},${y}h.01`);
      link.remove();
    }
    for (const { node, d } of lines) node.setAttribute("d", d.join(""));
    return lines.map(({ node }) => node);
  }

  for (const box of document.querySelectorAll("figure .chart")) {
    const svg = box.querySelector("svg"), root = svg?.querySelector("g.root");
    const inner = root?.querySelector(":scope > g > g");
    if (!inner) continue;
    const { w, h, x0, x1, y0, y1 } = Object.fromEntries(Object.entries(box.dataset).map(([k, v]) => [k, Number(v)]));
    const log = box.dataset.scale === "log";
    const [left, top] = moved(root.parentNode);
    const figure = box.closest("figure");
    let k = 1, tx = 0, ty = 0, drawn = 1, chosen = null;

    // The marks go into one group, which is moved and clipped; the axes stay.
    const clip = create("clipPath", { id: `clip-${w}` }), held = create("g", { class: "held" });
    clip.append(create("rect", { x: -8, y: -8, width: w + 16, height: h + 16 }));
    const frame = create("g", { "clip-path": `url(#clip-${w})` }), ticks = create("g", { class: "marks-of-axis" });
    const marks = [...inner.children].filter((node) => !/role-(axis|legend|title)/.test(node.className.baseVal));
    if (!marks.length) continue;
    marks[0].before(ticks, frame);
    held.append(...marks);
    frame.append(clip, held);
    const ring = create("circle", { class: "ring", r: 9, visibility: "hidden" });
    frame.append(ring);
    const fixed = inner.querySelectorAll(".role-axis-grid, .role-axis-tick, .role-axis-label");
    const points = [...held.querySelectorAll("a")].flatMap((link) => {
      const path = link.querySelector("path");
      link.setAttribute("tabindex", "-1"); // the table is for the keyboard; the picture has its arrow keys
      return path ? [{ id: link.getAttribute("href").slice(1), at: moved(path) }] : [];
    });
    points.sort((a, b) => a.at[0] - b.at[0]);
    const dots = points.length > FEW ? gathered(held.querySelectorAll(".mark-symbol a")) : [];
    const sized = [...held.querySelectorAll(".mark-symbol path, .mark-text text")]
      .filter((node) => !node.dataset.r).map((node) => [node, moved(node)]);

    const nice = (low, high, count) => {
      const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
      const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
      const found = [];
      for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
      const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
      return found.map((v) => [v, v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })]);
    };
    const scaled = log ? Math.log : (v) => v, unscaled = log ? Math.exp : (v) => v;
    const xPixel = (v) => ((v - x0) / (x1 - x0)) * w * k + tx;
    const yPixel = (v) => ((scaled(y1) - scaled(v)) / (scaled(y1) - scaled(y0))) * h * k + ty;
    const xValue = (p) => x0 + ((p - tx) / k / w) * (x1 - x0);
    const yValue = (p) => unscaled(scaled(y1) - ((p - ty) / k / h) * (scaled(y1) - scaled(y0)));

    function axes() {
      ticks.replaceChildren();
      for (const node of fixed) node.setAttribute("visibility", k > 1 ? "hidden" : "visible");
      if (k === 1) return;
      for (const [v, label] of nice(xValue(0), xValue(w), w > 600 ? 8 : 4)) {
        if (v !== Math.round(v)) continue;
        const at = xPixel(v), text = create("text", { x: at, y: h + 16, "text-anchor": "middle" });
        text.textContent = label;
        ticks.append(create("line", { x1: at, x2: at, y1: 0, y2: h }), text);
      }
      for (const [v, label] of nice(yValue(h), yValue(0), 8)) {
        const at = yPixel(v), text = create("text", { x: -7, y: at + 4, "text-anchor": "end" });
        text.textContent = label;
        ticks.append(create("line", { x1: 0, x2: w, y1: at, y2: at }), text);
      }
    }
    function draw() {
      k = Math.min(Math.max(k, 1), MOST);
      tx = Math.min(0, Math.max(w * (1 - k), tx));
      ty = Math.min(0, Math.max(h * (1 - k), ty));
      held.setAttribute("transform", `translate(${tx},${ty}) scale(${k})`);
      if (k !== drawn) {
        for (const [node, [x, y]] of sized) node.setAttribute("transform", `translate(${x},${y}) scale(${1 / k})`);
        for (const node of dots) node.setAttribute("stroke-width", (2 * node.dataset.r) / k);
        drawn = k;
      }
      box.classList.toggle("zoomed", k > 1);
      reset.hidden = k === 1;
      axes();
      mark(chosen);
    }
    let asked = false;
    const redraw = () => { if (!asked) { asked = true; requestAnimationFrame(() => { asked = false; draw(); }); } };
    const zoom = (by, x = w / 2, y = h / 2) => {
      const to = Math.min(Math.max(k * by, 1), MOST);
      tx = x - ((x - tx) * to) / k; ty = y - ((y - ty) * to) / k; k = to;
      redraw();
    };

    // Where the pointer is in the plot, and what is near it.
    const unit = () => svg.viewBox.baseVal.width / svg.getBoundingClientRect().width;
    const where = (event) => {
      const rect = svg.getBoundingClientRect(), u = unit();
      return [(event.clientX - rect.left) * u - left, (event.clientY - rect.top) * u - top];
    };
    const seen = (point) => [point.at[0] * k + tx, point.at[1] * k + ty];
    function nearest(event) {
      const [x, y] = where(event);
      let best = null, least = NEAR * unit();
      for (const point of points) {
        const [px, py] = seen(point), far = Math.hypot(px - x, py - y);
        if (far <= least && px > -9 && px < w + 9 && py > -9 && py < h + 9) { best = point; least = far; }
      }
      return best;
    }
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    tip.setAttribute("role", "status");
    figure.append(tip);
    function mark(point, touch = false) {
      chosen = point;
      box.classList.toggle("near", Boolean(point));
      ring.setAttribute("visibility", point ? "visible" : "hidden");
      tip.hidden = !point;
      if (!point) return;
      const [x, y] = seen(point), body = report.row(point.id), u = unit();
      ring.setAttribute("cx", x); ring.setAttribute("cy", y);
      const first = document.createElement("b"), rest = document.createElement("div");
      const said = (name) => body?.querySelector(`td.${name}`)?.textContent.trim();
      first.textContent = [`#${said("i") ?? ""}`, said("v"), said("s"), said("g")].filter(Boolean).join(" · ");
      rest.textContent = body?.querySelector("td.e")?.firstChild?.textContent ?? "";
      tip.replaceChildren(first, rest);
      if (touch) {
        const button = document.createElement("button");
        button.textContent = "open";
        button.addEventListener("click", () => report.open(point.id));
        tip.append(button);
      }
      const rect = svg.getBoundingClientRect(), around = figure.getBoundingClientRect();
      const px = rect.left - around.left + (x + left) / u, py = rect.top - around.top + (y + top) / u;
      tip.style.left = `${Math.min(Math.max(0, px - tip.offsetWidth / 2), around.width - tip.offsetWidth)}px`;
      tip.style.top = `${py > tip.offsetHeight + 16 ? py - tip.offsetHeight - 14 : py + 16}px`;
    }

    const down = new Map();
    let dragged = 0, spread = 0;
    box.addEventListener("pointerdown", (event) => {
      down.set(event.pointerId, [event.clientX, event.clientY]);
      dragged = 0; spread = 0;
    });
    box.addEventListener("pointermove", (event) => {
      const before = down.get(event.pointerId);
      if (!before) { if (event.pointerType === "mouse") mark(nearest(event)); return; }
      const dx = event.clientX - before[0], dy = event.clientY - before[1];
      down.set(event.pointerId, [event.clientX, event.clientY]);
      dragged += Math.abs(dx) + Math.abs(dy);
      if (down.size === 2) {
        const [[ax, ay], [bx, by]] = [...down.values()], now = Math.hypot(ax - bx, ay - by);
        if (spread) zoom(now / spread, ...where({ clientX: (ax + bx) / 2, clientY: (ay + by) / 2 }));
        spread = now;
      } else if (k > 1) {
        if (dragged > 6 && !box.hasPointerCapture(event.pointerId)) box.setPointerCapture(event.pointerId);
        tx += dx * unit(); ty += dy * unit();
        redraw();
      }
    });
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, (event) => {
      down.delete(event.pointerId);
      spread = 0;
    });
    box.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") mark(null); });
    box.addEventListener("click", (event) => {
      event.preventDefault();
      if (dragged > 6) return;
      const point = nearest(event);
      if (point && event.pointerType !== "touch") report.open(point.id);
      else mark(point, true);
    });
    box.addEventListener("dblclick", (event) => zoom(2, ...where(event)));
    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && k === 1) return; // else nobody could scroll past the picture
      event.preventDefault();
      zoom(2 ** (-event.deltaY / (event.ctrlKey ? 100 : 300)), ...where(event));
    }, { passive: false });
    box.tabIndex = 0;
    box.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && points.length) {
        const at = chosen ? points.indexOf(chosen) + step : step > 0 ? 0 : points.length - 1;
        mark(points[Math.min(Math.max(at, 0), points.length - 1)]);
      } else if (event.key === "Enter" && chosen) report.open(chosen.id);
      else if (event.key === "+") zoom(1.5);
      else if (event.key === "-") zoom(1 / 1.5);
      else if (event.key === "Escape") mark(null);
      else return;
      event.preventDefault();
    });

    const tools = document.createElement("div");
    tools.className = "tools";
    const tool = (label, title, act) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: label, title });
      button.setAttribute("aria-label", title);
      button.addEventListener("click", act);
      tools.append(button);
      return button;
    };
    const reset = tool("reset", "whole picture", () => { k = 1; tx = ty = 0; redraw(); });
    tool("−", "zoom out", () => zoom(1 / 1.6));
    tool("+", "zoom in", () => zoom(1.6));
    reset.hidden = true;
    box.append(tools);
  }
})();
