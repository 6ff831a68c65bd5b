// Starts the program. Not inline, because the page's content security policy forbids that.
import init from "../quickstart.js";

try {
  await init();
} catch (error) {
  document.querySelector("#status").textContent = `This page could not start: ${error.message ?? error}`;
  document.body.dataset.state = "failed";
}
