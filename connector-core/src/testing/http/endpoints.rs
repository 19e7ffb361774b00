//! What an API can be asked, as a table.

use std::fmt;

/// Makes the [`Endpoint`] of a fake from a table: what it is, the method, what a caller needs, and the path.
///
/// What comes first matches first. A part of a path in braces is anything, and [`Ask::part`](super::Ask::part) finds it by its
/// name. `Display` is the method and the path.
///
/// ```
/// # use connector_core::testing::http::{Answer, Ask, Endpoint as _, Request, endpoints};
/// endpoints! {
///     /// Something that can be asked of Acme Cloud.
///     pub enum Endpoint: bool;
///
///     /// The login, which needs no token.
///     Token, POST, false, "oauth/token";
///     /// One call, now and in the first version.
///     Call, GET, true, "v2/calls/{id}" | "v1/call/{id}";
/// }
///
/// let request: Request = http::Request::get("https://api.example.com/v1/call/c-7").body("".into()).unwrap();
/// let ask = Ask::<Endpoint>::new(&request);
/// assert_eq!((ask.endpoint, ask.part("id")), (Some(Endpoint::Call), "c-7"));
/// assert_eq!(Endpoint::Call.to_string(), "GET /v2/calls/{id}");
/// assert!(Endpoint::Call.route().access);
/// ```
#[macro_export]
macro_rules! endpoints {
    (
        $(#[$about:meta])*
        $vis:vis enum $name:ident: $access:ty;
        $($(#[$doc:meta])* $endpoint:ident, $method:ident, $needs:expr, $($path:literal)|+;)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$doc])* $endpoint,)*
        }

        impl $crate::testing::http::Endpoint for $name {
            type Access = $access;

            const ROUTES: &'static [$crate::testing::http::Route<Self>] = &[$($crate::testing::http::Route {
                endpoint: Self::$endpoint,
                method: stringify!($method),
                access: $needs,
                paths: &[$($path),+],
            }),*];
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt($crate::testing::http::Endpoint::route(*self), f)
            }
        }
    };
}

#[doc(inline)]
pub use crate::endpoints;

/// Something that an API can be asked: an enum that [`endpoints!`] makes.
pub trait Endpoint: Copy + PartialEq + fmt::Display + 'static {
    /// What a caller needs, in the vendor's terms.
    type Access: 'static;

    /// All of them. What comes first matches first.
    const ROUTES: &'static [Route<Self>];

    /// Its row in the table.
    fn route(self) -> &'static Route<Self> {
        Self::ROUTES.iter().find(|route| route.endpoint == self).expect("a table has each of its endpoints")
    }
}

/// A row of the table that [`endpoints!`] is given. `Display` is the method and the first path.
#[derive(Debug)]
pub struct Route<E: Endpoint> {
    /// What it leads to.
    pub endpoint: E,
    /// The method, in capitals.
    pub method: &'static str,
    /// What a caller needs.
    pub access: E::Access,
    /// Where it is, without a slash at either end.
    pub paths: &'static [&'static str],
}

impl<E: Endpoint> fmt::Display for Route<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.paths.first().unwrap_or(&""))
    }
}

/// A part of a path that stands in braces in the table: its name there, and what it is.
pub(super) type Part = (&'static str, String);

/// What a request leads to, where `is_same` says which parts of paths are alike.
pub(super) fn find<E: Endpoint>(method: &str, path: &str, is_same: fn(&str, &str) -> bool) -> Option<(E, Vec<Part>)> {
    let routes = E::ROUTES.iter().filter(|route| route.method == method);
    let mut paths = routes.flat_map(|route| route.paths.iter().map(|pattern| (route.endpoint, *pattern)));
    paths.find_map(|(endpoint, pattern)| Some((endpoint, parts(pattern, path, is_same)?)))
}

fn parts(pattern: &'static str, path: &str, is_same: fn(&str, &str) -> bool) -> Option<Vec<Part>> {
    let (wanted, found) = (pattern.split('/'), path.trim_matches('/').split('/'));
    if wanted.clone().count() != found.clone().count() {
        return None;
    }
    let mut parts = Vec::new();
    for (wanted, found) in wanted.zip(found) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => parts.push((name, found.to_owned())),
            None if is_same(wanted, found) => {}
            None => return None,
        }
    }
    Some(parts)
}
