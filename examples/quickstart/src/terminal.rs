//! The tour in a terminal.

use std::process::ExitCode;

use crate::tour::{Line, tour};

pub fn run() -> ExitCode {
    match futures::executor::block_on(tour(print)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(line: Line) {
    match line {
        Line::Heading(text) => println!("\n{text}"),
        Line::Code(text) => println!("  {text}"),
        Line::Answer(text) => println!("    → {text}"),
    }
}
