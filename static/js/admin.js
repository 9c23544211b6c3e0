// In the Django admin: fields with suggestions are named as their labels name them.
// select2 puts a box of its own in the place of the field, and gives it no name.
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
  // After Django's own scripts, which jQuery runs in the order in which they asked.
  window.django?.jQuery?.(() => nameBoxes(document));
  document.addEventListener("formset:added", (event) => {
    setTimeout(() => nameBoxes(event.target));
  });
})();
