// A press on an underlined term, anywhere on the page, asks Python for its entry in the glossary.
// A finger has no hover: its first tap shows the meaning, the second one goes.

export default function ({ setTriggerValue }) {
  const isFirst = !globalThis.glassboxTerms;
  globalThis.glassboxTerms = { ask: (term) => setTriggerValue("term", term), before: null };
  if (isFirst) listen();
}

function listen() {
  const termOf = (event) => event.target.closest?.(".term[data-term]");
  const go = (node) => globalThis.glassboxTerms.ask(node.dataset.term);
  document.addEventListener("pointerdown", () => { globalThis.glassboxTerms.before = document.activeElement; });
  document.addEventListener("click", (event) => {
    const node = termOf(event);
    if (node && (event.pointerType !== "touch" || node === globalThis.glassboxTerms.before)) go(node);
  });
  document.addEventListener("keydown", (event) => {
    const node = event.key === "Enter" && termOf(event);
    if (node) go(node);
  });
}
