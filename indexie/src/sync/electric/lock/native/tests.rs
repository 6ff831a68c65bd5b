use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::thread;

use futures::FutureExt;
use futures::executor::{LocalPool, block_on};
use futures::task::LocalSpawnExt;

use super::*;

#[test]
fn those_who_wait_get_the_lock_in_turn() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let mut pool = LocalPool::new();
    let first = block_on(hold(1, "a"));
    for number in 1..=3 {
        let order = order.clone();
        let one = async move {
            let held = hold(1, "a").await;
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
    let _a = block_on(hold(2, "a"));
    assert!(hold(2, "b").now_or_never().is_some());
    assert!(hold(2, "a").now_or_never().is_none());
}

#[test]
fn one_who_gives_up_is_passed_over() {
    block_on(async {
        let first = hold(3, "a").await;
        let mut second = Box::pin(hold(3, "a"));
        let mut third = Box::pin(hold(3, "a"));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        assert!(third.as_mut().now_or_never().is_some());
    });
}

#[test]
fn one_who_gives_up_a_lock_that_has_come_passes_it_on() {
    block_on(async {
        let first = hold(4, "a").await;
        let mut second = Box::pin(hold(4, "a"));
        let mut third = Box::pin(hold(4, "a"));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(first);
        drop(second);
        drop(third.as_mut().now_or_never().expect("the lock is not lost"));
        assert!(hold(4, "a").now_or_never().is_some());
    });
}

#[test]
fn a_lock_that_nobody_waits_for_is_free_again() {
    for _ in 0..3 {
        assert!(hold(5, "a").now_or_never().is_some());
    }
    assert!(!lock(&LOCKS).contains_key(&Arc::new((5, "a".to_owned()))));
}

#[test]
fn locks_of_different_storages_do_not_meet() {
    let _held = block_on(hold(6, "a"));
    assert!(hold(7, "a").now_or_never().is_some());
}

#[test]
fn threads_wait_for_one_another() {
    let held = block_on(hold(8, "a"));
    let (asks, has_asked) = channel();
    let other = thread::spawn(move || {
        let mut waiting = Box::pin(hold(8, "a"));
        assert!(waiting.as_mut().now_or_never().is_none());
        asks.send(()).expect("the other one waits");
        drop(block_on(waiting));
    });
    has_asked.recv().expect("it asks");
    drop(held);
    other.join().expect("it is woken");
    assert!(hold(8, "a").now_or_never().is_some());
}

#[test]
fn a_thread_that_ends_gives_its_locks_away() {
    thread_local!(static KEPT: RefCell<Option<Held>> = RefCell::default());
    thread::spawn(|| KEPT.set(Some(block_on(hold(9, "a"))))).join().expect("it ends");
    assert!(hold(9, "a").now_or_never().is_some());
}
