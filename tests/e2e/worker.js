// A worker, or the service worker: runs commands of the Rust program that a page sends. It is bundled into one classic script.
import init, { run } from "./indexie-e2e.js";

const ready = init({ module_or_path: "./indexie-e2e_bg.wasm" });

self.addEventListener("message", (event) => {
  const { data: { command, parameters }, ports: [port] } = event;
  const running = ready.then(() => run(command, parameters)).then(
    (answer) => port.postMessage({ answer }),
    (error) => port.postMessage({ error: String(error) }),
  );
  // Until then the browser may not stop the service worker.
  event.waitUntil?.(running);
});
