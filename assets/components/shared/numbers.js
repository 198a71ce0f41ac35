// Numbers as people read them, never rounded into a lie. Shared by the elements that name "numbers".

/** A share 0..1 as percent: 0 and 100 only where it is exactly that. */
function percent(share) {
  if (share === 0 || share === 1) return `${share * 100} %`;
  if (share < 0.0001) return "<0.01 %";
  if (share > 0.9999) return ">99.99 %";
  return `${(share * 100).toFixed(2)} %`;
}

/** A number with a true minus sign. */
function fixed(value, decimals = 3) {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A share with four digits that count: 0.04312, 3.127e-7. */
function precise(share) {
  return share === 0 || share === 1 ? String(share) : Number(share).toPrecision(4);
}

/** A share in the few characters a cell has room for. */
function brief(share) {
  if (share === 0 || share === 1) return String(share);
  if (share < 0.005) return "<.01";
  if (share >= 0.995) return ">.99";
  return share.toFixed(2).slice(1);
}
