// Brings what a press changed before the visitor's eyes, where it stands elsewhere on a long page.
// `data` is described in pages/components/lead.py.

const LOOK_MS = 60, MOST_MS = 20_000, ROOM = 120;

export default function ({ data }) {
  if (globalThis.glassboxPage !== data.page) {
    globalThis.glassboxPage = data.page;
    whenDrawn(showStage);
  }
  if (!data.target || globalThis.glassboxLed === data.number) return;
  globalThis.glassboxLed = data.number;
  whenDrawn(() => bring(document.querySelector(`.st-key-${data.target}`)));
}

/** What is still to be drawn would push things away again: wait for the end of the run. */
function whenDrawn(act) {
  const until = performance.now() + MOST_MS;
  const look = () => {
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
    const isDrawn = state !== "running" && !document.querySelector("[data-testid=stSkeleton]");
    if (isDrawn) act();
    else if (performance.now() < until) setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
}

/** In the strip of stages, which scrolls sideways on a narrow screen, bring this one to the middle. */
function showStage() {
  const strip = document.querySelector(".st-key-where"), here = strip?.querySelector(".st-key-where-here");
  if (!here) return;
  const [outer, inner] = [strip.getBoundingClientRect(), here.getBoundingClientRect()];
  strip.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

function bring(node) {
  if (!node) return;
  const { top } = node.getBoundingClientRect();
  if (top >= 0 && top < innerHeight * 0.6) return;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // Room for the heading above it, below Streamlit's bar.
  node.style.scrollMarginTop = `${ROOM}px`;
  node.scrollIntoView({ behavior: isStill ? "auto" : "smooth", block: "start" });
}
