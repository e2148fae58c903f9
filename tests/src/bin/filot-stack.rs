//! The command line of the local stack; `./dev` calls it.

#![expect(clippy::print_stdout, reason = "a command for people")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use filot_e2e::{Options, Result, Stack, bench, chaos, demo, paths};
use filot_testkit::{Aws, Postgres, Redis};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(about = "The local stack of FiLot")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything and keeps it running.
    Up,
    /// Sends the sample cards through everything.
    Demo,
    /// Times uploads, single requests and starts.
    Bench {
        /// Number of documents that are uploaded one after the other.
        #[arg(long, default_value_t = 20)]
        idle: usize,
        /// Number of documents that wait when the worker starts.
        #[arg(long, default_value_t = 30)]
        queued: usize,
        /// Only single requests.
        #[arg(long)]
        api: bool,
        /// Only the functions' starts, memory and sizes.
        #[arg(long)]
        functions: bool,
    },
    /// Uploads documents while faults are injected, and checks that none is lost or decided twice.
    Chaos {
        /// Number of uploads.
        #[arg(long, default_value_t = 1000)]
        documents: usize,
        /// Seed of all random choices; the time by default.
        #[arg(long)]
        seed: Option<u64>,
        /// Length of the run: at most ten minutes, since access tokens last fifteen.
        #[arg(long, default_value_t = 8.0)]
        minutes: f64,
        /// Number of different people on the cards.
        #[arg(long, default_value_t = 48)]
        cards: usize,
    },
    /// Starts the bare servers for tests and writes their addresses to a file.
    Servers {
        /// File of shell variables.
        #[arg(long)]
        write: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Up => up().await,
        Command::Demo => until_asked(demo::run()).await,
        Command::Bench { api: true, .. } => until_asked(bench::run_api()).await,
        Command::Bench { functions: true, .. } => until_asked(bench::run_functions()).await,
        Command::Bench { idle, queued, .. } => until_asked(bench::run(idle, queued)).await,
        Command::Chaos { documents, seed, minutes, cards } => {
            let seed = seed.unwrap_or_else(|| chrono::Utc::now().timestamp().unsigned_abs());
            let length = Duration::from_secs_f64((minutes * 60.0).clamp(10.0, 600.0));
            until_asked(chaos::run(chaos::Settings { documents, seed, length, cards, prints_progress: true }))
                .await
        }
        Command::Servers { write } => servers(write).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("filot-stack: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until the end or Ctrl-C; in both cases the stack ends and removes its files.
async fn until_asked(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        done = work => done,
        asked = asked_to_end() => asked.and(Err("interrupted".into())),
    }
}

/// Port of the AWS stand-in in `env.json`.
const AWS_PORT: u16 = 4566;

async fn up() -> Result<()> {
    let pid_file = paths::run_dir()?.join("stack.pid");
    let options = Options {
        prints_progress: true,
        keeps_logs: true,
        demo_data: true,
        prefers_port: Some(AWS_PORT),
        ..Options::default()
    };
    let stack = Stack::start(options).await?;
    std::fs::write(&pid_file, std::process::id().to_string())?;
    let variables = json!({ "Parameters": stack.function_environment() });
    let variables_file = paths::run_dir()?.join("env.json");
    std::fs::write(&variables_file, format!("{}\n", serde_json::to_string_pretty(&variables)?))?;
    println!("API              {}", stack.api.base());
    println!("API, to try      {}", stack.api_page.url());
    println!("function URL     {}", stack.deployment.callback_url);
    println!("AWS stand-in     {}", stack.aws_url());
    println!("Postgres         {}", stack.database.owner_url());
    println!("Redis            {}", stack.redis.url());
    println!("BULI2            {}", stack.buli2.url());
    println!("Stack Auth       {}", stack.stack_auth.url());
    println!("logs             {}", stack.logs().display());
    println!("for `sam local`  {}", variables_file.display());
    println!(
        "token            curl -s {}/test/token -H 'content-type: application/json' \
         -d '{{\"sub\":\"me\",\"email\":\"me@example.com\"}}'",
        stack.stack_auth.url()
    );
    println!("Ctrl-C or ./dev stop ends it.");
    asked_to_end().await?;
    drop(stack);
    let _ = std::fs::remove_file(pid_file);
    Ok(())
}

async fn servers(write: PathBuf) -> Result<()> {
    let postgres = Postgres::start().await?;
    let redis = Redis::start()?;
    let aws = Aws::start()?;
    let port = postgres.admin().get_ports().first().copied().unwrap_or(5432);
    let text = format!(
        "FILOT_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:{port}/postgres\n\
         FILOT_TEST_REDIS_URL={}\n\
         FILOT_TEST_AWS_URL={}\n",
        redis.url(),
        aws.url()
    );
    // A reader that waits for the file must not see half of it.
    let half = write.with_extension("half");
    std::fs::write(&half, text)?;
    std::fs::rename(half, write)?;
    asked_to_end().await
}

async fn asked_to_end() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
