// Copies the address of this view. Where the browser forbids that, shows it to be copied by hand.
// And keeps the history of the addresses: one step for each thing a visitor does.

const ONE_DEED_MS = 300;

export default function ({ parentElement, data }) {
  if (!globalThis.glassboxHistory) globalThis.glassboxHistory = joinSteps();
  const root = parentElement.querySelector(".root");
  if (!root._button) {
    root._button = document.createElement("button");
    root._button.type = "button";
    root._note = document.createElement("p");
    root._note.setAttribute("role", "status");
    root.replaceChildren(root._button, root._note);
  }
  root._button.textContent = data.label;
  root._button.onclick = async () => {
    clearTimeout(root._timer);
    try {
      await navigator.clipboard.writeText(location.href);
      root._note.textContent = data.copied;
    } catch {
      root._note.textContent = location.href;
      getSelection().selectAllChildren(root._note);
      return;
    }
    root._timer = setTimeout(() => { root._note.textContent = ""; }, 4000);
  };
}

/**
 * A press on a cell chooses a query and a key, and Streamlit writes each into the address by itself.
 * What follows at once on the same page therefore replaces the step that is there: Back then leads to
 * what the visitor saw before, and not half way.
 */
function joinSteps() {
  const push = history.pushState;
  let pushedAt = -Infinity;
  history.pushState = (state, title, address) => {
    const isSamePage = new URL(address, location.href).pathname === location.pathname;
    const isSameDeed = isSamePage && performance.now() - pushedAt < ONE_DEED_MS;
    (isSameDeed ? history.replaceState : push).call(history, state, title, address);
    pushedAt = performance.now();
  };
  return true;
}
