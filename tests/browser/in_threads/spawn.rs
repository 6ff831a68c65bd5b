//! Threads: workers that run the same module in the same memory.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, TryLockError};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(inline_js = r#"
export function start(number, module, memory) {
  const program = new URL('wasm-bindgen-test.js', location.href).href;
  const source = `
    import init, { runThread } from ${JSON.stringify(program)};
    addEventListener('message', async ({ data: { number, module, memory } }) => {
      try {
        await init({ module_or_path: module, memory });
        await runThread(number);
        postMessage({ number });
      } catch (error) {
        postMessage({ number, error: String(error?.stack ?? error) });
      }
      close();
    }, { once: true });`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.number !== number) return;
      if ('error' in data) reject(data.error);
      else resolve();
    };
    worker.onerror = (event) => reject(`the worker did not start: ${event.message}`);
    worker.postMessage({ number, module, memory });
  });
}
"#)]
extern "C" {
    fn start(number: u32, module: JsValue, memory: JsValue) -> Promise;
}

type Job = Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>;

/// What the threads are to run, until they fetch it.
static JOBS: Mutex<Vec<Option<Job>>> = Mutex::new(Vec::new());

/// A window must not wait for a lock.
fn jobs() -> MutexGuard<'static, Vec<Option<Job>>> {
    loop {
        match JOBS.try_lock() {
            Ok(jobs) => return jobs,
            Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            Err(TryLockError::Poisoned(_)) => panic!("a thread panicked while it held the lock"),
        }
    }
}

/// Runs `work` on a new thread, which starts at once. The thread ends with its work.
///
/// # Panics
///
/// The future panics if the thread has.
pub fn thread<R, F>(work: impl FnOnce() -> F + Send + 'static) -> impl Future<Output = R>
where
    R: Send + 'static,
    F: Future<Output = R> + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let job: Job = Box::new(move || {
        async move {
            let _ = sender.send(work().await);
        }
        .boxed_local()
    });
    let number = {
        let mut jobs = jobs();
        jobs.push(Some(job));
        jobs.len() - 1
    };
    let number = u32::try_from(number).expect("there are few threads");
    let ended = start(number, wasm_bindgen::module(), wasm_bindgen::memory());
    async move {
        if let Err(error) = JsFuture::from(ended).await {
            panic!("thread {number}: {error:?}");
        }
        receiver.await.expect("the thread has ended, and sent what its work came to")
    }
}

/// Called by a new thread.
#[wasm_bindgen(js_name = runThread)]
pub async fn run_thread(number: usize) {
    let job = jobs()[number].take().expect("each job is fetched once");
    job().await;
}
