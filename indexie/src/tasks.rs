//! What goes on in the background. In a browser the event loop runs it; elsewhere, where there is no executor that it could be
//! given to, it goes on whenever something of this crate is awaited on its thread.
//! Called by live queries and hooks, and by the storage at each poll.

use futures::future::LocalBoxFuture;

/// Runs a future to its end, in the background of this thread.
pub(crate) fn spawn(future: LocalBoxFuture<'static, ()>) {
    #[cfg(target_family = "wasm")]
    wasm_bindgen_futures::spawn_local(future);
    #[cfg(not(target_family = "wasm"))]
    host::spawn(future);
}

#[cfg(not(target_family = "wasm"))]
#[cfg_attr(
    not(feature = "electric"),
    allow(unused_imports, reason = "only what comes from outside wakes who waits")
)]
pub(crate) use host::{attend, run};

#[cfg(not(target_family = "wasm"))]
mod host {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::task::{Context, Wake, Waker};

    use futures::FutureExt;
    use futures::future::LocalBoxFuture;

    /// Takes note, and wakes who attends: the task is polled when its turn comes.
    struct Flag {
        woken: AtomicBool,
        attending: Attending,
    }

    /// Who gives the tasks of a thread their turns while he waits for what they bring about.
    type Attending = Arc<Mutex<Vec<Waker>>>;

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.woken.store(true, Ordering::Release);
            wake_all(&self.attending);
        }
    }

    /// Those who are woken may attend again at once.
    fn wake_all(attending: &Attending) {
        let woken = std::mem::take(&mut *attending.lock().unwrap_or_else(PoisonError::into_inner));
        woken.into_iter().for_each(Waker::wake);
    }

    struct Task {
        /// Absent while it is being polled, and when it is over.
        future: RefCell<Option<LocalBoxFuture<'static, ()>>>,
        woken: Arc<Flag>,
        over: Cell<bool>,
    }

    thread_local! {
        static TASKS: RefCell<Vec<Rc<Task>>> = const { RefCell::new(Vec::new()) };
        static RUNNING: Cell<bool> = const { Cell::new(false) };
        static ATTENDING: Attending = Attending::default();
    }

    /// Puts the mark back, however it ends.
    struct Mark;

    impl Drop for Mark {
        fn drop(&mut self) {
            RUNNING.set(false);
        }
    }

    pub fn spawn(future: LocalBoxFuture<'static, ()>) {
        let attending = ATTENDING.with(Clone::clone);
        let woken = Arc::new(Flag { woken: AtomicBool::new(true), attending: attending.clone() });
        let task = Rc::new(Task { future: RefCell::new(Some(future)), woken, over: Cell::new(false) });
        TASKS.with_borrow_mut(|tasks| tasks.push(task));
        wake_all(&attending);
    }

    /// Gives the tasks a turn, and has `waker` woken when one of them wants another.
    #[cfg_attr(not(feature = "electric"), allow(dead_code, reason = "only what comes from outside wakes who waits"))]
    pub(crate) fn attend(waker: &Waker) {
        if RUNNING.try_with(Cell::get).unwrap_or(true) {
            // A task itself: somebody else gives it its turns.
            return;
        }
        ATTENDING.with(|attending| {
            let mut attending = attending.lock().unwrap_or_else(PoisonError::into_inner);
            if !attending.iter().any(|known| known.will_wake(waker)) {
                attending.push(waker.clone());
            }
        });
        run();
    }

    /// Gives the tasks of this thread a turn. Not within a live query, nor within the body of a transaction: what they read would be
    /// taken for a part of it.
    pub(crate) fn run() {
        #[cfg(feature = "live")]
        let tracking = crate::live::is_tracking();
        #[cfg(not(feature = "live"))]
        let tracking = false;
        let busy = RUNNING.try_with(Cell::get).unwrap_or(true);
        if busy || tracking || crate::storage::runner::current().is_some() {
            return;
        }
        RUNNING.set(true);
        let _mark = Mark;
        let ready: Vec<Rc<Task>> = TASKS.with_borrow(|tasks| {
            tasks.iter().filter(|task| task.woken.woken.swap(false, Ordering::Acquire)).cloned().collect()
        });
        for task in ready {
            let future = task.future.borrow_mut().take();
            let Some(mut future) = future else { continue };
            let waker = Waker::from(task.woken.clone());
            if future.poll_unpin(&mut Context::from_waker(&waker)).is_pending() {
                *task.future.borrow_mut() = Some(future);
            } else {
                task.over.set(true);
            }
        }
        // Dropped outside of the borrow: a task may hold the app's own values.
        let _over: Vec<Rc<Task>> =
            TASKS.with_borrow_mut(|tasks| tasks.extract_if(.., |task| task.over.get()).collect());
    }
}
