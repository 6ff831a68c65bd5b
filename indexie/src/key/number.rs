//! Numbers as text, in errors: written by the browser where there is one. Rust's own way takes twelve kilobytes of a page's program.

use std::fmt;

/// A number of a key, as people read it.
pub(crate) struct Written(pub f64);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        {
            f.write_str(&js_sys::Number::from(self.0).to_string_with_radix(10).map(String::from).unwrap_or_default())
        }
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        {
            self.0.fmt(f)
        }
    }
}

/// As Rust does: a whole number is one with a fraction of 0.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        f.write_str(if self.0.fract() == 0.0 { ".0" } else { "" })
    }
}
