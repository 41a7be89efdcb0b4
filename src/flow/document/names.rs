//! How the values of an enumeration are written in documents and traces: each name stands here-abouts once.

/// Gives an enumeration without payload its written names: `as_str`, and the table `NAMES` for reading.
macro_rules! names {
    ($kind:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $kind {
            /// Every value by its name, in the format's order.
            pub const NAMES: &[(&'static str, Self)] = &[$(($name, Self::$variant)),+];

            /// The names alone.
            pub const WRITTEN: &[&'static str] = &[$($name),+];

            /// The name in documents and traces.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

pub(crate) use names;
