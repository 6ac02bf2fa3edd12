//! Asks targets, each in a task of its own.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::clock::MonitorClock;
use crate::{
    monitor::{
        model::Message,
        pace::{PATIENCE, Pace},
    },
    observe::{Observation, Scraper, Trouble},
    telemetry::{ServiceUrl, mask_url},
};

/// The first looks are spread over this time, or the interval when that is shorter.
const SPREAD: Duration = Duration::from_millis(500);

/// Asks targets until it is dropped.
pub struct Poller {
    _tasks: JoinSet<()>,
}

/// Connections to all targets.
#[derive(Clone)]
pub struct Web {
    /// As the environment says, perhaps through a proxy.
    outside: reqwest::Client,
    /// To this machine: no proxy could reach that.
    here: reqwest::Client,
}

impl Web {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        // The limit that counts is the pace's; this one only ends what nobody waits for any more.
        let builder = || reqwest::Client::builder().timeout(PATIENCE * 2).http1_only();
        Ok(Self { outside: builder().build()?, here: builder().no_proxy().build()? })
    }

    fn to(&self, url: &ServiceUrl) -> reqwest::Client {
        if url.is_this_machine() { self.here.clone() } else { self.outside.clone() }
    }
}

impl Poller {
    /// Asks targets and tells what comes of it. A target that is no URL is told of, too.
    pub fn start(
        web: &Web,
        targets: &[WatchTarget],
        pace: &watch::Receiver<Pace>,
        tell: &mpsc::Sender<Message>,
        seed: u64,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let spread = SPREAD.min(pace.borrow().interval);
        for (number, target) in targets.iter().enumerate() {
            let asker = Asker {
                number,
                scraper: scraper(web, target),
                rng: fastrand::Rng::with_seed(seed.wrapping_add(number as u64)),
                pace: pace.clone(),
                tell: tell.clone(),
            };
            let first = spread.mul_f64(number as f64 / targets.len() as f64);
            tasks.spawn(asker.run(first));
        }
        Self { _tasks: tasks }
    }
}

/// A server to watch, as it was named: it may be no URL, and may hold a password all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct WatchTarget {
    /// Its URL; `None` when its name is none.
    url: Option<ServiceUrl>,
    /// Its name without what may be secret.
    shown: String,
}

impl fmt::Debug for WatchTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown)
    }
}

impl WatchTarget {
    /// A server by its name.
    pub fn new(name: &str) -> Self {
        let name = name.trim_end_matches('/');
        let url: Option<ServiceUrl> = name.parse().ok();
        let shown = url.as_ref().map_or_else(|| mask_url(name), ServiceUrl::to_string);
        // A route cannot stand behind a query.
        let url = url.filter(|url| url.expose().query().is_none() && url.expose().fragment().is_none());
        Self { url, shown }
    }

    /// Its name, as messages and recordings have it.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// The scraper of a target, or the reason why there is none.
pub fn scraper(web: &Web, target: &WatchTarget) -> Result<Arc<Scraper>, Trouble> {
    let url = target.url.as_ref().ok_or(Trouble::NoUrl)?;
    Ok(Arc::new(Scraper::new(web.to(url), url)))
}

/// Asks once, within a time.
///
/// # Errors
/// The reason why the target did not answer with metrics.
pub async fn ask(scraper: &Result<Arc<Scraper>, Trouble>, patience: Duration) -> Result<Observation, Trouble> {
    let scraper = scraper.as_ref().map_err(Clone::clone)?;
    scraper.scrape(patience).await
}

/// Asks one target.
struct Asker {
    number: usize,
    scraper: Result<Arc<Scraper>, Trouble>,
    rng: fastrand::Rng,
    pace: watch::Receiver<Pace>,
    tell: mpsc::Sender<Message>,
}

impl Asker {
    async fn run(mut self, first: Duration) {
        tokio::time::sleep(first).await;
        let mut failures = 0;
        loop {
            let started = Instant::now();
            let pace = *self.pace.borrow_and_update();
            let result = Box::new(ask(&self.scraper, pace.patience()).await);
            failures = if result.is_ok() { 0 } else { failures + 1 };
            let at = MonitorClock::Live.now();
            if self.tell.send(Message::Polled { target: self.number, at, result }).await.is_err() {
                return;
            }
            if self.wait(started, failures, pace.refresh).await.is_err() {
                return;
            }
        }
    }

    /// Waits for the next turn: until it is time, or until everybody is to be asked, which they were `refresh` times when
    /// this turn began. An error: nobody listens any more.
    async fn wait(&mut self, started: Instant, failures: u32, refresh: u64) -> Result<(), ()> {
        let chance = self.rng.f64();
        loop {
            let pace = *self.pace.borrow_and_update();
            let next = started + pace.wait(failures, chance);
            if pace.refresh != refresh {
                return Ok(());
            }
            tokio::select! {
                () = sleep_until(next) => return Ok(()),
                changed = self.pace.changed() => changed.map_err(drop)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(seconds: u64) -> Pace {
        Pace { interval: Duration::from_secs(seconds), refresh: 0 }
    }

    #[tokio::test]
    async fn what_is_no_url_is_told_and_the_others_are_asked() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let (tell, mut told) = mpsc::channel(16);
        let (_paces, pace) = watch::channel(pace(3_600));
        let targets = ["not a url", "ftp://x", "http://127.0.0.1:9"].map(WatchTarget::new);
        let _poller = Poller::start(&Web::new().unwrap(), &targets, &pace, &tell, 1);
        let mut troubles = vec![None; 3];
        while troubles.iter().any(Option::is_none) {
            if let Some(Message::Polled { target, result, .. }) = told.recv().await {
                troubles[target] = result.err();
            }
        }
        assert_eq!(troubles[0], Some(Trouble::NoUrl));
        assert_eq!(troubles[1], Some(Trouble::NoUrl));
        assert!(matches!(troubles[2], Some(Trouble::Unreachable(_))), "{troubles:?}");
    }

    #[tokio::test]
    async fn everybody_is_asked_at_once_when_the_user_wants_it() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let (tell, mut told) = mpsc::channel(16);
        let (paces, receiver) = watch::channel(pace(3_600));
        let _poller = Poller::start(&Web::new().unwrap(), &[WatchTarget::new("nowhere")], &receiver, &tell, 1);
        let mut polls = 0;
        while let Some(message) = told.recv().await {
            polls += usize::from(matches!(message, Message::Polled { .. }));
            if polls == 2 {
                return;
            }
            paces.send_modify(|pace| pace.refresh += 1);
        }
    }
}
