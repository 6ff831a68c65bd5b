//! `Live`: what a live query has given so far, for those who show it. Pure; the adapters of frameworks use it.

use crate::error::{Error, Result};

/// What a live query has given so far.
///
/// What `use_live_query` of `indexie-leptos`, `indexie-dioxus` and `indexie-yew` shows; an adapter of another framework keeps one by
/// [`receive`](Self::receive) and [`restart`](Self::restart). It begins as loading, without data. A query that takes the place of another is loading, and shows the data of that one until
/// its own have come. An error leaves the data as they were; the next result takes it away.
#[derive(Clone, Debug)]
pub struct Live<R> {
    /// The query that is wanted now has given nothing yet.
    pub loading: bool,
    /// The last result.
    pub data: Option<R>,
    /// Why there is none that is newer.
    pub error: Option<Error>,
}

impl<R> Default for Live<R> {
    fn default() -> Self {
        Self { loading: true, data: None, error: None }
    }
}

impl<R> Live<R> {
    /// Nothing has come yet, neither data nor an error: the first load, or a server render.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.data.is_none() && self.error.is_none()
    }

    /// The error if there is one, else the data; nothing while the first load lasts.
    #[must_use]
    pub fn result(&self) -> Option<Result<&R, &Error>> {
        self.error.as_ref().map(Err).or_else(|| self.data.as_ref().map(Ok))
    }

    /// Another query takes the place of the one that gave this.
    pub fn restart(&mut self) {
        self.loading = true;
        self.error = None;
    }

    /// The query has given something.
    pub fn receive(&mut self, result: Result<R>) {
        self.loading = false;
        match result {
            Ok(data) => (self.data, self.error) = (Some(data), None),
            Err(error) => self.error = Some(error),
        }
    }
}

impl<T> Live<Vec<T>> {
    /// The rows, or none as long as there are no data.
    #[must_use]
    pub fn rows(&self) -> &[T] {
        self.data.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_pending_until_something_comes() {
        let mut live = Live::default();
        assert!(live.loading && live.is_pending() && live.rows().is_empty());
        live.receive(Ok(vec![1]));
        assert!(!live.loading && !live.is_pending());
        assert_eq!(live.rows(), [1]);
    }

    #[test]
    fn an_error_keeps_the_data_and_goes_with_the_next_result() {
        let mut live = Live::default();
        live.receive(Ok(1));
        live.receive(Err(Error::user("no")));
        assert!(matches!(live.result(), Some(Err(_))));
        assert_eq!(live.data, Some(1));
        live.receive(Ok(2));
        assert!(matches!(live.result(), Some(Ok(2))));
    }

    #[test]
    fn another_query_shows_the_old_data_while_it_loads() {
        let mut live = Live::default();
        live.receive(Ok(1));
        live.receive(Err(Error::user("no")));
        live.restart();
        assert!(live.loading);
        assert!(matches!(live.result(), Some(Ok(1))));
    }
}
