// Without this script source and output stand side by side. With it one covers the other, up to a slider.
for (const compare of document.querySelectorAll(".compare[data-both]")) {
  const slider = document.createElement("input");
  slider.type = "range";
  slider.min = 0;
  slider.max = 100;
  slider.value = 50;
  slider.step = "any";
  slider.setAttribute("aria-label", "Share of the source");
  slider.addEventListener("input", () => compare.style.setProperty("--at", slider.value + "%"));

  const label = document.createElement("label");
  const beside = document.createElement("input");
  beside.type = "checkbox";
  beside.addEventListener("change", () => {
    compare.classList.toggle("sliding", !beside.checked);
    slider.hidden = beside.checked;
  });
  label.append(beside, " Side by side");

  compare.classList.add("sliding");
  compare.after(slider, label);
}
