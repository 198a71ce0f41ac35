// A small card beside the pointer. Its content is nodes and text, never markup.

/** Return {show(x, y, ...nodes), hide()}; x and y are client coordinates. One card a root. */
function pointerTip(root) {
  let card = root.querySelector(":scope > .tip");
  if (!card) {
    card = document.createElement("div");
    card.className = "tip";
    card.setAttribute("aria-hidden", "true");
    // position: fixed is measured from the window, and keeps the card out of every scrolling frame.
    card.style.cssText = `position:fixed;z-index:1000;pointer-events:none;display:none;max-width:320px;
      padding:8px 12px;border-radius:8px;border:1px solid var(--hairline);background:var(--ground);
      color:var(--ink);font-size:.875rem;line-height:1.4`;
    root.append(card);
  }
  return {
    show(x, y, ...nodes) {
      card.replaceChildren(...nodes);
      card.style.display = "block";
      const { width, height } = card.getBoundingClientRect();
      const left = x + 16 + width > innerWidth ? Math.max(4, x - 16 - width) : x + 16;
      const top = y + 16 + height > innerHeight ? Math.max(4, y - 16 - height) : y + 16;
      card.style.left = `${left}px`;
      card.style.top = `${top}px`;
    },
    hide() {
      card.style.display = "none";
    },
  };
}
