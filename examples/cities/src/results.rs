//! The results of a live query as the page shows them: the first at once, and the others with a rest
//! before each. What changes often is so redrawn a few times a second, and each time as it is then.

use std::time::Duration;

use futures::StreamExt;
use indexie::LiveQuery;

use crate::latest::pause;

/// Short enough that an edit in another tab seems to come at once.
const REST: Duration = Duration::from_millis(200);

pub struct Results<R> {
    query: LiveQuery<R>,
    has_begun: bool,
}

impl<R> Results<R> {
    pub fn of(query: LiveQuery<R>) -> Self {
        Self { query, has_begun: false }
    }

    /// The next one, once there is one. After an error they go on.
    pub async fn next(&mut self) -> indexie::Result<R> {
        if self.has_begun {
            pause(REST).await;
        }
        self.has_begun = true;
        match self.query.next().await {
            Some(result) => result,
            // Live queries do not end.
            None => std::future::pending().await,
        }
    }
}
