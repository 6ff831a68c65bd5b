//! Whether anybody looks at the page, and whether there is a network: what a sync pauses for.
//! Called by the sync; calls the browser. Off the web, and in workers, a page is never hidden.

#[cfg(target_family = "wasm")]
mod browser;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::FutureExt;
use futures::channel::oneshot;

/// What the browser tells of the page, or of the worker.
pub(crate) struct Presence {
    state: Rc<State>,
    #[cfg(target_family = "wasm")]
    _listeners: browser::Listeners,
}

struct State {
    hidden: Cell<bool>,
    online: Cell<bool>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl State {
    /// Seen and online, as long as nothing else is known.
    fn new() -> Rc<State> {
        Rc::new(State { hidden: Cell::new(false), online: Cell::new(true), waiting: RefCell::default() })
    }

    #[cfg(any(test, target_family = "wasm"))]
    fn tell(&self) {
        for waiting in self.waiting.take() {
            let _ = waiting.send(());
        }
    }
}

impl Presence {
    pub(crate) fn watch() -> Presence {
        let state = State::new();
        Presence {
            #[cfg(target_family = "wasm")]
            _listeners: browser::listen(&state),
            state,
        }
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.state().hidden.get()
    }

    /// False only if there is certainly no network. It being true promises nothing.
    pub(crate) fn is_online(&self) -> bool {
        self.state().online.get()
    }

    /// Waits for the next change from this call on; being woken without one is possible.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + use<> {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.state.waiting.borrow_mut();
        waiting.retain(|waiting| !waiting.is_canceled());
        waiting.push(tell);
        told.map(drop)
    }

    /// What is so now: events may come late.
    fn state(&self) -> &State {
        #[cfg(target_family = "wasm")]
        browser::look(&self.state);
        &self.state
    }
}

/// Says what a [`Presence`] tells, in tests.
#[cfg(all(test, not(target_family = "wasm")))]
pub(crate) struct Told(Rc<State>);

#[cfg(all(test, not(target_family = "wasm")))]
impl Presence {
    /// One that tells what the other says: at first, that the page is seen and online.
    pub(crate) fn fixed() -> (Presence, Told) {
        let state = State::new();
        (Presence { state: state.clone() }, Told(state))
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
impl Told {
    pub(crate) fn set_hidden(&self, hidden: bool) {
        self.0.hidden.set(hidden);
        self.0.tell();
    }

    pub(crate) fn set_online(&self, online: bool) {
        self.0.online.set(online);
        self.0.tell();
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn off_the_web_a_page_is_seen_and_online() {
        let presence = Presence::watch();
        assert!(!presence.is_hidden() && presence.is_online());
        assert!(presence.changed().now_or_never().is_none());
    }

    #[test]
    fn a_change_wakes_all_who_wait_for_it_once() {
        let (presence, told) = Presence::fixed();
        let (one, other) = (presence.changed(), presence.changed());
        told.set_hidden(true);
        block_on(one);
        block_on(other);
        assert!(presence.is_hidden());
        assert!(presence.changed().now_or_never().is_none());
    }

    #[test]
    fn those_who_no_longer_wait_are_forgotten() {
        let (presence, told) = Presence::fixed();
        drop(presence.changed());
        let next = presence.changed();
        assert_eq!(presence.state.waiting.borrow().len(), 1);
        told.set_online(false);
        assert!(!presence.is_online());
        block_on(next);
    }
}
