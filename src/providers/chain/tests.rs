//! Chains of scripted upstreams, under paused time.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use super::*;
use crate::{
    domain::SpecKey,
    providers::{GenerationStats, Phase},
    resilience::PoolRefusal,
    telemetry::Metrics,
};

const SECOND: Duration = Duration::from_secs(1);

/// What an upstream does.
#[derive(Clone)]
enum Script {
    /// Fails before its first word.
    Refuse(ProviderError),
    /// Says nothing until the call's time for a first word is over.
    Hang,
    /// Says these words, then breaks off with the error, or ends.
    Say(&'static [&'static str], Option<ProviderError>),
    /// The same, but what it said before the last word was reasoning.
    Correct(&'static [&'static str]),
}

use Script::{Correct, Hang, Refuse, Say};

/// What an upstream was asked.
type Asked = Arc<Mutex<Vec<GenerationRequest>>>;

struct Scripted {
    script: Script,
    asked: Asked,
}

#[async_trait]
impl Generator for Scripted {
    fn provider(&self) -> ProviderKind {
        ProviderKind::Ollama
    }

    fn model(&self) -> &str {
        "m"
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        self.asked.lock().push(request.clone());
        let text = |word: &&str| Ok(GenerationEvent::Text((*word).to_owned()));
        let done = Ok(GenerationEvent::Done(GenerationStats::default()));
        let events: Vec<Result<GenerationEvent, ProviderError>> = match &self.script {
            Refuse(error) => return Err(error.clone()),
            Hang => {
                request.first_token_call().expired().await;
                return Err(ProviderError::Deadline);
            }
            Say(words, error) => words.iter().map(text).chain([error.clone().map_or(done, Err)]).collect(),
            Correct([before @ .., last]) => {
                before.iter().map(text).chain([Ok(GenerationEvent::Restart), text(last), done]).collect()
            }
            Correct([]) => vec![done],
        };
        Ok(futures::stream::iter(events).boxed())
    }

    async fn prompt_tokens(&self, _: &[Message], _: &CallContext) -> Option<usize> {
        match self.script {
            Hang => None,
            Refuse(_) => Some(100),
            _ => Some(200),
        }
    }
}

fn connect() -> ProviderError {
    ProviderError::Connect { provider: ProviderKind::Ollama, url: "http://x".into(), reason: "refused".into() }
}

fn broken() -> ProviderError {
    ProviderError::Broken { provider: ProviderKind::Ollama, reason: "reset".into() }
}

fn busy() -> ProviderError {
    ProviderError::Busy { provider: ProviderKind::Ollama, refusal: PoolRefusal::Full { wait: SECOND } }
}

fn auth() -> ProviderError {
    ProviderError::Auth { provider: ProviderKind::Ollama, status: 401 }
}

/// A chain of upstreams called a, b, c …, and what each was asked.
fn chain(scripts: &[Script]) -> (ChainGenerator, Vec<Asked>, Arc<Metrics>) {
    let asked: Vec<Asked> = scripts.iter().map(|_| Arc::default()).collect();
    let links: Vec<Link> = scripts
        .iter()
        .zip('a'..)
        .zip(&asked)
        .map(|((script, name), asked)| Link {
            author: Arc::new(Author { name: name.into(), provider: ProviderKind::Ollama, model: format!("m{name}") }),
            weight: 1,
            generator: Arc::new(Scripted { script: script.clone(), asked: Arc::clone(asked) }),
        })
        .collect();
    let metrics = Arc::new(Metrics::new());
    let chain = ChainGenerator::new("auto", links, UpstreamOrder::Listed, || 0.5, metrics.failovers());
    (chain, asked, metrics)
}

fn request(call: CallContext) -> GenerationRequest {
    GenerationRequest {
        spec: SpecKey::new([]),
        question: "q".into(),
        passages: ["the passage".to_owned()].into(),
        messages: [Message { role: Role::User, content: "q".into() }].into(),
        call,
        stand_in: false,
        first_token_by: None,
        reasoning: false,
        most_tokens: None,
    }
}

/// The answer as it is read: `a:` before what a wrote; how it ended.
async fn read(chain: &ChainGenerator, call: CallContext) -> (String, Result<(), ProviderError>) {
    let mut read = String::new();
    let mut events = match chain.generate(request(call)).await {
        Ok(events) => events,
        Err(error) => return (read, Err(error)),
    };
    while let Some(event) = events.next().await {
        match event {
            Ok(GenerationEvent::Author(author)) => read += &format!("{}:", author.name),
            Ok(GenerationEvent::Text(text)) => read += &text,
            Ok(GenerationEvent::Restart) => read.clear(),
            Ok(GenerationEvent::Reasoning(_)) => {}
            Ok(GenerationEvent::Done(_)) => return (read, Ok(())),
            Err(error) => return (read, Err(error)),
        }
    }
    panic!("the stream ended without an end")
}

async fn answer(scripts: &[Script]) -> (String, Option<&'static str>) {
    let (read, end) = read(&chain(scripts).0, CallContext::within(60 * SECOND)).await;
    (read, end.err().map(|error| error.kind()))
}

const WHOLE: Script = Say(&["It is ", "red."], None);

#[tokio::test(start_paused = true)]
async fn the_first_that_can_answers() {
    assert_eq!(answer(&[WHOLE, Hang]).await, ("a:It is red.".into(), None));
    assert_eq!(answer(&[Refuse(connect()), Refuse(auth()), WHOLE]).await, ("c:It is red.".into(), None));
    assert_eq!(answer(&[Refuse(busy()), WHOLE]).await, ("b:It is red.".into(), None));
}

#[tokio::test(start_paused = true)]
async fn who_breaks_off_is_continued_by_the_next() {
    let cut = Say(&["It ", "is"], Some(broken()));
    assert_eq!(answer(&[cut.clone(), Say(&["red."], None)]).await, ("a:It isb: red.".into(), None));
    assert_eq!(
        answer(&[cut.clone(), Refuse(connect()), Say(&["It is ", "red."], None)]).await,
        ("a:It isc: red.".into(), None)
    );
    // One that breaks off while it goes on is continued, too.
    let more = Say(&["dark"], Some(broken()));
    assert_eq!(answer(&[cut, more, Say(&["red."], None)]).await, ("a:It isb: darkc: red.".into(), None));
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_is_shown_what_is_there_and_the_same_passages() {
    let (chain, asked, metrics) = chain(&[Say(&["It is"], Some(broken())), WHOLE]);
    read(&chain, CallContext::within(60 * SECOND)).await.1.unwrap();
    let second = asked[1].lock()[0].clone();
    assert_eq!(*second.passages, ["the passage".to_owned()]);
    let told: Vec<(Role, &str)> =
        second.messages.iter().map(|message| (message.role, message.content.as_str())).collect();
    assert_eq!(told, [(Role::User, "q"), (Role::Assistant, "It is"), (Role::User, GO_ON)]);
    assert!(metrics.render().contains(r#"ollama_rag_failovers_total{at="middle",upstream="a"} 1"#));
}

#[tokio::test(start_paused = true)]
async fn when_nobody_can_go_on_the_answer_is_cut_with_the_first_reason() {
    let cut = Say(&["It is"], Some(broken()));
    assert_eq!(answer(std::slice::from_ref(&cut)).await, ("a:It is".into(), Some("broken")));
    assert_eq!(answer(&[cut.clone(), Refuse(connect())]).await, ("a:It is".into(), Some("broken")));
    assert_eq!(answer(&[cut, Refuse(auth()), Refuse(busy())]).await, ("a:It is".into(), Some("broken")));
}

#[tokio::test(start_paused = true)]
async fn reasoning_that_is_taken_back_leaves_what_others_wrote() {
    let read = answer(&[Say(&["It is"], Some(broken())), Correct(&["Let me see. ", "red."])]).await;
    assert_eq!(read, ("a:It isb: red.".into(), None));
    assert_eq!(answer(&[Correct(&["Let me see. ", "It is red."])]).await, ("a:It is red.".into(), None));
}

#[tokio::test(start_paused = true)]
async fn of_many_errors_the_most_telling_is_passed_on() {
    for (scripts, kind) in [
        (vec![Refuse(connect()), Refuse(busy())], "connect"),
        (vec![Refuse(auth()), Refuse(connect())], "connect"),
        (vec![Refuse(busy()), Refuse(auth())], "busy"),
        (vec![Refuse(auth())], "auth"),
        (vec![], "deadline"),
    ] {
        assert_eq!(answer(&scripts).await, (String::new(), Some(kind)));
    }
}

#[tokio::test(start_paused = true)]
async fn each_has_an_equal_part_of_the_time_that_is_left() {
    let (chain, asked, _) = chain(&[Hang, Hang, WHOLE]);
    let started = Instant::now();
    let (read, _) = read(&chain, CallContext::within(30 * SECOND)).await;
    assert_eq!((read.as_str(), started.elapsed().as_secs()), ("c:It is red.", 20));
    // The last one has all of the rest.
    assert_eq!(asked[2].lock()[0].first_token_by, None);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_when_the_time_is_over() {
    let (chain, asked, _) = chain(&[Refuse(connect()), WHOLE]);
    let call = CallContext::within(SECOND);
    sleep(2 * SECOND).await;
    assert!(matches!(read(&chain, call).await.1, Err(ProviderError::Deadline)));
    assert!(asked.iter().all(|asked| asked.lock().is_empty()));
}

#[tokio::test]
async fn a_prompt_must_fit_the_smallest_window() {
    let call = CallContext::within(SECOND);
    let least = async |scripts: &[Script]| chain(scripts).0.prompt_tokens(&[], &call).await;
    assert_eq!(least(&[WHOLE, Refuse(connect()), Hang]).await, Some(100));
    assert_eq!(least(&[Hang]).await, None);
    let timeout = ProviderError::Timeout { provider: ProviderKind::Ollama, url: String::new(), phase: Phase::Idle };
    assert_eq!(chain(&[Refuse(timeout), WHOLE]).0.model(), "ma,mb");
}
