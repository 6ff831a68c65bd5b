//! Which transaction may run: one that writes waits for all earlier ones that share a store with it, one that reads for
//! those that write.

use std::collections::HashSet;
use std::sync::Arc;

use super::database::State;
use super::inbox::{Inbox, Note};

/// A transaction that has not ended.
#[derive(Debug)]
pub(super) struct Ticket {
    pub id: u32,
    pub connection: u32,
    pub inbox: Arc<Inbox>,
    pub scope: Scope,
    pub write: bool,
    pub started: bool,
}

#[derive(Debug)]
pub(super) enum Scope {
    /// That of an upgrade, which has the database to itself.
    Everything,
    Stores(Vec<Arc<str>>),
}

impl State {
    /// Starts the transactions that nothing keeps from it any more.
    pub fn start(&mut self) {
        for at in ready(&self.tickets) {
            let ticket = &mut self.tickets[at];
            ticket.started = true;
            self.letters.push(ticket.inbox.clone(), Note::Started(ticket.id));
        }
    }

    /// A transaction has ended.
    pub fn finish(&mut self, id: u32) {
        self.tickets.retain(|ticket| ticket.id != id);
    }
}

/// The places of those that wait and may start.
fn ready(tickets: &[Ticket]) -> Vec<usize> {
    // What the earlier ones read and write.
    let (mut read, mut written) = (HashSet::new(), HashSet::new());
    let mut ready = Vec::new();
    for (at, ticket) in tickets.iter().enumerate() {
        let Scope::Stores(scope) = &ticket.scope else { break };
        let free = |store| !(written.contains(store) || ticket.write && read.contains(store));
        if !ticket.started && scope.iter().all(free) {
            ready.push(at);
        }
        if ticket.write { &mut written } else { &mut read }.extend(scope);
    }
    ready
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(scope: &str, write: bool, started: bool) -> Ticket {
        let scope = Scope::Stores(scope.split(' ').map(Into::into).collect());
        Ticket { id: 0, connection: 0, inbox: Arc::default(), scope, write, started }
    }

    const READ: bool = false;
    const WRITE: bool = true;

    #[test]
    fn readers_run_side_by_side() {
        assert_eq!(ready(&[ticket("a", READ, false), ticket("a b", READ, false)]), [0, 1]);
    }

    #[test]
    fn a_writer_waits_for_all_before_it() {
        assert_eq!(ready(&[ticket("a", READ, true), ticket("a b", WRITE, false), ticket("c", WRITE, false)]), [2]);
        assert_eq!(ready(&[ticket("a", WRITE, true), ticket("a", WRITE, false), ticket("b", WRITE, false)]), [2]);
    }

    #[test]
    fn a_reader_does_not_overtake_a_writer_that_waits() {
        let tickets = [ticket("a", READ, true), ticket("a b", WRITE, false), ticket("b", READ, false)];
        assert_eq!(ready(&tickets), Vec::<usize>::new());
    }

    #[test]
    fn an_upgrade_is_alone() {
        let upgrade = Ticket { scope: Scope::Everything, ..ticket("", WRITE, true) };
        assert_eq!(ready(&[upgrade, ticket("a", READ, false)]), Vec::<usize>::new());
    }
}
