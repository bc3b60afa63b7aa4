//! Names, library information, switches.

use super::SYNTAX_ERROR;
use crate::resp::Writer;
use crate::session::state::is_printable;
use crate::session::{ReplyMode, Session};

pub(super) fn get_name(session: &Session, out: &mut Writer<'_>) {
    if session.name.is_empty() { out.null() } else { out.bulk(&session.name) }
}

pub(super) fn set_name(session: &mut Session, name: &[u8], out: &mut Writer<'_>) -> Result<(), String> {
    if !is_printable(name) {
        return Err("ERR Client names cannot contain spaces, newlines or special characters.".to_owned());
    }
    session.name = name.to_vec();
    out.simple("OK");
    Ok(())
}

/// `CLIENT SETINFO <LIB-NAME|LIB-VER> <value>`
pub(super) fn set_info(session: &mut Session, option: &[u8], value: &[u8], out: &mut Writer<'_>) -> Result<(), String> {
    let field = match option.to_ascii_lowercase().as_slice() {
        b"lib-name" => &mut session.lib_name,
        b"lib-ver" => &mut session.lib_ver,
        _ => return Err(format!("ERR Unrecognized option '{}'", String::from_utf8_lossy(option))),
    };
    if !is_printable(value) {
        let option = String::from_utf8_lossy(option);
        return Err(format!("ERR {option} cannot contain spaces, newlines or special characters."));
    }
    *field = value.to_vec();
    out.simple("OK");
    Ok(())
}

/// `CLIENT REPLY <ON|OFF|SKIP>`: only `ON` is answered.
pub(super) fn set_reply(session: &mut Session, mode: &[u8], out: &mut Writer<'_>) -> Result<(), String> {
    match mode.to_ascii_lowercase().as_slice() {
        b"on" => {
            session.reply_mode = ReplyMode::On;
            out.simple("OK");
        }
        b"off" => session.reply_mode = ReplyMode::Off,
        b"skip" if session.reply_mode != ReplyMode::Off => session.reply_mode = ReplyMode::SkipNext,
        b"skip" => {}
        _ => return Err(SYNTAX_ERROR.to_owned()),
    }
    Ok(())
}

pub(super) fn set_switch(state: &mut bool, switch: &[u8], out: &mut Writer<'_>) -> Result<(), String> {
    *state = parse_switch(switch).ok_or(SYNTAX_ERROR)?;
    out.simple("OK");
    Ok(())
}

pub(super) fn parse_switch(switch: &[u8]) -> Option<bool> {
    match switch.to_ascii_lowercase().as_slice() {
        b"on" => Some(true),
        b"off" => Some(false),
        _ => None,
    }
}
