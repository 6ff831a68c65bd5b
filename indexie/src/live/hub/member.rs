//! `Member`: a live query, as the hubs know it, and what it has been told.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use crate::engine::Sight;
use crate::storage::{Commit, MOST_REPORTED, RowChange, StoreChange};

/// A live query, as the hubs know it.
pub(in crate::live) struct Member {
    pub number: u64,
    mail: RefCell<Mail>,
}

/// What a live query has been told and not yet looked at.
#[derive(Default)]
pub(in crate::live) struct Mail {
    /// Commits that touch its ranges; while it reads, all of them.
    pub hits: Vec<Hit>,
    /// All of it may have changed.
    pub refresh: bool,
    /// How many rows there are in the hits.
    rows: usize,
    waker: Option<Waker>,
}

/// What of a commit may concern a live query.
#[derive(Clone)]
pub(in crate::live) struct Hit {
    pub commit: Rc<Commit>,
    /// Which of its stores, and which rows of that.
    pub store: usize,
    pub rows: Vec<usize>,
    /// Whether it is known to have come after everything that was told before.
    pub in_order: bool,
    /// The database object through which the change is seen.
    pub database: u64,
    pub audience: Audience,
}

/// Who sees a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) enum Audience {
    Everyone,
    Only(Sight),
    /// Who has asked whether a row is pending.
    Askers,
}

/// What somebody has looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) enum Looks {
    /// Rows.
    At(Sight),
    /// Whether a row is pending.
    Asks,
}

impl Audience {
    /// What an overlay shows depends on all that is beneath it.
    fn includes(self, looks: Looks) -> bool {
        match (self, looks) {
            (Self::Only(Sight::Overlay(of)), Looks::At(Sight::Overlay(own))) => of == own,
            (Self::Askers, Looks::At(_)) => false,
            (_, Looks::At(Sight::Overlay(_)) | Looks::Asks) | (Self::Everyone, _) => true,
            (Self::Only(of), Looks::At(own)) => of == own,
        }
    }
}

impl Hit {
    /// Whether who reads so sees the change.
    pub fn concerns(&self, database: u64, looks: Looks) -> bool {
        self.database == database && self.audience.includes(looks)
    }

    pub fn store(&self) -> &StoreChange {
        &self.commit.stores[self.store]
    }

    /// The rows; none where it is not known which.
    pub fn rows(&self) -> Option<impl Iterator<Item = &RowChange>> {
        let rows = self.store().rows.as_ref()?;
        Some(self.rows.iter().filter_map(|at| rows.get(*at)))
    }
}

impl Member {
    pub fn new() -> Rc<Self> {
        thread_local!(static NEXT: Cell<u64> = const { Cell::new(1) });
        let number = NEXT.get();
        NEXT.set(number + 1);
        Rc::new(Self { number, mail: RefCell::default() })
    }

    /// Takes what there is, and has this waker woken when there is more.
    pub fn mail(&self, waker: &Waker) -> Mail {
        let waker = Some(waker.clone());
        self.mail.replace(Mail { waker, ..Mail::default() })
    }

    /// Throws away what there is: a read that begins now will see it.
    pub fn forget(&self) {
        let mut mail = self.mail.borrow_mut();
        *mail = Mail { waker: mail.waker.take(), ..Mail::default() };
    }

    pub(super) fn refresh(&self) {
        self.told(|mail| *mail = Mail { refresh: true, ..Mail::default() });
    }

    pub(super) fn hit(&self, hit: Hit) {
        self.told(|mail| {
            mail.rows += hit.rows.len() + 1;
            if mail.rows > MOST_REPORTED {
                *mail = Mail { refresh: true, ..Mail::default() };
            } else if !mail.refresh {
                mail.hits.push(hit);
            }
        });
    }

    fn told(&self, note: impl FnOnce(&mut Mail)) {
        let waker = {
            let mut mail = self.mail.borrow_mut();
            let waker = mail.waker.take();
            note(&mut mail);
            waker
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        super::leave(self.number);
    }
}
