//! Rows of shapes as typed rows and keys.

mod every_type;
mod keys;
mod rows;
mod values;

use super::super::columns::Columns;

fn columns(header: &str) -> Columns {
    Columns::parse(header).expect("a header")
}
