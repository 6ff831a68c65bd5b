//! The server answers as the real service did: the wire vectors of the protocol's description, as tests.
//! Handles, which cannot be foretold, stand in the expected texts as `H`.

mod client;
mod fixtures;

mod commands;
mod faults;
mod filters;
mod live;
mod pages;
mod refetch;
mod refusals;
mod subqueries;
mod subsets;
mod values;
