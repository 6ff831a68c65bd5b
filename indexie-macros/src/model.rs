//! What was written, before any rule looks at it: the entries of a schema, the options beside it, and the
//! struct they stand on. Names and types are the user's own tokens, so every later error has its place.

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt as _;

/// One entry of a schema.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `pair` in `pair: [a+b]`.
    pub name: Option<Ident>,
    /// Where `++` stands.
    pub auto: Option<Span>,
    /// Where `&` stands.
    pub unique: Option<Span>,
    /// Where `*` stands.
    pub multi: Option<Span>,
    pub target: Target,
    /// The first token of the entry.
    pub span: Span,
}

/// What an entry is about.
#[derive(Clone, Debug)]
pub enum Target {
    /// A key outside of the record.
    Outside,
    One(FieldPath),
    Many(Vec<FieldPath>),
}

/// `email`, `address?.city as String`.
#[derive(Clone, Debug)]
pub struct FieldPath {
    /// The field of the record.
    pub root: Ident,
    pub nested: Vec<Step>,
    /// The type behind `as`.
    pub given: Option<syn::Type>,
}

/// `.city` or `?.city`.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whether what it steps out of is an `Option`.
    pub through_option: bool,
    pub field: Ident,
}

/// A whole schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// `None` when it could not be read; that has been reported.
    pub primary: Option<Entry>,
    pub indexes: Vec<Entry>,
}

/// What follows the schema in `#[store(..)]`.
#[derive(Debug, Default)]
pub struct Options {
    /// `key = K`
    pub key: Option<syn::Type>,
    /// `crate = path`
    pub library: Option<TokenStream>,
    pub new: NewRow,
}

/// `new = UserDraft`, `new = false`, `new(derive(..))`.
#[derive(Debug, Default)]
pub struct NewRow {
    /// Where the option stands, if it does.
    pub span: Option<Span>,
    pub refused: bool,
    pub name: Option<Ident>,
    pub derives: Vec<syn::Path>,
}

impl FieldPath {
    /// `address.city`, in Rust names.
    pub fn declared(&self) -> String {
        let mut text = self.root.unraw().to_string();
        for step in &self.nested {
            text.push('.');
            text.push_str(&step.field.unraw().to_string());
        }
        text
    }

    /// `address?.city`, as it is to be written.
    pub fn written(&self) -> String {
        let mut text = self.root.unraw().to_string();
        for step in &self.nested {
            text.push_str(if step.through_option { "?." } else { "." });
            text.push_str(&step.field.unraw().to_string());
        }
        text
    }

    /// Where it starts.
    pub fn span(&self) -> Span {
        self.root.span()
    }
}

impl Target {
    /// Every field path in it.
    pub fn paths(&self) -> &[FieldPath] {
        match self {
            Target::Outside => &[],
            Target::One(path) => std::slice::from_ref(path),
            Target::Many(paths) => paths,
        }
    }

    /// `email` or `[name+age]`, in Rust names: what makes two entries the same.
    pub fn declared(&self) -> String {
        match self {
            Target::Outside => String::new(),
            Target::One(path) => path.declared(),
            Target::Many(paths) => {
                let parts: Vec<String> = paths.iter().map(FieldPath::declared).collect();
                format!("[{}]", parts.join("+"))
            }
        }
    }
}

impl Entry {
    /// The entry as Dexie writes it, in Rust names, without its handle's name and type.
    pub fn declared(&self) -> String {
        let mut text = String::new();
        for (flag, sign) in [(self.auto, "++"), (self.unique, "&"), (self.multi, "*")] {
            if flag.is_some() {
                text.push_str(sign);
            }
        }
        text + &self.target.declared()
    }
}

/// The name as a field: `type` is `r#type`.
pub fn as_field(name: &Ident) -> Option<Ident> {
    let text = name.to_string();
    if syn::parse_str::<Ident>(&text).is_ok() {
        return Some(name.clone());
    }
    // These cannot be raw either; `$crate` is one word to a macro.
    let fits = !matches!(text.as_str(), "_" | "crate" | "self" | "Self" | "super" | "$crate");
    fits.then(|| Ident::new_raw(&text, name.span()))
}
