//! `Convert`: the closures that `migrate` takes.

use crate::error::{Error, Result};

/// What a conversion may return: the new row, or a [`Result`] of it.
#[diagnostic::on_unimplemented(
    message = "the conversion returns `{Self}`, and a row of type `{New}` is wanted",
    label = "expected `{New}` or `Result<{New}>`"
)]
pub trait Converted<New> {
    #[doc(hidden)]
    fn into_result(self) -> Result<New>;
}

impl<New> Converted<New> for New {
    fn into_result(self) -> Result<New> {
        Ok(self)
    }
}

impl<New> Converted<New> for Result<New, Error> {
    fn into_result(self) -> Result<New> {
        self
    }
}

/// A function from an old row to a new one, or to a [`Result`] of one; see [`Upgrade::migrate`](crate::Upgrade::migrate).
pub trait Convert<Old, New>: FnMut(Old) -> <Self as Convert<Old, New>>::Output {
    #[doc(hidden)]
    type Output: Converted<New>;
}

impl<F, Old, New, R> Convert<Old, New> for F
where
    F: FnMut(Old) -> R,
    R: Converted<New>,
{
    type Output = R;
}
