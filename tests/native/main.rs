//! The library without a browser: in memory, in any executor, on several threads. What rows, queries, transactions and upgrades
//! do is the matter of the other suites, which run here too.
#![cfg(not(target_family = "wasm"))]

mod abandoned;
mod committing;
mod executors;
mod fixtures;
mod live;
mod new_rows;
mod overlays;
mod panics;
mod readme;
mod storages;
mod syncs;
mod tabs;
mod threads;
mod values;
mod waiting;
