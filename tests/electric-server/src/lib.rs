//! A stand-in for `ElectricSQL`'s sync service.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod app;
mod config;
mod connection;
mod control;
mod db;
mod faults;
mod history;
mod http;
mod name;
mod requests;
mod server;
mod shapes;
mod sql;

pub use config::Config;
pub use db::table::{Column, TableSpec};
pub use db::transaction::{Operation, Transaction};
pub use faults::{Fault, FaultKind, Spot};
pub use requests::{Request, RequestKind};
pub use server::{Db, FaultsOf, Server};
