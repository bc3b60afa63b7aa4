//! The numbers of the format.

/// What begins a record that is not a key, or goes before one.
pub(crate) mod opcode {
    pub(crate) const SLOT_INFO: u8 = 244;
    pub(crate) const FUNCTION: u8 = 245;
    pub(crate) const FUNCTION_PRE_RELEASE: u8 = 246;
    pub(crate) const MODULE_AUX: u8 = 247;
    pub(crate) const IDLE: u8 = 248;
    pub(crate) const FREQUENCY: u8 = 249;
    pub(crate) const AUX: u8 = 250;
    pub(crate) const RESIZE_DB: u8 = 251;
    pub(crate) const EXPIRY_MS: u8 = 252;
    pub(crate) const EXPIRY_SECONDS: u8 = 253;
    pub(crate) const SELECT_DB: u8 = 254;
    pub(crate) const END: u8 = 255;
}

/// Types of values.
pub(crate) mod kind {
    pub(crate) const STRING: u8 = 0;
    pub(crate) const LIST: u8 = 1;
    pub(crate) const SET: u8 = 2;
    pub(crate) const ZSET_TEXT: u8 = 3;
    pub(crate) const HASH: u8 = 4;
    pub(crate) const ZSET: u8 = 5;
    pub(crate) const HASH_ZIPMAP: u8 = 9;
    pub(crate) const LIST_ZIPLIST: u8 = 10;
    pub(crate) const SET_INTSET: u8 = 11;
    pub(crate) const ZSET_ZIPLIST: u8 = 12;
    pub(crate) const HASH_ZIPLIST: u8 = 13;
    pub(crate) const LIST_QUICKLIST: u8 = 14;
    pub(crate) const HASH_LISTPACK: u8 = 16;
    pub(crate) const ZSET_LISTPACK: u8 = 17;
    pub(crate) const LIST_QUICKLIST_2: u8 = 18;
    pub(crate) const SET_LISTPACK: u8 = 20;
}

/// The two upper bits of the first byte of a length, and what it can be instead of one.
pub(crate) mod length {
    pub(crate) const BITS_14: u8 = 0b0100_0000;
    pub(crate) const BITS_32: u8 = 0b1000_0000;
    pub(crate) const BITS_64: u8 = 0b1000_0001;
    pub(crate) const SPECIAL: u8 = 0b1100_0000;
    pub(crate) const INT_8: u8 = SPECIAL;
    pub(crate) const INT_16: u8 = SPECIAL | 1;
    pub(crate) const INT_32: u8 = SPECIAL | 2;
    pub(crate) const LZF: u8 = SPECIAL | 3;
}

/// How a node of a list is kept.
pub(crate) mod node {
    pub(crate) const PLAIN: u64 = 1;
    pub(crate) const PACKED: u64 = 2;
}

/// Where the checksum came in.
pub(crate) const CHECKSUM_SINCE: u32 = 5;

/// What a type or an opcode is called, for whoever has to read why a file was refused.
pub const fn type_name(code: u8) -> &'static str {
    match code {
        kind::STRING => "string",
        kind::LIST => "list",
        kind::SET => "set",
        kind::ZSET_TEXT => "zset with scores as text",
        kind::HASH => "hash",
        kind::ZSET => "zset",
        6 | 7 => "module value",
        kind::HASH_ZIPMAP => "hash as zipmap",
        kind::LIST_ZIPLIST => "list as ziplist",
        kind::SET_INTSET => "set as intset",
        kind::ZSET_ZIPLIST => "zset as ziplist",
        kind::HASH_ZIPLIST => "hash as ziplist",
        kind::LIST_QUICKLIST => "list of ziplists",
        15 | 19 | 21 => "stream",
        kind::HASH_LISTPACK => "hash as listpack",
        kind::ZSET_LISTPACK => "zset as listpack",
        kind::LIST_QUICKLIST_2 => "list of listpacks",
        kind::SET_LISTPACK => "set as listpack",
        22..=25 => "hash whose fields expire",
        opcode::FUNCTION_PRE_RELEASE => "function of a release candidate",
        opcode::MODULE_AUX => "data of a module",
        _ => "unknown",
    }
}

/// It is a type or an opcode of some server, which is not kept here.
pub(crate) const fn is_known_elsewhere(code: u8) -> bool {
    matches!(code, 6 | 7 | 15 | 19 | 21..=25 | opcode::FUNCTION_PRE_RELEASE | opcode::MODULE_AUX)
}
