// Starts the program. Not inline, because the page's content security policy forbids that.
import init from "../todo.js";

try {
  await init();
} catch (error) {
  const alert = document.querySelector("#alert");
  alert.textContent = `This page could not start: ${error.message ?? error}`;
  alert.hidden = false;
  document.body.dataset.state = "failed";
}
