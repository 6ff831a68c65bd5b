//! x
#![allow(dead_code)]
mod db;
mod name;
mod sql;
#[derive(Debug)]
pub struct Config;
