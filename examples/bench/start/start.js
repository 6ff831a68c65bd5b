// What the three pages of `cargo xtask bench start` have in common: from the navigation on, until a row is shown.

const SHOWN = 500;

// Of all that the page has loaded, without headers.
const bytes = () => performance.getEntriesByType("resource").reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0);

// Where there are no rows yet, nobody is shown.
async function show(load, open) {
  // The clock has been running since the navigation. By now the page's scripts are there.
  const scripts = performance.now();
  await load();
  const loaded = performance.now();
  const app = await open();
  const opened = performance.now();
  const name = await app.get(SHOWN);
  document.body.textContent = name ?? "";
  const shown = performance.now();
  const figures = {
    scripts, program: loaded - scripts, load: loaded, open: opened - loaded, read: shown - opened, shown, bytes: bytes(), name,
  };
  return { app, figures };
}

export function start({ load = async () => {}, open, version }) {
  const shown = show(load, open);
  window.bench = {
    figures: async () => (await shown).figures,
    fill: async (count) => (await shown).app.fill(count),
    isPrecise: crossOriginIsolated, version, ready: shown,
  };
}
