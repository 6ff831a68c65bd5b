//! Locks that any thread may wait for. Held for a moment only: nothing is awaited, and nobody called, under one of them.

use std::sync::{Mutex, MutexGuard};

/// Locks. What is inside is whole even if a thread has panicked meanwhile: nothing that can panic is done under a lock.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The main thread of a page may not sleep. Locks are held for the time of an operation at most, so it spins.
#[cfg(target_family = "wasm")]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => std::hint::spin_loop(),
        }
    }
}
