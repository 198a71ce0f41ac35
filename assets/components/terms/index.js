// A press on an underlined term, anywhere on the page, opens its entry in the glossary: by a step of
// the browser's own history, so that one Back leads to where the visitor was. (A change of page by
// Python clears the address first and would leave four steps.)
// A finger has no hover: its first tap shows the meaning, the second one goes.

const LOOK_MS = 60, MOST_MS = 5_000;

export default function ({ data }) {
  const isFirst = !globalThis.glassboxTerms;
  globalThis.glassboxTerms ??= { before: null };
  Object.assign(globalThis.glassboxTerms, data);
  if (isFirst) listen();
}

function listen() {
  const termOf = (event) => event.target.closest?.(".term[data-term]");
  document.addEventListener("pointerdown", () => { globalThis.glassboxTerms.before = document.activeElement; });
  document.addEventListener("click", (event) => {
    const node = termOf(event);
    if (node && (event.pointerType !== "touch" || node === globalThis.glassboxTerms.before)) go(node.dataset.term);
  });
  document.addEventListener("keydown", (event) => {
    const node = event.key === "Enter" && termOf(event);
    if (node) go(node.dataset.term);
  });
}

/** What was typed a moment ago is still on its way into the address: wait for it. */
function go(term, until = performance.now() + MOST_MS) {
  setTimeout(() => {
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
    if (state === "running" && performance.now() < until) go(term, until);
    else open(term);
  }, LOOK_MS);
}

function open(term) {
  const { page, parameter } = globalThis.glassboxTerms;
  const address = new URL(page + location.search, location.href);
  address.searchParams.set(parameter, term);
  history.pushState({}, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}
