//! Databases and who uses them, from whatever thread: the part that is behind a lock.
//!
//! A [`Realm`] holds databases by name, as an origin does in a browser. Whatever a database's users do ends with a look at
//! what it has made possible. Who may go on is told by letter, before the lock is released: letters arrive in the order in
//! which things have happened. The caller wakes those who have got some, afterwards.
//! Called by `engine`; calls nothing that waits.

use std::sync::{Arc, Mutex, Weak};

use super::commits::Watch;
use super::inbox::{Inbox, Letters, Note, Receivers};
use super::opening::Request;
use super::schedule::Tickets;
use super::undo::Stores;
use crate::mutex::lock;
use crate::order::SortedMap;

/// Databases by name.
#[derive(Debug, Default)]
pub(super) struct Realm {
    databases: Mutex<SortedMap<String, Arc<Database>>>,
}

#[derive(Debug)]
pub(super) struct Database {
    name: String,
    realm: Weak<Realm>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// 0: there is no such database.
    pub version: u32,
    pub stores: Stores,
    pub links: Vec<Link>,
    pub tickets: Tickets,
    /// Who wants to open or to delete the database; one at a time.
    pub requests: std::collections::VecDeque<Request>,
    /// How many commits there have been.
    pub commits: u64,
    pub watches: Vec<Watch>,
    /// To be sent before the lock is released.
    pub letters: Letters,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Link {
    pub id: u32,
    pub inbox: Arc<Inbox>,
    /// It closes when its last transaction has ended.
    pub closing: bool,
}

impl Realm {
    /// Asks something of a database, which is there from then on, if only as a name, for as long as somebody uses it.
    pub fn ask(self: &Arc<Self>, name: &str, act: impl FnOnce(&mut State)) -> (Arc<Database>, Receivers) {
        // Asked with the realm locked: a database that nobody uses may go.
        let mut databases = lock(&self.databases);
        let database = databases.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Database { name: name.to_owned(), realm: Arc::downgrade(self), state: Mutex::default() })
        });
        let database = database.clone();
        let ((), receivers, unused) = database.locked(act);
        if unused {
            databases.remove(name);
        }
        drop(databases);
        (database, receivers)
    }

    pub fn names(&self) -> Vec<String> {
        let databases = lock(&self.databases);
        let there = databases.iter().filter(|(_, database)| lock(&database.state).version > 0);
        there.map(|(name, _)| name.clone()).collect()
    }

    /// Lets go of a database that has been deleted.
    fn tidy(&self, name: &str) {
        let mut databases = lock(&self.databases);
        if databases.get(name).is_some_and(|database| lock(&database.state).is_unused()) {
            databases.remove(name);
        }
    }
}

impl Database {
    /// Does something, and what it makes possible.
    pub fn change<R>(&self, act: impl FnOnce(&mut State) -> R) -> (R, Receivers) {
        let (result, receivers, unused) = self.locked(act);
        if unused && let Some(realm) = self.realm.upgrade() {
            realm.tidy(&self.name);
        }
        (result, receivers)
    }

    /// Asks something of the database that has this one's name by now: this one may have been deleted.
    pub fn ask_again(self: &Arc<Self>, act: impl FnOnce(&mut State)) -> (Arc<Self>, Receivers) {
        let Some(realm) = self.realm.upgrade() else {
            let ((), receivers) = self.change(act);
            return (self.clone(), receivers);
        };
        realm.ask(&self.name, act)
    }

    /// Looks at something, or changes what nobody waits for.
    pub fn look<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut lock(&self.state))
    }

    fn locked<R>(&self, act: impl FnOnce(&mut State) -> R) -> (R, Receivers, bool) {
        let mut state = lock(&self.state);
        let result = act(&mut state);
        state.go_on();
        let receivers = std::mem::take(&mut state.letters).deliver();
        let unused = state.is_unused();
        (result, receivers, unused)
    }
}

impl State {
    fn is_unused(&self) -> bool {
        self.version == 0 && self.links.is_empty() && self.requests.is_empty() && self.watches.is_empty()
    }

    /// Whether transactions can be begun on a connection.
    pub fn is_open(&self, connection: u32) -> bool {
        self.links.iter().any(|link| link.id == connection && !link.closing)
    }

    pub fn close(&mut self, connection: u32) {
        self.requests.retain(|request| request.id != connection || request.is_upgrading());
        for link in self.links.iter_mut().filter(|link| link.id == connection) {
            link.closing = true;
        }
    }

    fn go_on(&mut self) {
        loop {
            let tickets = &self.tickets;
            self.links.retain(|link| !link.closing || tickets.use_connection(link.id));
            if !self.advance() && !self.start() {
                break;
            }
        }
    }

    /// Starts the transactions that nothing keeps from it any more. Returns whether one is over already, which others may have
    /// waited for.
    fn start(&mut self) -> bool {
        let mut over = false;
        while let Some(ticket) = self.tickets.start() {
            let id = ticket.id;
            match ticket.left.take() {
                None => self.letters.push(ticket.inbox.clone(), Note::Started(id)),
                Some(left) => {
                    let log = left.carry_out(&mut self.stores);
                    self.committed(&log);
                    self.tickets.remove(id);
                    over = true;
                }
            }
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_kept(realm: &Realm) -> bool {
        !lock(&realm.databases).is_empty()
    }

    fn opens(id: u32) -> impl FnOnce(&mut State) {
        move |state| state.requests.push_back(Request::open(id, Arc::default(), 1))
    }

    fn deletes(id: u32) -> impl FnOnce(&mut State) {
        move |state| state.requests.push_back(Request::delete(id, Arc::default()))
    }

    #[test]
    fn a_name_is_kept_as_long_as_somebody_uses_it() {
        let realm = Arc::<Realm>::default();
        let (database, _) = realm.ask("a", deletes(1));
        assert!(!is_kept(&realm), "there was nothing to delete");
        database.change(|state| state.close(1));
        realm.ask("a", opens(2));
        assert!(is_kept(&realm));
    }

    #[test]
    fn a_database_that_nobody_has_open_is_let_go_of_when_it_is_deleted() {
        let realm = Arc::<Realm>::default();
        let (database, _) = realm.ask("a", opens(1));
        database.change(|state| state.end_upgrade(1, Ok(())));
        database.change(|state| state.close(1));
        assert_eq!(realm.names(), ["a"]);
        let (deleted, _) = realm.ask("a", deletes(2));
        assert!(!is_kept(&realm));
        assert_eq!(deleted.look(|state| state.version), 0);
    }

    #[test]
    fn who_asks_again_is_answered_by_the_database_that_has_the_name() {
        let realm = Arc::<Realm>::default();
        let (before, _) = realm.ask("a", deletes(1));
        let (now, _) = realm.ask("a", opens(2));
        let (again, _) = before.ask_again(opens(3));
        assert!(Arc::ptr_eq(&now, &again) && !Arc::ptr_eq(&before, &again));
        assert_eq!(again.look(|state| state.requests.iter().map(|request| request.id).collect::<Vec<_>>()), [2, 3]);
    }
}
