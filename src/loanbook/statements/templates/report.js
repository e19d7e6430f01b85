(function () {
  var tables = document.querySelectorAll("details"), nav = document.querySelector("nav");
  if (!tables.length || !nav) return;
  var button = document.createElement("button");
  button.type = "button";
  button.textContent = "Open all tables";
  button.addEventListener("click", function () {
    var open = button.textContent === "Open all tables";
    tables.forEach(function (table) { table.open = open; });
    button.textContent = open ? "Fold all tables" : "Open all tables";
  });
  nav.appendChild(button);
})();
