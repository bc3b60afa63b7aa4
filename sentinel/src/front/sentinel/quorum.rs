//! `SENTINEL CKQUORUM`.

use bongsu_protocol::resp::Writer;
use bongsu_sentinel_core::QuorumCheck;

/// Writes whether enough sentinels can be reached to detect a failure and to act on it.
pub(super) fn write_check(out: &mut Writer<'_>, check: QuorumCheck) {
    if check.quorum_ok && check.majority_ok {
        let usable = check.usable;
        return out.simple(&format!("OK {usable} usable Sentinels. Quorum and failover authorization can be reached"));
    }
    let mut faults = Vec::new();
    if !check.quorum_ok {
        faults.push("Not enough available Sentinels to reach the specified quorum for this master");
    }
    if !check.majority_ok {
        faults.push("Not enough available Sentinels to reach the majority and authorize a failover");
    }
    out.error(format!("NOQUORUM {} usable Sentinels. {}", check.usable, faults.join(". ")));
}

#[cfg(test)]
mod tests {
    use bongsu_protocol::resp::Protocol;

    use super::*;

    fn text(quorum_ok: bool, majority_ok: bool) -> String {
        let mut bytes = Vec::new();
        write_check(&mut Writer::new(&mut bytes, Protocol::Resp2), QuorumCheck { usable: 2, quorum_ok, majority_ok });
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn faults_are_joined() {
        assert_eq!(text(true, true), "+OK 2 usable Sentinels. Quorum and failover authorization can be reached\r\n");
        let quorum = "Not enough available Sentinels to reach the specified quorum for this master";
        let majority = "Not enough available Sentinels to reach the majority and authorize a failover";
        assert_eq!(text(false, true), format!("-NOQUORUM 2 usable Sentinels. {quorum}\r\n"));
        assert_eq!(text(true, false), format!("-NOQUORUM 2 usable Sentinels. {majority}\r\n"));
        assert_eq!(text(false, false), format!("-NOQUORUM 2 usable Sentinels. {quorum}. {majority}\r\n"));
    }
}
