//! A run and what goes on beside it: the server's metrics, the upstream's faults, the progress bar or the live screen; then
//! its result, judged by its gates.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    faults::{FaultsError, ScenarioFaults},
    gate::Gate,
    plan::RunPlan,
    progress,
    result::{GateBody, ResultFile},
    run::{self, Ended, RunData, RunError},
    scenario::Scenario,
    screen,
    summary::{self, About},
    watch::ServerWatch,
};
use crate::{telemetry::ServiceUrl, util::terminal::tell};

/// Longest time between two looks at the server's metrics.
const LOOK: Duration = Duration::from_secs(2);

/// How a run is shown while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// A progress bar on stderr, where that is a terminal.
    Bar,
    /// The whole terminal.
    Screen {
        /// Whether colours are wanted.
        colors: bool,
    },
}

/// A run, and what goes on beside it.
pub struct BenchSession {
    /// The plan of the run.
    pub plan: RunPlan,
    /// When the measurement begins; `None`: as soon as the warm-up is over.
    pub start_at: Option<Timestamp>,
    /// The scenario that the plan is made from.
    pub scenario: Option<Scenario>,
    /// The fake upstream behind the server, which takes the scenario's faults.
    pub mock: Option<ServiceUrl>,
    /// Gates besides those of the scenario.
    pub gates: Vec<Gate>,
    /// Name of the queries.
    pub queries: String,
    /// Notes of the user, from `--tag`.
    pub tags: BTreeMap<String, String>,
    /// How the run is shown.
    pub display: Display,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The run did not begin.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The faults cannot be set.
    #[error(transparent)]
    ScenarioFaults(#[from] FaultsError),
}

/// The server's metrics and the upstream's faults, while the load goes on.
struct Meanwhile {
    watch: ServerWatch,
    faults: Option<ScenarioFaults>,
}

impl BenchSession {
    /// Runs the plan until it ends or `interrupt` is cancelled.
    ///
    /// # Errors
    /// A run that cannot begin.
    pub async fn run(self, interrupt: CancellationToken) -> Result<(ResultFile, Ended), SessionError> {
        let unset = self.mock.is_none() && self.scenario.as_ref().is_some_and(|scenario| !scenario.faults.is_empty());
        if unset {
            tell(format_args!(
                "the scenario's faults are not set: name the fake upstream behind the server with --mock"
            ));
        }
        let faults = match (&self.mock, &self.scenario) {
            (Some(mock), Some(scenario)) => Some(ScenarioFaults::prepare(mock, scenario.faults.clone()).await?),
            _ => None,
        };
        let target = self.plan.targets[0].clone();
        let every = self.plan.length().map_or(LOOK, |length| (length / 20).clamp(Duration::from_millis(100), LOOK));
        let meanwhile = Arc::new(Meanwhile { watch: ServerWatch::new(target, every), faults });
        let data = self.measure(&meanwhile, interrupt).await?;
        if let Some(faults) = &meanwhile.faults {
            faults.clear().await;
        }
        let about = About {
            queries: self.queries,
            scenario: self.scenario.as_ref().map(|scenario| scenario.name.clone()),
            tags: self.tags,
            server: meanwhile.watch.finish().await,
        };
        let mut result = summary::summarize(&self.plan, &data, about);
        if unset {
            result
                .warnings
                .push("The faults of the scenario were not set (no --mock): nothing failed on purpose.".into());
        }
        judge(&mut result, self.scenario.as_ref(), &self.gates);
        Ok((result, data.ended))
    }

    async fn measure(&self, meanwhile: &Arc<Meanwhile>, interrupt: CancellationToken) -> Result<RunData, RunError> {
        let (meanwhile, runtime) = (Arc::clone(meanwhile), Handle::current());
        let begin = move || {
            runtime.block_on(async {
                meanwhile.watch.begin().await;
                if let Some(faults) = &meanwhile.faults {
                    faults.begin().await;
                }
            });
        };
        let plan = self.plan.clone();
        match self.display {
            Display::Screen { colors } => screen::run(plan, self.start_at, begin, interrupt, colors).await,
            Display::Bar => {
                let (bar, show) = progress::of_run(&plan);
                let data = run::run(plan, self.start_at, begin, interrupt, show).await;
                bar.finish_and_clear();
                data
            }
        }
    }
}

/// Adds the verdicts of all gates, and of what the scenario expects.
fn judge(result: &mut ResultFile, scenario: Option<&Scenario>, gates: &[Gate]) {
    let of_scenario = scenario.map(|scenario| scenario.gates.as_slice()).unwrap_or_default();
    result.gates = of_scenario.iter().chain(gates).map(|gate| gate.judge(result)).collect();
    for (what, met, finding) in scenario.map(|scenario| scenario.expect.judge(result)).unwrap_or_default() {
        match met {
            None => result.warnings.push(format!("{what}: {finding}")),
            Some(met) => result.gates.push(GateBody {
                gate: what.into(),
                verdict: if met { "met" } else { "missed" }.into(),
                measured: finding,
            }),
        }
    }
}
