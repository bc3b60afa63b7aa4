//! The page of supported commands says what the table says.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[test]
fn the_page_of_commands_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
    let page = bongsu_server::command_reference();
    if std::env::var_os("BONGSU_TEST_WRITE").is_some() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "docs/commands.md is out of date: run this test with BONGSU_TEST_WRITE=1 and commit what it writes"
    );
}
