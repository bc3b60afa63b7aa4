//! Fields of the settings: how each type takes a value over and how it is written back.

use std::path::PathBuf;
use std::time::Duration;

use super::secret::Secret;
use super::value::{Refusal, Value, quoted, show_memory};

/// A field of the settings: takes a value, gives the text of its lines.
pub(crate) trait Field {
    /// Takes a value over. Repeatable directives add to what is there.
    fn assign(&mut self, value: Value) -> Result<(), Refusal>;

    /// What follows the directive's name, one string per line to write.
    fn lines(&self) -> Vec<String>;
}

/// The value does not have the type of the field: the table is wrong, which its test finds.
fn mismatch() -> Refusal {
    Refusal::whole("value and field differ in type")
}

impl Field for bool {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Bool(yes) = value else { return Err(mismatch()) };
        *self = yes;
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        vec![if *self { "yes" } else { "no" }.to_owned()]
    }
}

macro_rules! integer_fields {
    ($($ty:ty),*) => {$(
        impl Field for $ty {
            fn assign(&mut self, value: Value) -> Result<(), Refusal> {
                let Value::Int(n) = value else { return Err(mismatch()) };
                *self = n.try_into().map_err(|_| mismatch())?;
                Ok(())
            }

            fn lines(&self) -> Vec<String> {
                vec![self.to_string()]
            }
        }
    )*};
}

integer_fields!(u8, u16, u32, u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteCount(pub u64);

impl Field for ByteCount {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        self.0.assign(value)
    }

    fn lines(&self) -> Vec<String> {
        vec![show_memory(self.0)]
    }
}

/// A file mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl Field for FileMode {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        self.0.assign(value)
    }

    fn lines(&self) -> Vec<String> {
        vec![format!("{:o}", self.0)]
    }
}

/// A duration is written in whole seconds.
impl Field for Duration {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let mut seconds = 0_u64;
        seconds.assign(value)?;
        *self = Self::from_secs(seconds);
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        vec![self.as_secs().to_string()]
    }
}

impl Field for String {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Text(text) = value else { return Err(mismatch()) };
        *self = text;
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        vec![quoted(self.as_bytes())]
    }
}

/// Empty text means unset.
impl Field for Option<String> {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Text(text) = value else { return Err(mismatch()) };
        *self = (!text.is_empty()).then_some(text);
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        vec![quoted(self.as_deref().unwrap_or_default().as_bytes())]
    }
}

impl Field for Option<PathBuf> {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Text(text) = value else { return Err(mismatch()) };
        *self = (!text.is_empty()).then(|| text.into());
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let text = self.as_ref().map(|path| path.to_string_lossy()).unwrap_or_default();
        vec![quoted(text.as_bytes())]
    }
}

impl Field for PathBuf {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Text(text) = value else { return Err(mismatch()) };
        *self = text.into();
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        vec![quoted(self.to_string_lossy().as_bytes())]
    }
}

impl Field for Option<Secret> {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Secret(secret) = value else { return Err(mismatch()) };
        *self = secret;
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        vec![quoted(self.as_ref().map(Secret::expose).unwrap_or_default())]
    }
}

impl Field for Vec<String> {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Words(words) = value else { return Err(mismatch()) };
        *self = words;
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        if self.is_empty() {
            return vec!["\"\"".to_owned()];
        }
        vec![bongsu_protocol::conf::join_words(self)]
    }
}

/// Defines an enum whose values are words of a configuration file.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// The words of the configuration, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The variant for a word, whatever its case.
            pub fn parse(word: &str) -> Option<Self> {
                [$(($word, Self::$variant)),+].into_iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, v)| v)
            }

            /// The word of the configuration.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::config::field::Field for $name {
            fn assign(
                &mut self,
                value: $crate::config::value::Value,
            ) -> Result<(), $crate::config::value::Refusal> {
                let parsed = match &value {
                    $crate::config::value::Value::Text(text) => Self::parse(text),
                    _ => None,
                };
                let Some(parsed) = parsed else {
                    return Err($crate::config::value::Refusal::whole("value and field differ in type"));
                };
                *self = parsed;
                Ok(())
            }

            fn lines(&self) -> Vec<String> {
                vec![self.as_str().to_owned()]
            }
        }
    };
}

pub(crate) use choices;
