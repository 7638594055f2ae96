//! `texts!`: the sentences of one area, each in all languages side by side; and how the areas make one [`super::Texts`].
//!
//! Whoever adds a sentence adds one line and cannot forget a language. `map` makes a language from another one, which is how
//! the pseudo-locales of `pseudo.rs` come to be.

/// `field: "English", "Deutsch";`, with a doc comment that names the holes of the sentence.
macro_rules! texts {
    (
        $(#[$about:meta])*
        pub struct $area:ident { $( $(#[$about_field:meta])* $field:ident: $english:literal, $german:literal; )+ }
    ) => {
        $(#[$about])*
        #[derive(Debug)]
        #[cfg_attr(test, derive(serde::Serialize))]
        pub struct $area { $( $(#[$about_field])* pub $field: &'static str, )+ }

        impl $area {
            pub(super) const ENGLISH: Self = Self { $( $field: $english, )+ };
            pub(super) const GERMAN: Self = Self { $( $field: $german, )+ };

            /// The same sentences, each as `change` makes it.
            pub(super) fn map(&self, change: fn(&'static str) -> &'static str) -> Self {
                Self { $( $field: change(self.$field), )+ }
            }
        }
    };
}

/// Every area, by the name that pages call it.
macro_rules! areas {
    ( $( $(#[$about:meta])* $area:ident: $texts:ty; )+ ) => {
        /// Every sentence of every page and mail.
        #[derive(Debug)]
        #[cfg_attr(test, derive(serde::Serialize))]
        pub struct Texts { $( $(#[$about])* pub $area: $texts, )+ }

        impl Texts {
            const ENGLISH: Self = Self { $( $area: <$texts>::ENGLISH, )+ };
            const GERMAN: Self = Self { $( $area: <$texts>::GERMAN, )+ };

            fn map(&self, change: fn(&'static str) -> &'static str) -> Self {
                Self { $( $area: self.$area.map(change), )+ }
            }
        }
    };
}
