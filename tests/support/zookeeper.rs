//! A real ZooKeeper that stands alone.

use std::net::TcpStream;
use std::process::Command;

use super::{Installation, free_ports, wait};

/// Debian's, whose manifest names what else it needs.
const JAR: &str = "/usr/share/java/zookeeper.jar";
const MAIN: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// Where it listens.
#[derive(Clone, Copy)]
pub(crate) struct ZooKeeper {
    pub(crate) port: u16,
}

impl ZooKeeper {
    /// Starts one, which ends with the installation.
    pub(crate) fn start(i: &mut Installation) -> Self {
        let me = Self { port: free_ports(1)[0] };
        let home = i.home(me.port);
        std::fs::create_dir_all(&home).expect("a directory");
        let settings = format!(
            "tickTime=2000\nadmin.enableServer=false\nmaxClientCnxns=0\nclientPort={}\nclientPortAddress=127.0.0.1\ndataDir={}\n",
            me.port,
            home.join("data").display()
        );
        std::fs::write(home.join("zoo.cfg"), settings).expect("a file");
        let mut command = Command::new("java");
        command.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", JAR, MAIN]).arg(home.join("zoo.cfg"));
        i.run(me.port, command);
        wait("ZooKeeper listens", || TcpStream::connect(("127.0.0.1", me.port)).ok());
        me
    }
}
