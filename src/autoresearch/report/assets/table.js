"use strict";
/* The table of experiments: sorted, filtered, a part of it at a time, and each experiment opened in its place. */
const report = { open() {}, row() {}, state() { return {}; }, restore() {} };
document.documentElement.classList.add("scripted");
(() => {
  const table = document.getElementById("experiments");
  if (!table) return;
  const STEP = 200; // rows that a browser lays out at once without anybody noticing
  const head = table.tHead, heads = [...head.rows[0].cells], all = [...table.tBodies];
  const byId = new Map(all.map((body) => [body.id, body]));
  const text = new Map(); // what the filter looks through, made when it is first used
  let column = 0, falling = false, standing = "", wanted = "", order = all;
  let from = 0, to = STEP; // of the rows found, those that are in the page

  const key = (body) => {
    const cell = body.rows[0].cells[column];
    if (!heads[column].classList.contains("n")) return cell.textContent.toLowerCase();
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const number = cell.classList.contains("none") ? NaN : parseFloat(cell.textContent.replace(/[,$\s]/g, ""));
    return number;
  };
  const absent = (value) => value === "" || Number.isNaN(value);

  function sort() {
    if (column === 0) { order = falling ? [...all].reverse() : all; return; }
    const keyed = all.map((body) => [key(body), body]);
    keyed.sort(([a], [b]) => {
      if (absent(a) || absent(b)) return absent(a) - absent(b); // what is not there comes last, whichever way
      return (a < b ? -1 : a > b ? 1 : 0) * (falling ? -1 : 1);
    });
    order = keyed.map(([, body]) => body);
  }
  function fits(body) {
    if (standing && body.dataset.s !== standing) return false;
    if (!wanted) return true;
    if (!text.has(body)) text.set(body, body.textContent.toLowerCase().replace(/\s+/g, " "));
    return text.get(body).includes(wanted);
  }
  function show() {
    const found = standing || wanted ? order.filter(fits) : order;
    table.replaceChildren(head, ...found.slice(from, to));
    const less = found.length < all.length ? `${found.length.toLocaleString()} of ` : "";
    said.textContent = `${less}${all.length.toLocaleString()}`;
    earlier.hidden = from === 0;
    earlier.textContent = `show earlier ones (${from.toLocaleString()})`;
    more.hidden = found.length <= to;
    more.textContent = `show more (${(found.length - to).toLocaleString()})`;
    heads.forEach((th, i) => {
      if (i === column) th.setAttribute("aria-sort", falling ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.s === standing));
  }
  const look = () => { wanted = field.value.trim().toLowerCase().replace(/\s+/g, " "); };
  const begin = () => { from = 0; to = STEP; show(); };
  function toggle(body, open = !body.classList.contains("open")) {
    const part = body.querySelector("details");
    if (!part) return;
    body.classList.toggle("open", open);
    part.open = open;
    body.querySelector("a").setAttribute("aria-expanded", String(open));
  }

  const bar = document.createElement("div");
  bar.className = "bar";
  const make = (kind, more) => Object.assign(document.createElement(kind), more);
  const field = make("input", { type: "search", placeholder: "filter", id: "filter", autocomplete: "off" });
  field.setAttribute("aria-label", "filter the experiments by text");
  const counts = new Map();
  for (const body of all) counts.set(body.dataset.s, (counts.get(body.dataset.s) || 0) + 1);
  const buttons = [["", "all"], ...[...counts].map(([s, n]) => [s, `${s} ${n.toLocaleString()}`])].map(([s, label]) => {
    const button = make("button", { type: "button", textContent: label });
    button.dataset.s = s;
    button.addEventListener("click", () => { standing = s; begin(); });
    return button;
  });
  const said = make("span", { className: "quiet" });
  said.setAttribute("role", "status");
  bar.append(field, ...buttons, said);
  table.closest(".wide").before(bar);
  const more = make("button", { type: "button", className: "more" });
  const earlier = make("button", { type: "button", className: "more" });
  table.closest(".wide").before(earlier);
  table.closest(".wide").after(more);
  more.addEventListener("click", () => { to += STEP; show(); });
  earlier.addEventListener("click", () => {
    const first = table.tBodies[0], top = first.getBoundingClientRect().top;
    from = Math.max(0, from - STEP);
    show();
    scrollBy(0, first.getBoundingClientRect().top - top);
  });
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting) && !more.hidden) { to += STEP; show(); }
  }, { rootMargin: "600px" }).observe(more);
  let typing;
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => { look(); begin(); }, all.length > 1000 ? 150 : 0);
  });
  heads.forEach((th, i) => {
    const button = make("button", { type: "button", textContent: th.textContent });
    th.replaceChildren(button);
    button.addEventListener("click", () => {
      falling = i === column ? !falling : false;
      column = i; sort(); begin();
    });
  });
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr.row"), link = event.target.closest("a");
    if (!row || (!link && String(getSelection()))) return;
    toggle(row.parentNode);
    if (link) { event.preventDefault(); history.replaceState(history.state, "", link.hash); }
  });
  for (const body of all) if (body.classList.contains("has")) body.querySelector("a").setAttribute("aria-expanded", "false");

  report.row = (id) => byId.get(id);
  report.open = (id) => {
    const body = byId.get(id);
    if (!body) return;
    if (!fits(body)) { standing = wanted = field.value = ""; }
    const at = (standing || wanted ? order.filter(fits) : order).indexOf(body);
    if (at < from || at >= to) { from = Math.max(0, at - 20); to = from + STEP; }
    show();
    toggle(body, true);
    history.replaceState(history.state, "", `#${id}`);
    body.scrollIntoView({ block: "start" });
    body.querySelector("a").focus({ preventScroll: true });
  };
  report.state = () => {
    const first = [...table.tBodies].find((body) => body.getBoundingClientRect().bottom > 0);
    const within = first && table.getBoundingClientRect().top < 0;
    return {
      column, falling, standing, from, to, wanted: field.value, y: scrollY,
      open: all.filter((body) => body.classList.contains("open")).map((body) => body.id),
      at: within ? [first.id, first.getBoundingClientRect().top] : null,
    };
  };
  report.restore = (kept) => {
    ({ column, falling, standing, from, to } = kept);
    if (column >= heads.length) column = 0;
    if (standing && !counts.has(standing)) standing = "";
    field.value = kept.wanted;
    look();
    sort(); show();
    for (const id of kept.open) if (byId.has(id)) toggle(byId.get(id), true);
    const body = kept.at && byId.get(kept.at[0]);
    if (body && body.isConnected) scrollBy(0, body.getBoundingClientRect().top - kept.at[1]);
    else scrollTo(0, kept.y);
  };
  const linked = () => { if (byId.has(location.hash.slice(1))) report.open(location.hash.slice(1)); };
  addEventListener("hashchange", linked);
  show();
  linked();
})();
