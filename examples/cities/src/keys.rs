//! Which key does what, depending on where the focus is. Pure.

/// Where a key was typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Focus {
    Search,
    /// A row of the table, counted from 0.
    Row(usize),
    /// The list of countries, which has its own use for most keys.
    Choice,
    Elsewhere,
}

/// What the key asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    GoToSearch,
    GoToRow(usize),
    Open(usize),
    NextPage(Landing),
    PreviousPage(Landing),
    Clear,
}

/// Where the focus goes when the page has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Landing {
    Stay,
    FirstRow,
    LastRow,
}

/// The meaning of a key, while the page shows `rows` rows.
pub fn action(key: &str, focus: Focus, rows: usize) -> Option<Action> {
    let last = rows.saturating_sub(1);
    let landing = if matches!(focus, Focus::Row(_)) { Landing::FirstRow } else { Landing::Stay };
    match (key, focus) {
        ("Escape", _) => Some(Action::Clear),
        (_, Focus::Choice) => None,
        ("PageDown", _) => Some(Action::NextPage(landing)),
        ("PageUp", _) => Some(Action::PreviousPage(landing)),
        ("/", Focus::Row(_) | Focus::Elsewhere) => Some(Action::GoToSearch),
        ("ArrowDown", Focus::Search | Focus::Elsewhere) if rows > 0 => Some(Action::GoToRow(0)),
        ("ArrowDown", Focus::Row(row)) if row < last => Some(Action::GoToRow(row + 1)),
        ("ArrowDown", Focus::Row(_)) => Some(Action::NextPage(Landing::FirstRow)),
        ("ArrowUp", Focus::Row(0)) => Some(Action::PreviousPage(Landing::LastRow)),
        ("ArrowUp", Focus::Row(row)) => Some(Action::GoToRow(row - 1)),
        ("Home", Focus::Row(_)) => Some(Action::GoToRow(0)),
        ("End", Focus::Row(_)) => Some(Action::GoToRow(last)),
        ("Enter" | " ", Focus::Row(row)) => Some(Action::Open(row)),
        ("Enter", Focus::Search) if rows > 0 => Some(Action::Open(0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_goes_to_the_search_but_can_be_typed_there() {
        assert_eq!(action("/", Focus::Elsewhere, 20), Some(Action::GoToSearch));
        assert_eq!(action("/", Focus::Row(3), 20), Some(Action::GoToSearch));
        assert_eq!(action("/", Focus::Search, 20), None);
    }

    #[test]
    fn the_arrows_walk_through_the_rows_and_on_to_the_next_page() {
        assert_eq!(action("ArrowDown", Focus::Search, 2), Some(Action::GoToRow(0)));
        assert_eq!(action("ArrowDown", Focus::Row(0), 2), Some(Action::GoToRow(1)));
        assert_eq!(action("ArrowDown", Focus::Row(1), 2), Some(Action::NextPage(Landing::FirstRow)));
        assert_eq!(action("ArrowUp", Focus::Row(0), 2), Some(Action::PreviousPage(Landing::LastRow)));
        assert_eq!(action("ArrowDown", Focus::Search, 0), None);
    }

    #[test]
    fn pages_turn_from_everywhere_and_keep_the_focus_in_the_table() {
        assert_eq!(action("PageDown", Focus::Row(4), 20), Some(Action::NextPage(Landing::FirstRow)));
        assert_eq!(action("PageUp", Focus::Search, 20), Some(Action::PreviousPage(Landing::Stay)));
    }

    #[test]
    fn enter_opens_the_row_or_the_best_find() {
        assert_eq!(action("Enter", Focus::Row(7), 20), Some(Action::Open(7)));
        assert_eq!(action("Enter", Focus::Search, 20), Some(Action::Open(0)));
        assert_eq!(action("Enter", Focus::Elsewhere, 20), None);
    }

    #[test]
    fn the_list_of_countries_keeps_its_keys() {
        assert_eq!(action("ArrowDown", Focus::Choice, 20), None);
        assert_eq!(action("PageDown", Focus::Choice, 20), None);
        assert_eq!(action("Escape", Focus::Choice, 20), Some(Action::Clear));
    }
}
