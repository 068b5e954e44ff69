use crate::{KeyFor, KeyWriter};

/// The leading parts of a key of type `K`, as a tuple: `()`, `(a,)`, `(a, b)`, ... up to all.
pub trait PrefixFor<K> {
    /// The type of the part that follows these.
    type Next;

    /// Writes the parts.
    fn encode_prefix(&self, writer: &mut KeyWriter);
}

/// For the key type of all identifiers, the prefix of those before the semicolon.
macro_rules! prefix {
    (; $next:ident $($rest:ident)*) => {
        impl<$next, $($rest),*> PrefixFor<($next, $($rest),*)> for () {
            type Next = $next;

            fn encode_prefix(&self, _: &mut KeyWriter) {}
        }
    };
    ($($k:ident $t:ident $n:tt),+; $next:ident $($rest:ident)*) => {
        impl<$($k, $t: KeyFor<$k>,)+ $next, $($rest),*> PrefixFor<($($k,)+ $next, $($rest),*)> for ($($t,)+) {
            type Next = $next;

            fn encode_prefix(&self, writer: &mut KeyWriter) {
                $(self.$n.encode(writer);)+
            }
        }
    };
    ($($k:ident $t:ident $n:tt),+) => {
        impl<$($k, $t: KeyFor<$k>),+> PrefixFor<($($k,)+)> for ($($t,)+) {
            type Next = ();

            fn encode_prefix(&self, writer: &mut KeyWriter) {
                $(self.$n.encode(writer);)+
            }
        }
    };
}

prefix!(; A);
prefix!(; A B);
prefix!(; A B C);
prefix!(; A B C D);
prefix!(; A B C D E);
prefix!(; A B C D E F);
prefix!(A TA 0);
prefix!(A TA 0; B);
prefix!(A TA 0; B C);
prefix!(A TA 0; B C D);
prefix!(A TA 0; B C D E);
prefix!(A TA 0; B C D E F);
prefix!(A TA 0, B TB 1);
prefix!(A TA 0, B TB 1; C);
prefix!(A TA 0, B TB 1; C D);
prefix!(A TA 0, B TB 1; C D E);
prefix!(A TA 0, B TB 1; C D E F);
prefix!(A TA 0, B TB 1, C TC 2);
prefix!(A TA 0, B TB 1, C TC 2; D);
prefix!(A TA 0, B TB 1, C TC 2; D E);
prefix!(A TA 0, B TB 1, C TC 2; D E F);
prefix!(A TA 0, B TB 1, C TC 2, D TD 3);
prefix!(A TA 0, B TB 1, C TC 2, D TD 3; E);
prefix!(A TA 0, B TB 1, C TC 2, D TD 3; E F);
prefix!(A TA 0, B TB 1, C TC 2, D TD 3, E TE 4);
prefix!(A TA 0, B TB 1, C TC 2, D TD 3, E TE 4; F);
prefix!(A TA 0, B TB 1, C TC 2, D TD 3, E TE 4, F TF 5);
