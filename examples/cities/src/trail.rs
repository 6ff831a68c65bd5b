//! Where the reader is among keyset pages. A page can only be asked for by the cursor that the
//! page before it ended with, so the way back is the list of cursors that led here. Pure.

/// The cursors that led to the page being looked at.
#[derive(Debug)]
pub struct Trail<C> {
    /// One for each page after the first, up to this one.
    cursors: Vec<C>,
    next: Option<C>,
}

impl<C> Default for Trail<C> {
    fn default() -> Self {
        Self { cursors: Vec::new(), next: None }
    }
}

impl<C: Clone> Trail<C> {
    /// The number of the page, from 1.
    pub fn number(&self) -> usize {
        self.cursors.len() + 1
    }

    /// What to ask the page for: nothing for the first one.
    pub fn cursor(&self) -> Option<C> {
        self.cursors.last().cloned()
    }

    pub fn has_previous(&self) -> bool {
        !self.cursors.is_empty()
    }

    pub fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// The page came, and said where the next one starts.
    pub fn arrived(&mut self, next: Option<C>) {
        self.next = next;
    }

    /// Steps to the next page, which then has to be read; `false` if there is none.
    pub fn forward(&mut self) -> bool {
        match self.next.take() {
            Some(cursor) => {
                self.cursors.push(cursor);
                true
            }
            None => false,
        }
    }

    /// Steps to the page before, which then has to be read; `false` on the first one.
    pub fn back(&mut self) -> bool {
        match self.cursors.pop() {
            Some(cursor) => {
                self.next = Some(cursor);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_needs_no_cursor() {
        let trail = Trail::<u8>::default();

        assert_eq!((trail.number(), trail.cursor()), (1, None));
        assert!(!trail.has_previous() && !trail.has_next());
    }

    #[test]
    fn each_step_forward_takes_the_cursor_of_the_page_before() {
        let mut trail = Trail::default();
        trail.arrived(Some('a'));
        assert!(trail.forward());
        trail.arrived(Some('b'));
        assert!(trail.forward());
        trail.arrived(None);

        assert_eq!((trail.number(), trail.cursor()), (3, Some('b')));
        assert!(!trail.has_next() && !trail.forward());
    }

    #[test]
    fn a_step_back_leads_to_where_one_came_from_and_can_be_undone() {
        let mut trail = Trail::default();
        trail.arrived(Some('a'));
        trail.forward();
        trail.arrived(Some('b'));

        assert!(trail.back());
        assert_eq!((trail.number(), trail.cursor()), (1, None));
        assert!(!trail.back());
        assert!(trail.forward());
        assert_eq!((trail.number(), trail.cursor()), (2, Some('a')));
    }

    #[test]
    fn two_steps_forward_without_waiting_are_one() {
        let mut trail = Trail::default();
        trail.arrived(Some('a'));

        assert!(trail.forward());
        assert!(!trail.forward());
    }
}
