//! Commands that answer once the state is on disk.

use crate::front::dispatch::Outcome;
use crate::shell::Shell;

const FAILED: &[u8] = b"-ERR Failed to save config file. Check server logs.\r\n";
const OK: &[u8] = b"+OK\r\n";

/// Saves, then answers OK or that it failed. What was changed in memory stays changed.
pub(super) fn then_ok(shell: &Shell) -> Outcome {
    let shell = shell.clone();
    Outcome::Wait(Box::pin(async move { reply(&shell).await }))
}

/// Saves, then answers with this error.
pub(super) fn then_error(shell: &Shell, error: &str) -> Outcome {
    let shell = shell.clone();
    let error = format!("-{}\r\n", error.replace(['\r', '\n'], " ")).into_bytes();
    Outcome::Wait(Box::pin(async move {
        // The error of the request is more to the point than one of the disk, which the log shows.
        let _ = shell.save().await;
        error
    }))
}

/// Saves and gives the reply.
pub(super) async fn reply(shell: &Shell) -> Vec<u8> {
    match shell.save().await {
        Ok(()) => OK.to_vec(),
        Err(error) => {
            shell.log().warning(format_args!("The configuration could not be saved: {error}"));
            FAILED.to_vec()
        }
    }
}
