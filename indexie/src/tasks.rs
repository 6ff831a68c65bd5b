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
pub(crate) use host::{attend, hold, run};

#[cfg(not(target_family = "wasm"))]
mod host {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard};
    use std::task::{Context, Wake, Waker};

    use futures::FutureExt;
    use futures::future::LocalBoxFuture;

    use crate::mutex::lock;
    use crate::overlay::SAVEPOINTS;
    use crate::storage::{memory, runner};
    use crate::strategy;
    use crate::within::Apart;

    /// Takes note, and wakes who attends: the task is polled when its turn comes.
    struct Flag {
        woken: AtomicBool,
        attending: Arc<Attending>,
    }

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.woken.store(true, Ordering::Release);
            if !is_held(&self.attending) {
                self.attending.wake_all();
            }
        }
    }

    /// Who gives the tasks of a thread their turns.
    struct Attending {
        /// Those who wait for what they bring about.
        wakers: Mutex<Vec<Waker>>,
        /// Those who wait for the storage, which gives them turns as well.
        storage: Waker,
    }

    impl Attending {
        /// Those who are woken may attend again at once.
        fn wake_all(&self) {
            let woken = std::mem::take(&mut *self.wakers());
            woken.into_iter().for_each(Waker::wake);
            self.storage.wake_by_ref();
        }

        fn wakers(&self) -> MutexGuard<'_, Vec<Waker>> {
            lock(&self.wakers)
        }
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
        /// How many [`hold`] on, and whether a task has been woken meanwhile.
        static HELD: Cell<(u32, bool)> = const { Cell::new((0, false)) };
        static ATTENDING: Arc<Attending> =
            Arc::new(Attending { wakers: Mutex::default(), storage: memory::who_waits() });
    }

    /// Puts the mark back, however it ends.
    struct Mark;

    impl Drop for Mark {
        fn drop(&mut self) {
            RUNNING.set(false);
        }
    }

    /// As long as this lives, those who attend are not woken by tasks of this thread; they are when it is over. Whoever wakes a task
    /// may hold a lock meanwhile, as a `futures::future::Shared` does, and be one of them: it would wait for itself.
    pub(crate) struct Hold(());

    pub(crate) fn hold() -> Hold {
        let (count, woken) = HELD.get();
        HELD.set((count + 1, woken));
        Hold(())
    }

    impl Drop for Hold {
        fn drop(&mut self) {
            let (count, woken) = HELD.get();
            let is_over = count == 1;
            HELD.set((count - 1, woken && !is_over));
            if woken && is_over {
                let _ = ATTENDING.try_with(Clone::clone).map(|attending| attending.wake_all());
            }
        }
    }

    /// Whether those who attend are to be woken later; if so, takes note.
    fn is_held(attending: &Arc<Attending>) -> bool {
        let is_own = ATTENDING.try_with(|own| Arc::ptr_eq(own, attending)).unwrap_or(false);
        let (count, _) = HELD.get();
        let is_held = is_own && count > 0;
        if is_held {
            HELD.set((count, true));
        }
        is_held
    }

    pub fn spawn(future: LocalBoxFuture<'static, ()>) {
        let attending = ATTENDING.with(Clone::clone);
        let woken = Arc::new(Flag { woken: AtomicBool::new(true), attending: attending.clone() });
        let task = Rc::new(Task { future: RefCell::new(Some(future)), woken, over: Cell::new(false) });
        TASKS.with_borrow_mut(|tasks| tasks.push(task));
        attending.wake_all();
    }

    /// Whether the tasks are having their turn already, or are not to have one: not within a live query, nor within the body of a
    /// transaction. What they read would be taken for a part of it; who polls the whole gives them their turns. Nor at the end of the
    /// thread, when they are gone: its own data may still poll what they have.
    fn is_elsewhere() -> bool {
        #[cfg(feature = "live")]
        let is_tracking = crate::live::is_tracking;
        #[cfg(not(feature = "live"))]
        let is_tracking = || false;
        let are_gone = TASKS.try_with(|_| ()).is_err();
        let is_running = RUNNING.try_with(Cell::get).unwrap_or(true);
        are_gone || is_running || runner::current().is_some() || is_tracking()
    }

    /// Gives the tasks a turn, and has `waker` woken when one of them wants another.
    pub(crate) fn attend(waker: &Waker) {
        if is_elsewhere() {
            return;
        }
        let _none_at_the_end = ATTENDING.try_with(|attending| {
            let mut attending = attending.wakers();
            if !attending.iter().any(|known| known.will_wake(waker)) {
                attending.push(waker.clone());
            }
        });
        run();
    }

    /// Gives the tasks of this thread a turn.
    pub(crate) fn run() {
        if is_elsewhere() {
            return;
        }
        let _hold = hold();
        RUNNING.set(true);
        let _mark = Mark;
        let ready: Vec<Rc<Task>> = TASKS.with_borrow(|tasks| {
            tasks.iter().filter(|task| task.woken.woken.swap(false, Ordering::Acquire)).cloned().collect()
        });
        // They are no part of what is being polled, and waits.
        let _apart = (Apart::of(&strategy::WITHIN), Apart::of(&SAVEPOINTS));
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
