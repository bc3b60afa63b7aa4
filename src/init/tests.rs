//! What is generated is what `configs/three-node` shows, and what the programs accept.

use std::path::{Path, PathBuf};

use super::*;

fn plan(tls: bool, hosts: [&str; 3]) -> Plan {
    let port = |number| NonZeroU16::new(number).unwrap();
    Plan {
        group: "mymaster".to_owned(),
        hosts: hosts.map(|host| host.parse().unwrap()),
        port: port(6379),
        sentinel_port: port(26379),
        tls,
        down_after: Duration::from_millis(5000),
        etc: "/etc/bongsu".to_owned(),
        state: "/var/lib/bongsu".to_owned(),
        program: "/usr/local/bin/bongsu".to_owned(),
        user: "bongsu".to_owned(),
        days: 3650,
    }
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/three-node")
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// `BONGSU_WRITE_EXAMPLE=1 cargo test -p bongsu --bin bongsu init` writes it anew.
#[test]
fn the_example_is_what_is_generated() {
    let made = files::all(&plan(true, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]), &Secrets::placeholders(), None);
    if std::env::var_os("BONGSU_WRITE_EXAMPLE").is_some() {
        for file in &made {
            let path = example().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &file.text).unwrap();
        }
    }
    for file in &made {
        let path = example().join(&file.path);
        let there = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(there, file.text, "{} is not what init makes; see above how to write it anew", path.display());
    }
    let mut there = Vec::new();
    files_below(&example(), &mut there);
    assert_eq!(there.len(), made.len(), "{there:?}");
}

#[test]
fn nothing_is_left_to_fill_in_and_nothing_repeats() {
    for tls in [true, false] {
        for hosts in [["10.0.0.1", "10.0.0.2", "10.0.0.3"], ["2001:db8::1", "db2.example", "db3"]] {
            let plan = plan(tls, hosts);
            let certificates = tls.then(|| Certificates::make(&plan).unwrap());
            let made = files::all(&plan, &Secrets::random().unwrap(), certificates.as_ref());
            for file in &made {
                assert!(!file.text.contains("{{") && !file.text.contains("}}"), "{}: {}", file.path, file.text);
                assert!(!file.text.contains("\n\n\n"), "{}: {}", file.path, file.text);
            }
            let mut paths: Vec<&str> = made.iter().map(|file| file.path.as_str()).collect();
            paths.sort_unstable();
            paths.dedup();
            assert_eq!(paths.len(), made.len());
            assert_eq!(paths.iter().any(|path| path.ends_with(".key")), tls);
        }
    }
}

/// A file that holds a secret is for its owner only, and a password is in no file of another role.
#[test]
fn secrets_are_where_they_belong() {
    let plan = plan(true, ["a", "b", "c"]);
    let (secrets, certificates) = (Secrets::random().unwrap(), Certificates::make(&plan).unwrap());
    let made = files::all(&plan, &secrets, Some(&certificates));
    let holders = |secret: &str| -> Vec<&Made> { made.iter().filter(|file| file.text.contains(secret)).collect() };
    let each = |file: &str| ["a", "b", "c"].map(|host| format!("{host}/{file}")).to_vec();
    let one = |path: &str| vec![path.to_owned()];
    let expected = [
        (&secrets.admin, one("operator/admin.password")),
        (&secrets.application, one("application/data.password")),
        (&secrets.discovery, [each("server.conf"), one("application/sentinel.password")].concat()),
        (&secrets.peer, each("secrets/peer.password")),
        (&secrets.replication, each("server.conf")),
        (&secrets.sentinel, each("secrets/sentinel.password")),
    ];
    for (credential, paths) in expected {
        let found = holders(&credential.password);
        assert_eq!(found.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), paths);
        assert!(found.iter().chain(&holders(&credential.hash)).all(|file| file.mode == 0o600));
    }
    for file in made.iter().filter(|file| file.text.contains("PRIVATE KEY")) {
        assert_eq!(file.mode, 0o600, "{}", file.path);
    }
}

#[test]
fn what_is_there_stays_and_what_fails_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let made = |path: &str| Made { path: path.to_owned(), text: "x".to_owned(), mode: 0o644 };
    assert!(write_all(&out, &[made("a/b"), made("c")]).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&out), mode(&out.join("a")), mode(&out.join("c"))), (0o700, 0o700, 0o644));
    assert!(!write_all(&out, &[made("d")]).unwrap());
    assert!(!out.join("d").exists());
    // The second of these cannot be made.
    assert!(write_all(&dir.path().join("other"), &[made("a"), made("a/b")]).is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
