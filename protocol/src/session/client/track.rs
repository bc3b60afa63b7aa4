//! `CLIENT TRACKING`, `TRACKINGINFO` and `CACHING`.

use super::basics::parse_switch;
use super::{ClientEffect, NOT_AN_INTEGER, SYNTAX_ERROR};
use crate::resp::{Writer, parse_integer};
use crate::session::{Caching, ClientId, ClientRegistry, Session, Tracking, TrackingMode};

#[derive(Default)]
struct Options<'a> {
    redirect: Option<ClientId>,
    broadcast: bool,
    opt_in: bool,
    opt_out: bool,
    no_loop: bool,
    prefixes: Vec<&'a [u8]>,
}

/// `CLIENT TRACKING <ON|OFF> [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`
pub(super) fn set_tracking(
    registry: &mut ClientRegistry,
    id: ClientId,
    arguments: &[&[u8]],
    out: &mut Writer<'_>,
) -> Result<ClientEffect, String> {
    let (switch, options) = arguments.split_first().ok_or(SYNTAX_ERROR)?;
    let options = parse(registry, options)?;
    let on = parse_switch(switch).ok_or(SYNTAX_ERROR)?;
    let session = registry.get_mut(id).ok_or("ERR No such client")?;
    session.tracking = if on { Some(combine(session.tracking.as_ref(), &options)?) } else { None };
    if let Some(target) = options.redirect.and_then(|target| registry.get_mut(target)) {
        target.hears_for_others = true;
    }
    out.simple("OK");
    Ok(ClientEffect::TrackingChanged)
}

fn parse<'a>(registry: &ClientRegistry, mut rest: &[&'a [u8]]) -> Result<Options<'a>, String> {
    let mut options = Options::default();
    while let [option, values @ ..] = rest {
        rest = values;
        match (option.to_ascii_lowercase().as_slice(), values) {
            (b"redirect", [target, values @ ..]) => {
                if options.redirect.is_some() {
                    return Err("ERR A client can only redirect to a single other client".to_owned());
                }
                let target = ClientId::from_integer(parse_integer(target).ok_or(NOT_AN_INTEGER)?);
                let exists = target.filter(|target| registry.get(*target).is_some());
                options.redirect = Some(exists.ok_or("ERR The client ID you want redirect to does not exist")?);
                rest = values;
            }
            (b"prefix", [prefix, values @ ..]) => {
                options.prefixes.push(prefix);
                rest = values;
            }
            (b"bcast", _) => options.broadcast = true,
            (b"optin", _) => options.opt_in = true,
            (b"optout", _) => options.opt_out = true,
            (b"noloop", _) => options.no_loop = true,
            _ => return Err(SYNTAX_ERROR.to_owned()),
        }
    }
    Ok(options)
}

/// The state that follows from the present one and the options.
fn combine(old: Option<&Tracking>, options: &Options<'_>) -> Result<Tracking, String> {
    let old_mode = old.map(|old| old.mode);
    let mode = choose_mode(old_mode, options)?;
    let mut prefixes = old.map(|old| old.prefixes.clone()).unwrap_or_default();
    if mode == TrackingMode::Broadcast {
        let no_prefix: [&[u8]; 1] = [b""];
        refuse_overlaps(&prefixes, &options.prefixes)?;
        let added = if options.prefixes.is_empty() { &no_prefix } else { options.prefixes.as_slice() };
        for prefix in added {
            if !prefixes.iter().any(|known| known == prefix) {
                prefixes.push(prefix.to_vec());
            }
        }
    }
    let no_loop = options.no_loop;
    Ok(Tracking { mode, no_loop, redirect: options.redirect, broken_redirect: false, prefixes, caching: None })
}

fn choose_mode(old: Option<TrackingMode>, options: &Options<'_>) -> Result<TrackingMode, String> {
    let error = if !options.broadcast && !options.prefixes.is_empty() {
        "ERR PREFIX option requires BCAST mode to be enabled"
    } else if old.is_some_and(|old| (old == TrackingMode::Broadcast) != options.broadcast) {
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it \
         with a different mode."
    } else if options.broadcast && (options.opt_in || options.opt_out) {
        "ERR OPTIN and OPTOUT are not compatible with BCAST"
    } else if options.opt_in && options.opt_out {
        "ERR You can't specify both OPTIN mode and OPTOUT mode"
    } else if (options.opt_in && old == Some(TrackingMode::OptOut))
        || (options.opt_out && old == Some(TrackingMode::OptIn))
    {
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it \
         with a different mode."
    } else {
        return Ok(match (options.broadcast, options.opt_in, options.opt_out) {
            (true, _, _) => TrackingMode::Broadcast,
            (_, true, _) => TrackingMode::OptIn,
            (_, _, true) => TrackingMode::OptOut,
            _ => TrackingMode::Default,
        });
    };
    Err(error.to_owned())
}

/// A key must not be reported twice because of two prefixes.
fn refuse_overlaps(known: &[Vec<u8>], added: &[&[u8]]) -> Result<(), String> {
    let complain = |prefix: &[u8], what: &str, other: &[u8]| {
        let (prefix, other) = (String::from_utf8_lossy(prefix), String::from_utf8_lossy(other));
        Err(format!(
            "ERR Prefix '{prefix}' overlaps with {what} prefix '{other}'. Prefixes for a single client must not overlap."
        ))
    };
    let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
    for (position, prefix) in added.iter().enumerate() {
        if let Some(other) = known.iter().find(|other| overlap(prefix, other)) {
            return complain(prefix, "an existing", other);
        }
        if let Some(other) = added[position + 1..].iter().find(|other| overlap(prefix, other)) {
            return complain(prefix, "another provided", other);
        }
    }
    Ok(())
}

pub(super) fn info(session: &Session, out: &mut Writer<'_>) {
    let tracking = session.tracking.as_ref();
    let flags = tracking.map_or_else(|| vec!["off"], Tracking::flags);
    let prefixes = tracking.map(|tracking| tracking.prefixes.as_slice()).unwrap_or_default();
    out.map(3);
    out.bulk("flags");
    out.set(flags.len());
    for flag in flags {
        out.bulk(flag);
    }
    out.bulk("redirect");
    out.integer(session.redirection());
    out.bulk("prefixes");
    out.array(prefixes.len());
    for prefix in prefixes {
        out.bulk(prefix);
    }
}

/// `CLIENT CACHING <YES|NO>`
pub(super) fn set_caching(session: &mut Session, choice: &[u8], out: &mut Writer<'_>) -> Result<(), String> {
    let tracking = session
        .tracking
        .as_mut()
        .filter(|tracking| matches!(tracking.mode, TrackingMode::OptIn | TrackingMode::OptOut))
        .ok_or("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")?;
    tracking.caching = Some(match (choice.to_ascii_lowercase().as_slice(), tracking.mode) {
        (b"yes", TrackingMode::OptIn) => Caching::Yes,
        (b"no", TrackingMode::OptOut) => Caching::No,
        (b"yes", _) => {
            return Err("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.".to_owned());
        }
        (b"no", _) => {
            return Err("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.".to_owned());
        }
        _ => return Err(SYNTAX_ERROR.to_owned()),
    });
    out.simple("OK");
    Ok(())
}
