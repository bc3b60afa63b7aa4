//! One macro for the small named bit sets of the command table.

/// Defines a `const`-friendly bit set whose members have wire names, listed in the order replies print them.
macro_rules! named_bits {
    ($(#[$meta:meta])* $type:ident($repr:ty) { $($(#[$member_meta:meta])* $member:ident = $bit:literal, $name:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $type($repr);

        impl $type {
            $($(#[$member_meta])* pub const $member: Self = Self(1 << $bit);)*
            /// The set without members.
            pub const NONE: Self = Self(0);
            /// Every member with its wire name, in reply order.
            pub const NAMED: &'static [(&'static str, Self)] = &[$(($name, Self::$member)),*];

            /// Both sets together.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The members of this set that `other` does not have.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// True if all members of `other` are in this set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// True if at least one member of `other` is in this set.
            #[must_use]
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// True if the set has no member.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The wire names of the members, in reply order. Members without a wire name are left out.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::NAMED
                    .iter()
                    .filter(move |(name, member)| !name.is_empty() && self.contains(*member))
                    .map(|(name, _)| *name)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_set().entries(self.names()).finish()
            }
        }
    };
}

pub(crate) use named_bits;
