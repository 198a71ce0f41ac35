// Remembers, for this tab, which runs are its visitor's: a reload starts a new session on the
// server, and this is how the new one finds the old one's runs. Nothing is shown.
const KEY = "glassbox-runs";

export default function ({ data, setStateValue }) {
  let stored = [];
  try {
    stored = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    stored = [];
  }
  const known = data.tokens;
  const lost = stored.filter((token) => !known.includes(token) && !data.gone.includes(token));
  const all = [...lost, ...known];
  try {
    sessionStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // A browser that keeps nothing: runs are then lost with a reload, as the page says.
  }
  if (lost.length) setStateValue("tokens", all);
}
