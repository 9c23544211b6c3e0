// Sets the chosen theme. It is loaded in the head, so that no other theme flashes first.
// The Django admin reads the same key and the same attribute.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Storage is off: the system's preference holds.
  }
})();
