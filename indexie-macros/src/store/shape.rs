//! What a type looks like, judged by its tokens: `Option`, and the collections a `*` goes over. An alias
//! hides it, which is what `field as Type` is for.

use syn::{GenericArgument, PathArguments, Type};

const COLLECTIONS: [&str; 6] = ["Vec", "BTreeSet", "HashSet", "VecDeque", "LinkedList", "BinaryHeap"];

/// The `T` of `Option<T>`.
pub fn option_of(ty: &Type) -> Option<&Type> {
    argument(ty, |name| name == "Option")
}

/// The element type of a collection.
pub fn element_of(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::Array(array) => Some(&array.elem),
        other => argument(other, |name| COLLECTIONS.iter().any(|collection| name == collection)),
    }
}

/// The type without the invisible group or the parentheses around it.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

fn argument(ty: &Type, wanted: impl Fn(&syn::Ident) -> bool) -> Option<&Type> {
    let Type::Path(path) = bare(ty) else {
        return None;
    };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(first) if wanted(&last.ident) => Some(first),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{element_of, option_of};
    use syn::{Type, parse_quote};

    #[test]
    fn options_are_seen_under_every_path() {
        let wanted: Type = parse_quote!(Vec<u8>);
        for ty in [parse_quote!(Option<Vec<u8>>), parse_quote!(::core::option::Option<Vec<u8>>)] {
            assert_eq!(option_of(&ty), Some(&wanted));
        }
        assert_eq!(option_of(&parse_quote!(Maybe<u8>)), None);
    }

    #[test]
    fn elements_are_seen_in_every_collection() {
        let wanted: Type = parse_quote!(String);
        let types: [Type; 4] = [
            parse_quote!(Vec<String>),
            parse_quote!(std::collections::BTreeSet<String>),
            parse_quote!(HashSet<String, Hasher>),
            parse_quote!([String; 3]),
        ];
        for ty in &types {
            assert_eq!(element_of(ty), Some(&wanted));
        }
        assert_eq!(element_of(&parse_quote!(String)), None);
        assert_eq!(element_of(&parse_quote!(Tags)), None);
    }
}
