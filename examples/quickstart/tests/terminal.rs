//! The program as it is typed: `cargo run -p quickstart`.
#![cfg(not(target_family = "wasm"))]

use std::process::Command;

/// What the program prints, line by line.
fn printed() -> Vec<String> {
    let ran = Command::new(env!("CARGO_BIN_EXE_quickstart")).output().expect("the program can be run");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    assert_eq!(errors, "");
    String::from_utf8(ran.stdout).expect("text").lines().map(|line| line.trim().to_owned()).collect()
}

/// The lines that are printed after this one, up to the next call or heading.
fn answers<'l>(lines: &'l [String], call: &str) -> Vec<&'l str> {
    let at = lines.iter().position(|line| line == call).unwrap_or_else(|| panic!("no line says `{call}`"));
    lines[at + 1..].iter().map_while(|line| line.strip_prefix("→ ")).collect()
}

#[test]
fn the_tour_runs_in_a_terminal() {
    let lines = printed();

    assert_eq!(answers(&lines, "db.users.get(1).await?"), ["#1 Alice Updated, 30, alice@example.com"]);
    assert_eq!(answers(&lines, "db.users.delete(1).await?"), ["done"]);
    assert_eq!(
        answers(&lines, "db.users.where_(|u| u.age).above(60).to_vec().await?"),
        ["#6 Elena, 62, elena@example.com", "#24 Anton, 66, anton@example.com", "#19 Rosa, 70, rosa@example.com"]
    );
    assert_eq!(answers(&lines, "minors.count().await?"), ["5"]);
    let second_page = answers(&lines, "db.users.order_by(|u| u.name).reverse().offset(10).limit(10).to_vec().await?");
    assert_eq!(second_page.len(), 10);
    assert_eq!(second_page[0], "#12 Kofi, 39, kofi@example.com");
}
