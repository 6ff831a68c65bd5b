// The Rust program in a service worker. What is asked of it comes as a message with a port for the answer.
import init, { run } from "./indexie-e2e.js";

const ready = init({ module_or_path: "./indexie-e2e_bg.wasm" });

async function answer({ command, parameters }) {
  await ready;
  try {
    return { answer: await run(command, parameters) };
  } catch (error) {
    return { error: String(error) };
  }
}

self.addEventListener("install", (event) => event.waitUntil(ready.then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  const [port] = event.ports;
  event.waitUntil(answer(event.data).then((result) => port.postMessage(result)));
});
