// A picture on one canvas that takes the keys, a line of words under it, and two buttons.

/**
 * Make the DOM once: {root, frame, stage, canvas, reading, watcher} and, if asked for, legend. `layout(view)` is called
 * whenever the width changes.
 */
function stageIn(root, { layout, savePicture, saveNumbers, hasLegend = false }) {
  const make = (tag, className, parent, props = {}) =>
    parent.appendChild(Object.assign(document.createElement(tag), { className, ...props }));
  const view = { root };
  view.frame = make("div", "frame", root);
  view.stage = make("div", "stage", view.frame, { tabIndex: 0 });
  view.stage.setAttribute("role", "application");
  view.canvas = make("canvas", "", view.stage);
  view.canvas.setAttribute("aria-hidden", "true");
  if (hasLegend) view.legend = make("p", "legend muted", root);
  view.reading = make("p", "reading", root);
  view.reading.setAttribute("aria-live", "polite");
  const bar = make("div", "bar saving", root);
  for (const [textContent, act] of [["Save picture", savePicture], ["Save numbers", saveNumbers]]) {
    make("button", "", bar, { type: "button", textContent, onclick: () => act(view) });
  }
  view.watcher = new ResizeObserver(() => view.frame.clientWidth !== view.width && layout(view));
  view.watcher.observe(view.frame);
  return view;
}
