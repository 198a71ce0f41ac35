// Copies the address of this view. Where the browser forbids that, shows it to be copied by hand.
export default function ({ parentElement, data }) {
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
