//! Injects the planned faults into the running stack, and counts them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::schedule::{Action, Planned};
use crate::faults::fault_proxy::FaultRates;
use crate::simulators::buli2::Health;
use crate::stack::Proxies;
use crate::stack::deploy::Deployment;
use crate::{Result, Stack, paths};

/// A worker must end within 30 s after SIGTERM; the rest is for two busy cores.
const GONE: Duration = Duration::from_secs(35);
/// How long to search for a worker that is processing a document.
const BUSY_PATIENCE: Duration = Duration::from_secs(2);

/// How often each fault happened.
pub type Counts = BTreeMap<&'static str, u64>;

/// Injects faults into a stack.
pub struct Faults<'a> {
    stack: &'a mut Stack,
    dice: StdRng,
    accepted: Arc<Mutex<Vec<String>>>,
    running: Vec<usize>,
    frozen: Option<usize>,
    ending: Vec<(usize, Instant)>,
    /// Number of injected faults by name.
    pub counts: Counts,
    /// Unexpected behaviour of a process.
    pub violations: Vec<String>,
}

impl<'a> Faults<'a> {
    /// For a stack with running workers. Messages of the `accepted` documents may be sent again.
    pub fn new(stack: &'a mut Stack, seed: u64, accepted: Arc<Mutex<Vec<String>>>) -> Result<Self> {
        stack.buli2.set_seed(seed);
        let proxies = proxies(stack)?;
        for (n, proxy) in (1..).zip([&proxies.storage, &proxies.queues, &proxies.functions]) {
            proxy.set_seed(seed.wrapping_add(n));
        }
        let running = (0..stack.workers.len()).collect();
        Ok(Self {
            stack,
            dice: StdRng::seed_from_u64(seed.wrapping_add(100)),
            accepted,
            running,
            frozen: None,
            ending: Vec::new(),
            counts: Counts::new(),
            violations: Vec::new(),
        })
    }

    /// Injects each planned fault at its time.
    pub async fn run(&mut self, plan: &[Planned], started: Instant) -> Result<()> {
        for planned in plan {
            tokio::time::sleep_until((started + planned.at).into()).await;
            self.bring(planned.action).await?;
            self.watch_ends();
        }
        Ok(())
    }

    /// Ends all faults and adds the counts of the proxies.
    pub async fn stop(&mut self) -> Result<()> {
        let proxies = proxies(self.stack)?;
        for proxy in [&proxies.storage, &proxies.queues, &proxies.functions] {
            proxy.set_rates(FaultRates::default());
        }
        self.stack.queue_proxy.open();
        self.stack.buli2.set_health(Health::Well);
        let seen = [
            ("storage", proxies.storage.counts()),
            ("queues", proxies.queues.counts()),
            ("functions", proxies.functions.counts()),
        ];
        for (name, seen) in seen {
            let [refused, lost, hung] = match name {
                "storage" => ["storage answers 500", "storage does it and answers 500", "storage hangs"],
                "queues" => ["queue answers 500", "queue does it and answers 500", "queue hangs"],
                _ => ["invocation fails or is refused", "function's answer is lost", "function times out"],
            };
            for (name, count) in [(refused, seen.refused), (lost, seen.lost), (hung, seen.hung)] {
                if count > 0 {
                    self.counts.insert(name, count);
                }
            }
        }
        self.thaw()?;
        for index in self.running.clone() {
            if !self.stack.workers[index].is_running() {
                self.violations.push(format!("worker {} died by itself", index + 1));
            }
        }
        while !self.ending.is_empty() {
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.watch_ends();
        }
        Ok(())
    }

    fn count(&mut self, what: &'static str, times: u64) {
        *self.counts.entry(what).or_default() += times;
    }

    async fn bring(&mut self, action: Action) -> Result<()> {
        match action {
            Action::KillWorker => {
                let Some(index) = self.busy_worker().await else { return Ok(()) };
                self.stack.workers[index].kill();
                self.count("worker killed (SIGKILL)", 1);
                self.replace(index)?;
            }
            Action::EndWorker => {
                let Some(index) = self.busy_worker().await else { return Ok(()) };
                self.stack.workers[index].signal(Signal::SIGTERM)?;
                self.ending.push((index, Instant::now()));
                self.count("worker ended (SIGTERM)", 1);
                self.replace(index)?;
            }
            Action::FreezeWorker => {
                if let Some(index) = self.busy_worker().await {
                    self.stack.workers[index].signal(Signal::SIGSTOP)?;
                    self.frozen = Some(index);
                    self.count("worker frozen beyond its lease", 1);
                }
            }
            Action::ThawWorker => self.thaw()?,
            Action::KillReader => self.kill_reader(),
            Action::KillFunction(name) => self.kill_function(name)?,
            Action::StopPostgres => {
                let postgres = Arc::clone(&self.stack.postgres);
                tokio::task::spawn_blocking(move || postgres.stop()).await??;
            }
            Action::StartPostgres => {
                let postgres = Arc::clone(&self.stack.postgres);
                tokio::task::spawn_blocking(move || postgres.resume()).await??;
                self.count("Postgres killed and restarted", 1);
            }
            Action::StopRedis => self.stack.redis.stop(),
            Action::StartRedis => {
                self.stack.redis.resume()?;
                self.count("Redis away", 1);
            }
            Action::CloseQueues => {
                self.stack.queue_proxy.close();
                self.count("queues unreachable", 1);
            }
            Action::OpenQueues => self.stack.queue_proxy.open(),
            Action::Queues(rates) => proxies(self.stack)?.queues.set_rates(rates),
            Action::Storage(rates) => proxies(self.stack)?.storage.set_rates(rates),
            Action::Functions(rates) => proxies(self.stack)?.functions.set_rates(rates),
            Action::Buli2(health) => {
                self.stack.buli2.set_health(health);
                match health {
                    Health::Well => {}
                    Health::Hangs => self.count("BULI2 hangs", 1),
                    Health::LosesAnswers => self.count("BULI2 takes reviews and answers 500", 1),
                    Health::Answers(..) | Health::Echoes(_) => self.count("BULI2 answers 429 or 5xx", 1),
                }
            }
            Action::CopyMessages(count) => self.copy_messages(count).await,
            Action::HoldMessages(seconds) => self.hold_messages(seconds).await,
            Action::RaceSchedules => self.race_schedules(),
        }
        Ok(())
    }

    /// Index of a worker that is processing a document, or of any worker if none is found in time.
    async fn busy_worker(&mut self) -> Option<usize> {
        let candidates: Vec<usize> =
            self.running.iter().copied().filter(|index| Some(*index) != self.frozen).collect();
        if candidates.is_empty() {
            return None;
        }
        let deadline = Instant::now() + BUSY_PATIENCE;
        let first = self.dice.random_range(0..candidates.len());
        while Instant::now() < deadline {
            for n in 0..candidates.len() {
                let index = candidates[(first + n) % candidates.len()];
                let health = self.stack.workers[index].health().await.unwrap_or_default();
                if health["inFlight"].as_u64() > Some(0) {
                    return Some(index);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(candidates[first])
    }

    fn replace(&mut self, index: usize) -> Result<()> {
        self.running.retain(|running| *running != index);
        self.stack.spawn_worker()?;
        self.running.push(self.stack.workers.len() - 1);
        Ok(())
    }

    fn thaw(&mut self) -> Result<()> {
        match self.frozen.take() {
            Some(index) => self.stack.workers[index].signal(Signal::SIGCONT),
            None => Ok(()),
        }
    }

    /// Checks that workers end in time after SIGTERM.
    fn watch_ends(&mut self) {
        let (stack, violations) = (&mut *self.stack, &mut self.violations);
        self.ending.retain(|(index, asked)| {
            if !stack.workers[*index].is_running() {
                return false;
            }
            if asked.elapsed() > GONE {
                violations.push(format!("worker {} is not gone {GONE:?} after SIGTERM", index + 1));
                return false;
            }
            true
        });
    }

    fn kill_reader(&mut self) {
        let workers: Vec<u32> = self.running.iter().map(|index| self.stack.workers[*index].id()).collect();
        let readers: Vec<u32> = processes()
            .filter(|(_, stat)| parent(stat).is_some_and(|pid| workers.contains(&pid)))
            .map(|(pid, _)| pid)
            .collect();
        if readers.is_empty() {
            return;
        }
        let victim = readers[self.dice.random_range(0..readers.len())];
        if kill_now(victim) {
            self.count("reader killed (SIGKILL)", 1);
        }
    }

    fn kill_function(&mut self, name: &str) -> Result<()> {
        let program = paths::program(name)?;
        let ours = format!("FILOT_STACK_LOGS={}", self.stack.logs().display());
        let mut killed = 0;
        for (pid, _) in processes() {
            let process = Path::new("/proc").join(pid.to_string());
            // The process may have ended meanwhile.
            let is_ours = std::fs::read_link(process.join("exe")).is_ok_and(|exe| exe == program)
                && std::fs::read(process.join("environ"))
                    .is_ok_and(|all| all.split(|byte| *byte == 0).any(|one| one == ours.as_bytes()));
            killed += u64::from(is_ours && kill_now(pid));
        }
        self.count("function instance killed (SIGKILL)", killed);
        Ok(())
    }

    /// Sends messages of accepted documents again, some of them delayed.
    async fn copy_messages(&mut self, count: u32) {
        let known = self.accepted.lock().map(|known| known.clone()).unwrap_or_default();
        if known.is_empty() {
            return;
        }
        let (sqs, queue) = (self.stack.sqs(), self.stack.deployment.cpu_queue_url.clone());
        let mut sent = 0;
        for _ in 0..count {
            // Half of them are of documents that a worker is processing now, if the database can be asked.
            let busy = if self.dice.random_bool(0.5) {
                self.in_work().await.unwrap_or_default()
            } else {
                Vec::new()
            };
            let from = if busy.is_empty() { &known } else { &busy };
            let body = json!({
                "documentId": from[self.dice.random_range(0..from.len())],
                "correlationId": "a-message-that-came-again",
                "enqueuedAt": chrono::Utc::now().to_rfc3339(),
            });
            let delay = if self.dice.random_bool(0.3) { self.dice.random_range(1..15) } else { 0 };
            let message =
                sqs.send_message().queue_url(&queue).message_body(body.to_string()).delay_seconds(delay);
            sent += u64::from(message.send().await.is_ok());
        }
        self.count("message delivered again", sent);
    }

    async fn in_work(&self) -> Result<Vec<String>> {
        let sql = "SELECT id::text FROM documents WHERE status = 'processing' AND lease_until > now()";
        let rows = self.stack.database.owner().await?.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn hold_messages(&mut self, seconds: i32) {
        let held = self
            .stack
            .sqs()
            .receive_message()
            .queue_url(&self.stack.deployment.cpu_queue_url)
            .max_number_of_messages(10)
            .visibility_timeout(seconds)
            .wait_time_seconds(0)
            .send()
            .await;
        let held = held.ok().and_then(|answer| answer.messages).map_or(0, |messages| messages.len());
        self.count("message received and dropped, or delayed", held as u64);
    }

    fn race_schedules(&mut self) {
        for function in ["sweeper", "review-dispatch", "sweeper", "review-dispatch"] {
            let call = self
                .stack
                .lambda()
                .invoke()
                .function_name(Deployment::function(function))
                .payload(aws_sdk_lambda::primitives::Blob::new("{}"))
                .send();
            // Failures are expected.
            tokio::spawn(call);
        }
        self.count("two sweepers and two dispatchers at once", 1);
    }
}

fn proxies(stack: &Stack) -> Result<&Proxies> {
    Ok(stack.proxies.as_ref().ok_or("the stack was started without proxies")?)
}

/// Id of every process, and its line in `/proc/<pid>/stat`.
fn processes() -> impl Iterator<Item = (u32, String)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().filter_map(std::result::Result::ok);
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        Some((pid, std::fs::read_to_string(entry.path().join("stat")).ok()?))
    })
}

/// The parent process in a line of `/proc/<pid>/stat`: the second field after the name in brackets.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn kill_now(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok())
}
