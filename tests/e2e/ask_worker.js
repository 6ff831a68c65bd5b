// The page's end of the workers in worker.js.

// Registers it, and waits until it has become active.
export async function register() {
  await navigator.serviceWorker.register("./service_worker.js");
  await navigator.serviceWorker.ready;
}

// Runs a command of the Rust program in it.
export async function run(command, parameters) {
  const { active } = await navigator.serviceWorker.ready;
  return ask(active, command, parameters);
}

let dedicated = null;

// Runs a command in a worker of the page's own.
export function runInDedicated(command, parameters) {
  dedicated ??= new Worker("./service_worker.js");
  return ask(dedicated, command, parameters);
}

function ask(worker, command, parameters) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data: { answer, error } }) => {
      port1.close();
      if (error === undefined) resolve(answer); else reject(error);
    };
    worker.postMessage({ command, parameters }, [port2]);
  });
}
