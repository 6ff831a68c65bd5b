//! What a live query makes of an error: it tells of it, and goes on. Used by `rows` and `rerun`.

use crate::error::Error;

/// The errors of a live query so far.
#[derive(Default)]
pub(super) struct Faults {
    /// The one that was told last, and after which nothing else was told.
    told: Option<String>,
    /// The connection was lost, and reading has been tried again.
    again: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// To read again: nobody need know.
    Again,
    /// To wait, until something has changed.
    Wait,
    /// To tell, and then to wait.
    Tell,
}

impl Faults {
    /// `given` says whether there has been a result.
    pub fn meet(&mut self, error: &Error, given: bool) -> Fault {
        match error {
            // A page that was left and has come back, or a browser that tidies up: the next connection is a new one.
            Error::ConnectionLost { .. } if !self.again => {
                self.again = true;
                return Fault::Again;
            }
            // Closed by the app, which may open it again. What it shows meanwhile is what it has.
            Error::Closed { .. } if given => return Fault::Wait,
            _ => {}
        }
        self.again = false;
        let text = error.to_string();
        if self.told.as_ref() == Some(&text) {
            return Fault::Wait;
        }
        self.told = Some(text);
        Fault::Tell
    }

    /// Reading has worked. Returns whether an error was told last, so that the result has to be told even if it is an old one.
    pub fn overcome(&mut self) -> bool {
        self.again = false;
        self.told.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_once_and_a_lost_connection_is_tried_again() {
        let mut faults = Faults::default();
        let stalled = Error::Stalled;
        assert_eq!(faults.meet(&stalled, true), Fault::Tell);
        assert_eq!(faults.meet(&stalled, true), Fault::Wait);
        assert!(faults.overcome());
        assert!(!faults.overcome());
        let lost = Error::ConnectionLost { database: "app".into() };
        assert_eq!(faults.meet(&lost, true), Fault::Again);
        assert_eq!(faults.meet(&lost, true), Fault::Tell);
    }

    #[test]
    fn that_the_app_has_closed_the_database_is_told_to_who_has_nothing_yet() {
        let closed = Error::Closed { database: "app".into() };
        assert_eq!(Faults::default().meet(&closed, false), Fault::Tell);
        assert_eq!(Faults::default().meet(&closed, true), Fault::Wait);
    }
}
