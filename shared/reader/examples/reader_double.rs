//! A test double of the reader process: speaks the real protocol through the real `serve`, sets the real bounds, and
//! misbehaves as the file tells it to. Only the tests start it; it is in no image that is deployed.
//!
//! The first argument says how it is confined: as a reader (none), with its limits alone (`unconfined`), with Landlock alone
//! (`landlock`) or with the filter of system calls alone (`filter`). `exit` and `unable` do not start; `plain` and `hidden`
//! are no readers but a worker that waits, the second one hidden.
//!
//! The file is a command: `read`, `unreadable`, `hang`, `abort`, `panic`, `memory`, `garbage`, `wrong-job`, `chatter`, `spin`,
//! or `try` and one of the attempts of [`attempt`].

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "misbehaving is its purpose"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error, Read, Result, Write};
use std::path::Path;
use std::time::Duration;

use filot_domain::{CardReading, DocumentType, ReasonCode};
use filot_reader::child::{ReadCard, Unreadable, serve, silence_panics, take_stdout};
use filot_reader::limits::{self, Limits};
use filot_reader::protocol::{Answer, write_frame};
use filot_reader::sandbox::{self, Report};

/// Processor time that a reader of the tests has for all of its files.
const CPU_S: u64 = 600;

fn main() {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_default();
    match mode.as_str() {
        "exit" => std::process::exit(3),
        "plain" | "hidden" => return wait(mode == "hidden"),
        _ => {}
    }
    silence_panics();
    if let Err(error) = answer(&mode) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// A worker: says that it is there, and stays until its stdin closes.
fn wait(hidden: bool) {
    if hidden && let Err(error) = limits::hide_process() {
        eprintln!("{error}");
        return;
    }
    println!("here");
    let _ = std::io::stdin().read(&mut [0]);
}

fn answer(mode: &str) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut report = Report::default();
    if mode.is_empty() {
        sandbox::leave_network(&mut report);
    }
    let parent = std::os::unix::process::parent_id();
    Limits { memory_mb: 512, cpu_s: CPU_S, parent }.apply()?;
    let stdout = take_stdout()?;
    let mut raw = stdout.try_clone()?;
    match mode {
        "unconfined" | "unable" => {}
        // Another user could not open most of it anyway.
        "landlock" => assert!(sandbox::restrict_objects(), "this kernel has no Landlock"),
        "filter" => sandbox::filter_calls()?,
        _ => report = sandbox::enter(report)?,
    }
    let ready = if mode == "unable" {
        Answer::Unable { message: "no models here".to_owned() }
    } else {
        Answer::Ready { engine: "double".to_owned(), models: "none".to_owned(), missing: report }
    };
    let mut asked = 0;
    let _ = serve(std::io::stdin(), stdout, &ready, |file, claimed| {
        asked += 1;
        behave(file, claimed, asked, &mut raw)
    });
    Ok(())
}

fn behave(
    file: &[u8],
    claimed: Option<DocumentType>,
    asked: u64,
    raw: &mut impl Write,
) -> std::result::Result<ReadCard, Unreadable> {
    let command = String::from_utf8_lossy(file);
    let (command, argument) = command.split_once(' ').unwrap_or((&command, ""));
    match command {
        "hang" => std::thread::sleep(Duration::from_secs(3600)),
        // Misbehaves until the marker file exists, which it makes itself: the next try succeeds. Needs `unconfined`.
        "hang-once" if !Path::new(argument).exists() => {
            let _ = File::create(argument);
            std::thread::sleep(Duration::from_secs(3600));
        }
        "abort" => std::process::abort(),
        "panic" => panic!("3171234567890123 is what the card says"),
        "memory" => {
            let hog = vec![1_u8; 4 * 1024 * 1024 * 1024];
            eprintln!("{}", hog.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        }
        "garbage" => {
            let _ = raw.write_all(&[0xff; 64]);
        }
        "wrong-job" => {
            let answer = Answer::Read { job: 4711, stage_ms: BTreeMap::new() };
            let _ = write_frame(raw, &answer, b"{}");
        }
        // A C library that prints must not end up between two frames.
        "chatter" => println!("leptonica says hello"),
        "spin" => {
            let _ = limits::allow_processor_time(0);
            loop {
                std::hint::spin_loop();
            }
        }
        "unreadable" => {
            return Err(Unreadable { reason: ReasonCode::FileUnreadable, message: "as told".to_owned() });
        }
        "try" => {
            let text = match attempt(argument) {
                Ok(got) => format!("got {got}"),
                Err(error) => format!("refused {}", error.raw_os_error().unwrap_or_default()),
            };
            let reading = CardReading { text, ..CardReading::default() };
            return Ok(ReadCard { reading, stage_ms: BTreeMap::new() });
        }
        _ => {}
    }
    let text = format!("{} asked {asked} claimed {claimed:?} pid {}", command, std::process::id());
    let reading = CardReading { text, ..CardReading::default() };
    Ok(ReadCard { reading, stage_ms: BTreeMap::from([("recognise".to_owned(), 1.5)]) })
}

/// What a reader that was taken over would try. Returns what it got.
///
/// # Errors
/// The system's refusal.
fn attempt(what: &str) -> Result<String> {
    let (what, argument) = what.split_once(' ').unwrap_or((what, ""));
    let id = argument.parse::<i32>().unwrap_or_default();
    let call = |answer: i64| if answer < 0 { Err(Error::last_os_error()) } else { Ok(answer.to_string()) };
    match what {
        "read" => {
            let mut start = [0; 64];
            let bytes = File::open(argument)?.read(&mut start)?;
            Ok(bytes.to_string())
        }
        "rewrite" => File::options().write(true).open(argument).map(|_| String::new()),
        "create" => File::create(argument).and_then(|mut file| file.write_all(b"x")).map(|()| String::new()),
        "list" => std::fs::read_dir(argument).map(|entries| entries.count().to_string()),
        "connect" => std::net::TcpStream::connect(argument).map(|_| String::new()),
        "thread" => std::thread::Builder::new()
            .spawn(|| {})?
            .join()
            .map(|()| String::new())
            .map_err(|_| Error::other("")),
        "signal" => nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None)
            .map(|()| String::new())
            .map_err(Error::from),
        "environment" => {
            let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
            Ok(names.collect::<Vec<_>>().join(" "))
        }
        // The library's own `fstat` takes the call that can also name a file.
        "descriptors" => Ok((0..256)
            .filter(|n| {
                let mut about = std::mem::MaybeUninit::<libc::stat>::uninit();
                // SAFETY: the call writes into the one place it is given, which is large enough.
                unsafe { libc::syscall(libc::SYS_fstat, *n, about.as_mut_ptr()) == 0 }
            })
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(" ")),
        // SAFETY: the child does nothing but end.
        "fork" => match unsafe { libc::fork() } {
            0 => unsafe { libc::_exit(0) },
            child => call(child.into()),
        },
        // SAFETY: both strings end in NUL, both lists in a null pointer.
        "execute" => call(i64::from(unsafe {
            libc::execve(
                c"/bin/true".as_ptr(),
                [c"true".as_ptr(), std::ptr::null()].as_ptr(),
                [std::ptr::null()].as_ptr(),
            )
        })),
        // SAFETY: attaching touches none of this process's memory.
        "trace" => call(unsafe {
            libc::ptrace(libc::PTRACE_SEIZE, id, std::ptr::null_mut::<u8>(), std::ptr::null_mut::<u8>())
        }),
        "memory-of" => {
            let mut byte = 0_u8;
            let here = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
            let there = libc::iovec { iov_base: attempt as *mut _, iov_len: 1 };
            // SAFETY: `here` is one byte of this frame; `there` is only read, and in another process.
            call(i64::try_from(unsafe { libc::process_vm_readv(id, &here, 1, &there, 1, 0) }).unwrap_or(-1))
        }
        // SAFETY: a new mapping that is never touched.
        "code" => {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let rights = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
            let at = unsafe { libc::mmap(std::ptr::null_mut(), 4096, rights, flags, -1, 0) };
            call(if at == libc::MAP_FAILED { -1 } else { 0 })
        }
        // SAFETY: these touch no memory of this process.
        "socket" => call(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0) }.into()),
        "memory-file" => call(unsafe { libc::memfd_create(c"x".as_ptr(), 0) }.into()),
        "root" => call(unsafe { libc::syscall(libc::SYS_setuid, 0) }),
        "namespace" => call(unsafe { libc::unshare(libc::CLONE_NEWUTS) }.into()),
        "duplicate" => call(unsafe { libc::dup(0) }.into()),
        "limits-of" => {
            let all = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
            // SAFETY: `all` is read, and nothing is written.
            call(unsafe { libc::prlimit(id, libc::RLIMIT_NOFILE, &all, std::ptr::null_mut()) }.into())
        }
        _ => Err(Error::other("no such attempt")),
    }
}
