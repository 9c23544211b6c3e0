// A link to a cell opens it in the frame of the executed notebook: show the frame too.

document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[target="executed-notebook"]');
  const frame = document.getElementById("executed-notebook");
  if (!link || !frame || event.ctrlKey || event.metaKey || event.shiftKey) return;
  frame.scrollIntoView({ block: "start" });
  frame.focus({ preventScroll: true });
});
