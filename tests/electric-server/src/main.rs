//! The conformance server as a program: `electric-server --port 4000`. Prints its URL when it can be reached.

use std::process::ExitCode;
use std::time::Duration;

use electric_server::{Config, Server};

const USAGE: &str = "usage: electric-server [--port N] [--long-poll-ms N] [--sse-ms N] [--keep-alive-ms N] \
[--chunk-bytes N] [--drop-table-ms N] [--seed N] [--secret TEXT] [--allow-delete] [--allow-any-header]";

fn main() -> ExitCode {
    let config = match config(std::env::args().skip(1)) {
        Ok(config) => config,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match Server::try_start(config) {
        Ok(server) => {
            println!("{}", server.url());
            server.wait();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn config(mut args: impl Iterator<Item = String>) -> Result<Config, String> {
    let mut config = Config::default();
    while let Some(option) = args.next() {
        match option.as_str() {
            "--allow-delete" => config.allow_delete = true,
            "--allow-any-header" => config.allow_any_header = true,
            _ => {
                let value = args.next().ok_or_else(|| format!("{option} wants a value"))?;
                set(&mut config, &option, value)?;
            }
        }
    }
    Ok(config)
}

fn set(config: &mut Config, option: &str, value: String) -> Result<(), String> {
    let number = || value.parse::<u64>().map_err(|_| format!("{option} wants a number, not {value}"));
    let time = || number().map(Duration::from_millis);
    match option {
        "--port" => config.port = number()?.try_into().map_err(|_| format!("{value} is no port"))?,
        "--long-poll-ms" => config.long_poll = time()?,
        "--sse-ms" => config.sse = time()?,
        "--keep-alive-ms" => config.keep_alive = time()?,
        "--drop-table-ms" => config.drop_table_notice = time()?,
        "--chunk-bytes" => config.chunk_bytes = number()?.try_into().unwrap_or(usize::MAX),
        "--seed" => config.seed = number()?,
        "--secret" => config.secret = Some(value),
        _ => return Err(format!("{option} is no option")),
    }
    Ok(())
}
