//! Where the time of a card goes: the spans that its library opens, summed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// Times by the path of spans.
type Times = Arc<Mutex<BTreeMap<String, (u32, Duration)>>>;

struct Spans(Times);

struct Open {
    path: String,
    start: Instant,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut phase = Phase(String::new());
        attributes.record(&mut phase);
        let Some(span) = context.span(id) else { return };
        let above = span.parent().and_then(|parent| {
            parent.extensions().get::<Open>().map(|open| open.path.clone() + " / ")
        });
        let path = above.unwrap_or_default() + &phase.0;
        span.extensions_mut().insert(Open { path, start: Instant::now() });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let extensions = span.extensions();
        let Some(open) = extensions.get::<Open>() else { return };
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, sum) = times.entry(open.path.clone()).or_default();
        (*count, *sum) = (*count + 1, *sum + open.start.elapsed());
    }
}

/// The field that names a span.
struct Phase(String);

impl Visit for Phase {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "phase" {
            self.0 = format!("{value:?}").trim_matches('"').to_owned();
        }
    }
}

/// Runs, and says where the time went; once in a process.
pub(crate) fn profile(run: impl FnOnce() -> Result<()>) -> Result<Vec<String>> {
    let times = Times::default();
    tracing::subscriber::set_global_default(Registry::default().with(Spans(Arc::clone(&times))))?;
    run()?;
    let times = times.lock().unwrap_or_else(PoisonError::into_inner);
    let line = |(path, (count, sum)): (&String, &(u32, Duration))| {
        format!("{:9.2} ms {count:4} x {path}", sum.as_secs_f64() * 1e3)
    };
    Ok(times.iter().map(line).collect())
}
