// Brings what a press changed before the visitor's eyes, where it stands elsewhere on a long page.
// `data` is described in pages/components/lead.py.

const LOOK_MS = 60, MOST_MS = 4000, ROOM = 120;

export default function ({ data }) {
  if (!data.target || globalThis.glassboxLed === data.number) return;
  globalThis.glassboxLed = data.number;
  const until = performance.now() + MOST_MS;
  const look = () => {
    const node = document.querySelector(`.st-key-${data.target}`);
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
    // What is still to be drawn would push it away again.
    const isDrawn = node && state !== "running" && !document.querySelector("[data-testid=stSkeleton]");
    if (isDrawn) bring(node);
    else if (performance.now() < until) setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
}

function bring(node) {
  const { top } = node.getBoundingClientRect();
  if (top >= 0 && top < innerHeight * 0.6) return;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // Room for the heading above it, below Streamlit's bar.
  node.style.scrollMarginTop = `${ROOM}px`;
  node.scrollIntoView({ behavior: isStill ? "auto" : "smooth", block: "start" });
}
