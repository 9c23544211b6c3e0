// In the Django admin: give fields with suggestions the names of their labels, for
// screen readers. select2 replaces the field by a box of its own, which has no name.
(() => {
  const nameBoxes = (root) => {
    for (const box of root.querySelectorAll(".select2-container")) {
      const field = box.previousElementSibling;
      const label = field?.labels?.[0];
      if (!label) continue;
      const name = label.textContent.trim().replace(/:$/, "");
      for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) {
        part.removeAttribute("aria-labelledby");
        part.setAttribute("aria-label", name);
      }
    }
  };
  // jQuery runs handlers in the order of their registration, so Django's run first.
  window.django?.jQuery?.(() => nameBoxes(document));
  document.addEventListener("formset:added", (event) => {
    setTimeout(() => nameBoxes(event.target));
  });
})();
