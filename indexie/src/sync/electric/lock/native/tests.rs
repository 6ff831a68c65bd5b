use std::cell::RefCell;
use std::thread;

use futures::FutureExt;
use futures::executor::{LocalPool, block_on};
use futures::task::LocalSpawnExt;

use super::*;

#[test]
fn those_who_wait_get_the_lock_in_turn() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let mut pool = LocalPool::new();
    let first = block_on(hold("a"));
    for number in 1..=3 {
        let order = order.clone();
        let one = async move {
            let held = hold("a").await;
            order.borrow_mut().push(number);
            drop(held);
        };
        pool.spawner().spawn_local(one).unwrap();
    }
    pool.run_until_stalled();
    assert!(order.borrow().is_empty());
    drop(first);
    pool.run();
    assert_eq!(*order.borrow(), [1, 2, 3]);
}

#[test]
fn locks_of_different_names_do_not_meet() {
    let _a = block_on(hold("a"));
    assert!(hold("b").now_or_never().is_some());
    assert!(hold("a").now_or_never().is_none());
}

#[test]
fn one_who_gives_up_is_passed_over() {
    block_on(async {
        let first = hold("a").await;
        let mut second = Box::pin(hold("a"));
        let mut third = Box::pin(hold("a"));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        assert!(third.as_mut().now_or_never().is_some());
    });
}

#[test]
fn one_who_gives_up_a_lock_that_has_come_passes_it_on() {
    block_on(async {
        let first = hold("a").await;
        let mut second = Box::pin(hold("a"));
        let mut third = Box::pin(hold("a"));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(first);
        drop(second);
        drop(third.as_mut().now_or_never().expect("the lock is not lost"));
        assert!(hold("a").now_or_never().is_some());
    });
}

#[test]
fn a_lock_that_nobody_waits_for_is_free_again() {
    for _ in 0..3 {
        assert!(hold("a").now_or_never().is_some());
    }
    assert!(LOCKS.with_borrow(HashMap::is_empty));
}

#[test]
fn each_thread_has_locks_of_its_own() {
    let _held = block_on(hold("a"));
    assert!(thread::spawn(|| hold("a").now_or_never().is_some()).join().unwrap());
}
