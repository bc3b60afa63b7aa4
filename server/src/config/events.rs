//! `notify-keyspace-events`.

use std::fmt;

use bongsu_store::call::EventClass;

use super::value_error::ValueError;

/// Classes of events, in the order in which they are shown.
const CLASSES: [(u8, EventClass); 9] = [
    (b'g', EventClass::Generic),
    (b'$', EventClass::String),
    (b'l', EventClass::List),
    (b's', EventClass::Set),
    (b'h', EventClass::Hash),
    (b'z', EventClass::Zset),
    (b'x', EventClass::Expired),
    (b'e', EventClass::Evicted),
    (b't', EventClass::Stream),
];

/// Which keyspace events are published, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Events {
    /// Bits of [`EventClass`].
    pub classes: u16,
    /// `d`: events of modules, of which there are none here.
    modules: bool,
    /// `K`: to the channels of the keys.
    pub by_key: bool,
    /// `E`: to the channels of the events.
    pub by_event: bool,
}

impl Events {
    /// True if anything is published at all.
    pub const fn any(self) -> bool {
        (self.by_key || self.by_event) && self.classes != 0
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, ValueError> {
        let mut events = Self::default();
        for letter in text {
            match letter {
                b'A' => {
                    events.classes |= all_classes();
                    events.modules = true;
                }
                b'K' => events.by_key = true,
                b'E' => events.by_event = true,
                b'd' => events.modules = true,
                b'm' => events.classes |= EventClass::Miss as u16,
                b'n' => events.classes |= EventClass::New as u16,
                letter => {
                    let class = CLASSES.iter().find(|(own, _)| own == letter).ok_or(ValueError::Events)?;
                    events.classes |= class.1 as u16;
                }
            }
        }
        Ok(events)
    }

    const fn has(self, class: EventClass) -> bool {
        self.classes & class as u16 != 0
    }
}

fn all_classes() -> u16 {
    CLASSES.iter().fold(0, |all, (_, class)| all | *class as u16)
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modules && self.classes & all_classes() == all_classes() {
            f.write_str("A")?;
        } else {
            for (letter, _) in CLASSES.iter().filter(|(_, class)| self.has(*class)) {
                write!(f, "{}", char::from(*letter))?;
            }
            f.write_str(if self.modules { "d" } else { "" })?;
            f.write_str(if self.has(EventClass::New) { "n" } else { "" })?;
        }
        f.write_str(if self.by_key { "K" } else { "" })?;
        f.write_str(if self.by_event { "E" } else { "" })?;
        f.write_str(if self.has(EventClass::Miss) { "m" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_shown_in_their_order() {
        let shown = |text: &str| Events::parse(text.as_bytes()).map(|events| events.to_string());
        assert_eq!(shown("AKEm"), Ok("AKEm".into()));
        assert_eq!(shown("KEn"), Ok("nKE".into()));
        assert_eq!(shown("KExed"), Ok("xedKE".into()));
        assert_eq!(shown("g$lshzxetd"), Ok("A".into()));
        assert_eq!(shown(""), Ok(String::new()));
        assert_eq!(shown("q"), Err(ValueError::Events));
    }
}
