// Before anything is drawn: the colours chosen last time, else those of the system; and the question what there is,
// asked while the modules still load.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("modelcollapse-theme");
  } catch {
    // Storage may be forbidden; then the system decides.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  window.earlyAbout = fetch("/api/about", { cache: "no-store", credentials: "omit" });
  window.earlyAbout.catch(() => {});
})();
