/* A page that is rewritten while somebody looks at it: how old it is, and when to load it anew. */
(() => {
  const state = document.getElementById("state");
  const place = `autoresearch:${location.pathname}`;
  const stored = (act) => { try { return act(sessionStorage); } catch { return null; } }; // may be forbidden
  let ours = false; // true when the page loads itself anew, and not somebody else
  const kept = stored((store) => JSON.parse(store.getItem(place)));
  const again = kept?.ours || performance.getEntriesByType("navigation")[0]?.type === "reload";
  addEventListener("pagehide", () => {
    stored((store) => store.setItem(place, JSON.stringify({ ...report.state(), ours })));
  });
  if (again && kept?.open) {
    history.scrollRestoration = "manual";
    report.restore(kept);
  }
  if (!state || !state.classList.contains("live")) return;

  const written = Number(state.dataset.at) * 1000, expected = Number(state.dataset.expected) * 1000;
  const every = Number(state.dataset.every) * 1000, tag = state.dataset.tag;
  const age = state.appendChild(document.createElement("span"));
  const doubt = state.appendChild(document.createElement("div"));
  doubt.className = "doubt";
  let looked = Date.now(), touched = 0, lost = false;
  for (const name of ["pointerdown", "pointermove", "wheel", "keydown", "scroll", "touchmove"]) {
    addEventListener(name, () => { touched = Date.now(); }, { passive: true });
  }
  const minutes = (ms) => (ms < 90e3 ? `${Math.max(0, Math.round(ms / 1000))} s` : ms < 5400e3
    ? `${Math.round(ms / 60e3)} min` : `${Math.floor(ms / 3600e3)} h ${Math.round((ms % 3600e3) / 60e3)} min`);

  function reading() {
    const quiet = Date.now() - touched;
    if (document.activeElement?.id === "filter" && quiet < 60e3) return true;
    if (String(getSelection()) || quiet < 3e3) return true;
    if (quiet > 120e3) return false;
    return [...document.querySelectorAll("tbody.open")].some((body) => {
      const { top, bottom } = body.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
  }
  async function changed() {
    if (location.protocol === "file:") return true;
    // Only the head: a page that has not changed costs a phone nothing, and a server that is away no page.
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    if (answer.status === 404) throw new Error("gone");
    const then = Date.parse(document.lastModified), now = Date.parse(answer.headers.get("last-modified") ?? "");
    return !answer.ok || Number.isNaN(now) || Number.isNaN(then) || now > then;
  }
  async function look() {
    const old = Date.now() - written;
    age.textContent = ` (${minutes(old)} ago)`;
    const silent = old > expected;
    state.classList.toggle("doubtful", silent || lost);
    doubt.textContent = lost ? "The server of this page cannot be reached; trying again." : silent
      ? `Not rewritten for ${minutes(old)}: the session may have been killed. Look with: autoresearch status ${tag}` : "";
    const due = Date.now() - looked > (silent ? Math.max(every, 60e3) : every);
    if (!due || document.hidden || reading()) return;
    looked = Date.now();
    try {
      if (await changed()) {
        ours = true;
        location.reload();
      }
      lost = false;
    } catch { lost = true; }
  }
  look();
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
})();
