"use strict";
const relations = JSON.parse(document.getElementById("relations").textContent);
const behind = document.getElementById("behind");
const signs = { broken: "\u2717", holds: "\u2713", rounding: "\u2248", finding: "!" };

function line(kind, head, text) {
  const row = document.createElement("p");
  row.className = kind;
  const name = document.createElement("b");
  name.textContent = `${signs[kind] || ""} ${head}`;
  row.append(name, text ? `: ${text}` : "");
  return row;
}

function show(figure) {
  const title = document.createElement("h4");
  title.textContent = figure.getAttribute("aria-label");
  const rows = (relations[figure.id] || []).map(([kind, head, text]) => line(kind, head, text));
  behind.replaceChildren(title, ...(rows.length ? rows : [line("none", "Nothing in these documents can check it", "")]));
  behind.hidden = false;
}

document.addEventListener("mouseover", (event) => {
  const figure = event.target.closest(".figure");
  if (figure) show(figure);
});
document.addEventListener("focusin", (event) => {
  const figure = event.target.closest(".figure");
  if (figure) show(figure);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") behind.hidden = true;
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link) reach(link.hash);
  else if (!event.target.closest(".figure, #behind")) behind.hidden = true;
});
window.addEventListener("hashchange", () => reach(location.hash));

function reach(hash) {
  const figure = document.getElementById(hash.slice(1));
  if (!figure) return;
  figure.scrollIntoView({ block: "center", inline: "center" });
  figure.focus({ preventScroll: true });
}
for (const box of document.querySelectorAll("input[data-status]")) {
  box.addEventListener("change", () => document.body.classList.toggle(`hide-${box.dataset.status}`, !box.checked));
}
for (const box of document.querySelectorAll("input[data-severity]")) {
  box.addEventListener("change", () => {
    for (const row of document.querySelectorAll(`[data-finding="${box.dataset.severity}"]`)) row.hidden = !box.checked;
  });
}
reach(location.hash);
