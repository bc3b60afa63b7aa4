//! The names that are written for a group.

use std::str::FromStr;

use hickory_proto::rr::{Name, RecordType};
use thiserror::Error;

use crate::TargetError;

/// Where the name of the group stands in a template.
const GROUP: &str = "{group}";

/// Why a text is no name that could be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// A sign that host names do not have.
    #[error("{text:?} has a sign other than letters, digits, `-`, `_` and dots")]
    Sign {
        /// What was given.
        text: String,
    },
    /// Empty, or longer than the protocol carries.
    #[error("{text:?} is empty, or it or one of its labels is too long")]
    Length {
        /// What was given.
        text: String,
    },
    /// Braces other than one `{group}`.
    #[error("{text:?} has braces that are not one `{GROUP}`")]
    Braces {
        /// What was given.
        text: String,
    },
    /// The name does not lie below the zone.
    #[error("{name} is not below the zone {zone}")]
    OutsideZone {
        /// The name.
        name: String,
        /// The zone.
        zone: String,
    },
}

/// Reads an absolute name; the dot at its end may be left out.
pub(super) fn parse(text: &str) -> Result<Name, NameError> {
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Err(NameError::Sign { text: text.to_owned() });
    }
    let length = || NameError::Length { text: text.to_owned() };
    if text.trim_end_matches('.').is_empty() {
        return Err(length());
    }
    let mut name = Name::from_ascii(text).map_err(|_| length())?;
    name.set_fqdn(true);
    Ok(name.to_lowercase())
}

/// The zone that is updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(Name);

impl FromStr for Zone {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        parse(text).map(Self)
    }
}

/// The name of the master of a group, with `{group}` where the name of the group belongs: `{group}.redis.example.org`.
///
/// A group can be written if its name consists of letters, digits, `-` and `_` and begins and ends with a letter or digit; other
/// names are refused, not escaped, because nobody would look for the escaped one. Without `{group}` the name is for one group alone:
/// the guard of the first that is written keeps all others out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameTemplate(String);

impl NameTemplate {
    fn names(&self, group: &str) -> Result<Names, TargetError> {
        let unpublishable = |reason: String| TargetError::Unpublishable { reason };
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let outer = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !group.chars().all(inner) || !outer(group.chars().next()) || !outer(group.chars().next_back()) {
            return Err(unpublishable(format!("the name of the group {group:?} is no label of a domain name")));
        }
        let too_long = |_| unpublishable(format!("{} with the group {group:?} is too long for a domain name", self.0));
        let name = parse(&self.0.replace(GROUP, group))
            .map_err(|_| unpublishable(format!("{} with the group {group:?} is no domain name", self.0)))?;
        Ok(Names {
            guard: name.prepend_label("_epoch").map_err(too_long)?,
            service: name.prepend_label("_tcp").and_then(|name| name.prepend_label("_redis")).map_err(too_long)?,
            replicas: name.prepend_label("replicas").map_err(too_long)?,
            primary: name,
        })
    }
}

impl FromStr for NameTemplate {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.matches(GROUP).count() > 1 || text.replacen(GROUP, "", 1).contains(['{', '}']) {
            return Err(NameError::Braces { text: text.to_owned() });
        }
        parse(&text.replace(GROUP, "g"))?;
        Ok(Self(text.to_owned()))
    }
}

/// A zone, and names below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    zone: Zone,
    template: NameTemplate,
}

impl Naming {
    /// Both together.
    ///
    /// # Errors
    /// [`NameError::OutsideZone`] if the names do not lie below the zone.
    pub fn new(zone: Zone, template: NameTemplate) -> Result<Self, NameError> {
        let name = parse(&template.0.replace(GROUP, "g"))?;
        if zone.0.zone_of(&name) && name != zone.0 {
            return Ok(Self { zone, template });
        }
        Err(NameError::OutsideZone { name: template.0, zone: zone.0.to_ascii() })
    }

    /// Name of the zone, absolute.
    pub(super) const fn zone(&self) -> &Name {
        &self.zone.0
    }

    /// The names of `group`.
    ///
    /// # Errors
    /// [`TargetError::Unpublishable`] if the group's name is none that can stand in a name of DNS.
    pub(super) fn names(&self, group: &str) -> Result<Names, TargetError> {
        self.template.names(group)
    }
}

/// What is written for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// A or AAAA of the master.
    pub(super) primary: Name,
    /// TXT with the epoch: `_epoch.<name>`.
    pub(super) guard: Name,
    /// SRV with the port of the master: `_redis._tcp.<name>`.
    pub(super) service: Name,
    /// A and AAAA of all replicas: `replicas.<name>`.
    pub(super) replicas: Name,
}

impl Names {
    /// The RRsets that are written, the guard first.
    pub(super) fn sets(&self, service: bool, replicas: bool) -> Vec<(Name, RecordType)> {
        let mut sets = vec![
            (self.guard.clone(), RecordType::TXT),
            (self.primary.clone(), RecordType::A),
            (self.primary.clone(), RecordType::AAAA),
        ];
        if service {
            sets.push((self.service.clone(), RecordType::SRV));
        }
        if replicas {
            sets.push((self.replicas.clone(), RecordType::A));
            sets.push((self.replicas.clone(), RecordType::AAAA));
        }
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> NameTemplate {
        text.parse().unwrap()
    }

    #[test]
    fn the_names_of_a_group() {
        let names = template("{group}.redis.example.org").names("Cache-1").unwrap();
        assert_eq!(names.primary.to_ascii(), "cache-1.redis.example.org.");
        assert_eq!(names.guard.to_ascii(), "_epoch.cache-1.redis.example.org.");
        assert_eq!(names.service.to_ascii(), "_redis._tcp.cache-1.redis.example.org.");
        assert_eq!(names.replicas.to_ascii(), "replicas.cache-1.redis.example.org.");
        assert_eq!(template("redis-{group}.a.").names("x").unwrap().primary.to_ascii(), "redis-x.a.");
    }

    #[test]
    fn groups_that_are_no_labels_are_refused() {
        let long = "x".repeat(64);
        for group in ["", "a.b", "-a", "a-", "_a", "a b", "ä", "*", "a/b", "{group}", long.as_str()] {
            assert!(template("{group}.a").names(group).is_err(), "{group}");
        }
    }

    #[test]
    fn templates_lie_below_the_zone() {
        let zone: Zone = "Example.ORG".parse().unwrap();
        for good in ["{group}.example.org", "redis.{group}.example.org.", "one.example.org"] {
            assert!(Naming::new(zone.clone(), template(good)).is_ok(), "{good}");
        }
        for bad in ["{group}.example.com", "example.org", "{group}example.org", "{group}"] {
            assert!(Naming::new(zone.clone(), template(bad)).is_err(), "{bad}");
        }
        for bad in ["", ".", "{group}{group}.a", "{name}.a", "a b.c", "a..b", "*.a"] {
            assert!(bad.parse::<NameTemplate>().is_err(), "{bad}");
        }
    }
}
