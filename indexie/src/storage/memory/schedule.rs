//! Which transaction may run: one that writes waits for all earlier ones that share a store with it, one that reads for
//! those that write. There is a queue per store, so that whoever comes or goes concerns nobody but those behind it.
//! Called by `database` and its neighbours; pure.

use std::collections::HashMap;
use std::sync::Arc;

use super::abandoned::Left;
use super::inbox::Inbox;
use crate::order::{SortedMap, SortedSet};

/// A transaction that has not ended.
#[derive(Debug)]
pub(super) struct Ticket {
    pub id: u32,
    pub connection: u32,
    pub inbox: Arc<Inbox>,
    /// The stores. None in an upgrade, which runs when nobody else has the database open.
    pub scope: Vec<Arc<str>>,
    pub write: bool,
    /// What it writes, if nobody waits for it.
    pub left: Option<Left>,
}

/// Transactions that have not ended, in the order in which they were created.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    /// By place.
    all: SortedMap<u64, Ticket>,
    places: HashMap<u32, u64>,
    next: u64,
    queues: HashMap<Arc<str>, Queue>,
    /// The places of those that wait.
    waiting: SortedSet<u64>,
    /// Of those, the ones that something has changed for.
    perhaps: SortedSet<u64>,
    /// How many there are of each connection.
    connections: HashMap<u32, usize>,
}

/// Who uses a store or waits for it, by place.
#[derive(Debug, Default)]
struct Queue {
    all: SortedSet<u64>,
    writers: SortedSet<u64>,
}

impl Queue {
    /// Whether nobody who comes before is in the way.
    fn is_free(&self, place: u64, write: bool) -> bool {
        let before = if write { &self.all } else { &self.writers };
        before.first().is_none_or(|first| *first >= place)
    }

    /// Who may have waited for one that has gone: the next one that writes, or those that read before it.
    fn freed(&self, wrote: bool) -> impl Iterator<Item = u64> {
        let first = self.writers.first().copied().unwrap_or(u64::MAX);
        let writer = self.all.first().copied().filter(|place| *place == first);
        let readers = self.all.iter().copied().take_while(move |place| *place < first);
        writer.into_iter().chain(readers.take(if wrote { usize::MAX } else { 0 }))
    }
}

impl Tickets {
    pub fn push(&mut self, ticket: Ticket) {
        let place = self.next;
        self.next += 1;
        for store in &ticket.scope {
            let queue = self.queues.entry(store.clone()).or_default();
            queue.all.insert(place);
            if ticket.write {
                queue.writers.insert(place);
            }
        }
        *self.connections.entry(ticket.connection).or_default() += 1;
        self.places.insert(ticket.id, place);
        self.all.insert(place, ticket);
        self.waiting.insert(place);
        self.perhaps.insert(place);
    }

    /// A transaction has ended, or is not to be.
    pub fn remove(&mut self, id: u32) {
        let Some(place) = self.places.remove(&id) else { return };
        let Some(ticket) = self.all.remove(&place) else { return };
        self.waiting.remove(&place);
        self.perhaps.remove(&place);
        for store in &ticket.scope {
            let Some(queue) = self.queues.get_mut(store) else { continue };
            queue.all.remove(&place);
            queue.writers.remove(&place);
            self.perhaps.extend(queue.freed(ticket.write));
            if queue.all.is_empty() {
                self.queues.remove(store);
            }
        }
        if let Some(count) = self.connections.get_mut(&ticket.connection) {
            *count -= 1;
            if *count == 0 {
                self.connections.remove(&ticket.connection);
            }
        }
    }

    /// The next one that nothing keeps from starting, if there is one: it has started.
    pub fn start(&mut self) -> Option<&mut Ticket> {
        while let Some(place) = self.perhaps.pop_first() {
            let Some(ticket) = self.all.get(&place) else { continue };
            let is_free = |store| self.queues.get(store).is_none_or(|queue| queue.is_free(place, ticket.write));
            if ticket.scope.iter().all(is_free) && self.waiting.remove(&place) {
                return self.all.get_mut(&place);
            }
        }
        None
    }

    /// One that waits, so that something can be said about it.
    pub fn waiting(&mut self, id: u32) -> Option<&mut Ticket> {
        let place = self.places.get(&id).filter(|place| self.waiting.contains(place))?;
        self.all.get_mut(place)
    }

    #[cfg(test)]
    fn has_started(&self, id: u32) -> bool {
        self.places.get(&id).is_some_and(|place| !self.waiting.contains(place))
    }

    /// Whether there are any of this connection.
    pub fn use_connection(&self, connection: u32) -> bool {
        self.connections.contains_key(&connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: bool = false;
    const WRITE: bool = true;

    /// Transactions 1, 2, ... over these stores.
    fn tickets(scopes: &[(&str, bool)]) -> Tickets {
        let mut tickets = Tickets::default();
        for (id, (scope, write)) in (1..).zip(scopes) {
            let scope = scope.split_whitespace().map(Into::into).collect();
            tickets.push(Ticket { id, connection: id % 2, inbox: Arc::default(), scope, write: *write, left: None });
        }
        tickets
    }

    fn started(tickets: &mut Tickets) -> Vec<u32> {
        std::iter::from_fn(|| tickets.start().map(|ticket| ticket.id)).collect()
    }

    /// Who starts when this one has ended.
    fn after(tickets: &mut Tickets, id: u32) -> Vec<u32> {
        tickets.remove(id);
        started(tickets)
    }

    #[test]
    fn readers_run_side_by_side() {
        assert_eq!(started(&mut tickets(&[("a", READ), ("a b", READ), ("b", READ)])), [1, 2, 3]);
    }

    #[test]
    fn a_writer_waits_for_all_before_it() {
        let mut tickets = tickets(&[("a", READ), ("a", READ), ("a b", WRITE), ("c", WRITE), ("b", WRITE)]);
        assert_eq!(started(&mut tickets), [1, 2, 4]);
        assert!(after(&mut tickets, 2).is_empty());
        assert_eq!(after(&mut tickets, 1), [3]);
        assert!(tickets.has_started(3) && !tickets.has_started(5));
        assert_eq!(after(&mut tickets, 3), [5]);
    }

    #[test]
    fn a_reader_does_not_overtake_a_writer_that_waits() {
        let mut tickets = tickets(&[("a", READ), ("a b", WRITE), ("b", READ), ("b c", READ), ("b", WRITE)]);
        assert_eq!(started(&mut tickets), [1]);
        assert_eq!(after(&mut tickets, 1), [2]);
        assert_eq!(after(&mut tickets, 2), [3, 4]);
    }

    #[test]
    fn one_that_stops_waiting_is_in_nobodys_way() {
        let mut tickets = tickets(&[("a", READ), ("a", WRITE), ("a", READ), ("a", WRITE)]);
        assert_eq!(started(&mut tickets), [1]);
        assert_eq!(after(&mut tickets, 2), [3]);
        assert!(after(&mut tickets, 4).is_empty());
    }

    #[test]
    fn an_upgrade_waits_for_nobody() {
        assert_eq!(started(&mut tickets(&[("", WRITE)])), [1]);
    }

    #[test]
    fn a_connection_is_used_until_its_last_transaction_has_ended() {
        let mut tickets = tickets(&[("a", READ), ("b", READ), ("a", READ)]);
        tickets.remove(1);
        assert!(tickets.use_connection(1));
        tickets.remove(3);
        assert!(!tickets.use_connection(1) && tickets.use_connection(0));
        tickets.remove(3);
        tickets.remove(2);
        assert!(tickets.queues.is_empty() && tickets.connections.is_empty() && tickets.perhaps.is_empty());
    }
}
