//! `Position`: how far a shape's log is known, and what is needed to go on from there.

use std::rc::Rc;

use crate::sync::electric::columns::Columns;
use crate::sync::electric::offset::Offset;

#[derive(Clone, Debug)]
pub(crate) struct Position {
    /// Names the log.
    pub handle: Option<String>,
    pub offset: Offset,
    /// What the server wants to hear in the next live request.
    pub cursor: String,
    /// As the server has written them, and read. Live answers do not tell them again.
    pub columns: Option<(String, Rc<Columns>)>,
}

impl Default for Position {
    fn default() -> Self {
        Self { handle: None, offset: Offset::start(), cursor: String::new(), columns: None }
    }
}
