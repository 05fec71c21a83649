// One switch on pages with code: show or hide all of it. Printing opens whatever is folded.
document.addEventListener("DOMContentLoaded", () => {
  const folded = document.querySelectorAll(".cell.tag_hide-input details.hide, details.toggle-details");
  const title = document.querySelector(".bd-article h1");
  if (!folded.length || !title) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "soilbook-code";
  const show = (open) => {
    folded.forEach((one) => (one.open = open));
    button.textContent = open ? "Hide code of products" : "Show all code";
    button.setAttribute("aria-pressed", String(open));
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-pressed") !== "true"));
  show(false);
  title.after(button);
});
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((one) => (one.open = true));
});
// What is read aloud is what is written: labels of the theme's own differ from it.
window.addEventListener("load", () => {
  document
    .querySelectorAll("summary[aria-label], .search-button-field, .theme-switch-button")
    .forEach((one) => {
      const icons = [...one.querySelectorAll("[title]")].map((icon) => icon.title).join(" ");
      const written = (one.textContent.trim() || icons).replace(/\s+/g, " ");
      if (written) one.setAttribute("aria-label", written);
    });
  // Roles of the bibliography that browsers have given up.
  document
    .querySelectorAll(".citation-list, .citation-list [role]")
    .forEach((one) => one.removeAttribute("role"));
});
