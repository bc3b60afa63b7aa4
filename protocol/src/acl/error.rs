//! Why a rule was refused.

use std::fmt;

/// Why one rule of a user is refused. The display form is the text after `Error in ACL SETUSER modifier '...': `.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// No command or category of this name.
    UnknownCommand,
    /// No rule has this form.
    Syntax,
    /// A key pattern after `~*`.
    PatternAfterAllKeys,
    /// A channel pattern after `&*`.
    PatternAfterAllChannels,
    /// `<` or `!` with a password the user does not have.
    NoSuchPassword,
    /// `#` or `!` with something that is no SHA-256 digest.
    BadHash,
    /// `+command|subcommand|argument`.
    FirstArgOfSubcommand,
    /// The same user twice in a configuration.
    DuplicateUser,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownCommand => "Unknown command or category name in ACL",
            Self::Syntax => "Syntax error",
            Self::PatternAfterAllKeys => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            Self::PatternAfterAllChannels => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any \
                 effect. Try 'resetchannels' to start with an empty list of channels"
            }
            Self::NoSuchPassword => "The password you are trying to remove from the user does not exist",
            Self::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            Self::FirstArgOfSubcommand => "Allowing first-arg of a subcommand is not supported",
            Self::DuplicateUser => "Duplicate user found. A user can only be defined once in config files",
        })
    }
}

impl std::error::Error for RuleError {}

/// Why the rules given for a user are refused as a whole. The display form is the error without `ERR `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserError {
    /// The name has spaces or zero bytes.
    BadName,
    /// A selector is opened and not closed.
    UnmatchedParenthesis {
        /// The rule that opens it.
        starting_at: String,
    },
    /// One rule is refused.
    Rule {
        /// The rule as given.
        rule: String,
        /// Why.
        error: RuleError,
    },
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName => f.write_str("Usernames can't contain spaces or null characters"),
            Self::UnmatchedParenthesis { starting_at } => {
                write!(f, "Unmatched parenthesis in acl selector starting at '{starting_at}'.")
            }
            Self::Rule { rule, error } => write!(f, "Error in ACL SETUSER modifier '{rule}': {error}"),
        }
    }
}

impl std::error::Error for UserError {}
