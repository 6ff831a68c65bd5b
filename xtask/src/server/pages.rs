//! From the path of a request to a file of the site, and to its type. Pure but for the look
//! whether a path is a directory; nothing outside the site's directory can be named.

use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

/// What a request path asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Page {
    File(PathBuf),
    /// A directory named without its slash: relative links would miss it.
    Redirect(String),
    Nowhere,
}

/// Finds what `url` (a path, perhaps with a query) names below `root`.
pub fn resolve(root: &Path, url: &str) -> Page {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let Some(relative) = relative_path(path) else {
        return Page::Nowhere;
    };
    let file = root.join(relative);
    if !file.is_dir() {
        Page::File(file)
    } else if path.ends_with('/') {
        Page::File(file.join("index.html"))
    } else {
        Page::Redirect(format!("{path}/"))
    }
}

/// Decodes a path, and refuses every part that is not a plain name.
fn relative_path(path: &str) -> Option<PathBuf> {
    let decoded = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    if decoded.contains(['\\', '\0', ':']) {
        return None;
    }
    let relative = Path::new(&*decoded);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| relative.to_owned())
}

/// The type a browser needs to be told; it runs modules and wasm only under their own.
pub fn mime_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("csv") => "text/csv; charset=utf-8",
        Some("tsv") => "text/tab-separated-values; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(url: &str) -> Page {
        resolve(Path::new("/no-such-site"), url)
    }

    #[test]
    fn a_path_names_a_file_of_the_site() {
        let expected = Page::File("/no-such-site/quickstart/quick start.js".into());

        assert_eq!(file("/quickstart/quick%20start.js?v=1#top"), expected);
    }

    #[test]
    fn no_path_leads_out_of_the_site() {
        for url in [
            "/../Cargo.toml",
            "/a/../../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "/..%2fCargo.toml",
            "//etc/passwd",
            "/%2Fetc/passwd",
            "/..\\Cargo.toml",
            "/C:/Windows",
            "/a%00b",
            "/%ff",
            "no-slash",
        ] {
            assert_eq!(file(url), Page::Nowhere, "{url}");
        }
    }

    #[test]
    fn a_directory_is_its_index_page_and_needs_its_slash() {
        let root = std::env::temp_dir();
        let parent = root.parent().unwrap_or(&root);
        let name = root.file_name().unwrap_or_default().to_string_lossy();

        assert_eq!(resolve(&root, "/"), Page::File(root.join("index.html")));
        assert_eq!(resolve(parent, &format!("/{name}")), Page::Redirect(format!("/{name}/")));
    }

    #[test]
    fn modules_and_wasm_have_the_types_browsers_insist_on() {
        assert_eq!(mime_type(Path::new("a.js")), "text/javascript; charset=utf-8");
        assert_eq!(mime_type(Path::new("a_bg.wasm")), "application/wasm");
        assert_eq!(mime_type(Path::new("unknown")), "application/octet-stream");
    }
}
