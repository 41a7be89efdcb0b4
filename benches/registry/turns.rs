//! Measurements in turns: round after round, each window once, so that what the machine does meanwhile meets all of
//! them alike. Ratios are taken within a round.

use anyhow::{Context as _, anyhow};

use crate::figure::{Figure, Measured, Target, Unit, grouped};
use crate::stage::Sample;
use crate::stats::Spread;

/// What a build may lose against another one: a tenth.
const KEPT: Target = Target::AtLeast(0.9);

type Measure<'a> = Box<dyn FnMut() -> anyhow::Result<Sample> + 'a>;

struct Window<'a> {
    name: String,
    /// Whether it measures the service, and not what that is held against.
    of_service: bool,
    measure: Measure<'a>,
    samples: Result<Vec<Sample>, String>,
}

#[derive(Default)]
pub struct Turns<'a> {
    windows: Vec<Window<'a>>,
}

impl<'a> Turns<'a> {
    pub fn add(&mut self, name: impl Into<String>, measure: impl FnMut() -> anyhow::Result<Sample> + 'a) {
        self.push(name.into(), true, Box::new(measure));
    }

    /// What the service is held against.
    pub fn add_yardstick(&mut self, name: &str, measure: impl FnMut() -> anyhow::Result<Sample> + 'a) {
        self.push(name.to_owned(), false, Box::new(measure));
    }

    fn push(&mut self, name: String, of_service: bool, measure: Measure<'a>) {
        self.windows.push(Window { name, of_service, measure, samples: Ok(Vec::new()) });
    }

    /// A window that fails is not tried again; its figures say why.
    pub fn run(&mut self, rounds: usize) {
        for round in 1..=rounds {
            for window in &mut self.windows {
                window.measure(&format!("round {round} of {rounds} "));
            }
        }
    }

    /// What the service does in each window against what another build does there: both in every round, and each the
    /// first of the two in every other one.
    pub fn against(mut self, mut base: Turns<'_>, rounds: usize) -> Vec<Figure> {
        for round in 1..=rounds {
            for (own, other) in self.windows.iter_mut().zip(&mut base.windows) {
                if !own.of_service {
                    continue;
                }
                let mut measure_own = || own.measure(&format!("round {round} of {rounds}  this "));
                let mut measure_base = || other.measure(&format!("round {round} of {rounds}  base "));
                if round % 2 == 0 {
                    measure_own();
                    measure_base();
                } else {
                    measure_base();
                    measure_own();
                }
            }
        }
        let pairs = self.windows.iter().zip(&base.windows).filter(|(own, _)| own.of_service);
        let figure = |(own, other): (&Window<'_>, &Window<'_>)| {
            Figure::new(format!("{}: this / base", own.name), Unit::Ratio, KEPT, ratio_of(own, other))
        };
        pairs.map(figure).collect()
    }

    fn window(&self, name: &str) -> anyhow::Result<&Window<'a>> {
        let window = self.windows.iter().find(|window| window.name == name);
        window.with_context(|| format!("{name} was not measured"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.windows.iter().any(|window| window.name == name)
    }

    pub fn spread(&self, name: &str, pick: impl Fn(&Sample) -> f64) -> anyhow::Result<Spread> {
        self.window(name)?.spread(pick)
    }

    /// The rate of one window over the rate of another, with both beside it.
    pub fn ratio(&self, figure: impl Into<String>, name: &str, base: &str, target: Target) -> Figure {
        let ratio = || ratio_of(self.window(name)?, self.window(base)?);
        Figure::new(figure, Unit::Ratio, target, ratio())
    }

    /// The rate of one window.
    pub fn rate(&self, figure: impl Into<String>, name: &str, target: Target) -> Figure {
        let measured = || {
            let window = self.window(name)?;
            Ok((window.spread(|sample| sample.rate)?, window.describe()?))
        };
        Figure::new(figure, Unit::PerSecond, target, measured())
    }
}

fn ratio_of(own: &Window<'_>, base: &Window<'_>) -> anyhow::Result<Measured> {
    let rate = |sample: &Sample| sample.rate;
    let ratios = Spread::of_ratios(&own.each(rate)?, &base.each(rate)?);
    let beside = format!("{} against {}", own.describe()?, base.describe()?);
    Ok((ratios.context("there was no round")?, beside))
}

impl Window<'_> {
    fn measure(&mut self, when: &str) {
        let Ok(done) = &mut self.samples else { return };
        match (self.measure)() {
            Ok(sample) => {
                eprintln!("{when} {}: {}/s", self.name, grouped(sample.rate));
                done.push(sample);
            }
            Err(error) => {
                eprintln!("{when} {}: {error:#}", self.name);
                self.samples = Err(format!("{}: {error:#}", self.name));
            }
        }
    }

    /// What each round gave.
    fn each(&self, pick: impl Fn(&Sample) -> f64) -> anyhow::Result<Vec<f64>> {
        let samples = self.samples.as_deref().map_err(|error| anyhow!(error.clone()))?;
        Ok(samples.iter().map(pick).collect())
    }

    fn spread(&self, pick: impl Fn(&Sample) -> f64) -> anyhow::Result<Spread> {
        Spread::of(self.each(pick)?).context("there was no round")
    }

    /// A rate with its spread and what each answer costs of the processor.
    fn describe(&self) -> anyhow::Result<String> {
        let rate = self.spread(|sample| sample.rate)?;
        let service = self.spread(|sample| sample.service_us)?.median;
        let postgres = self.spread(|sample| sample.postgres_us)?.median;
        let costs = match service > 0.0 {
            true => format!("{service:.0} + {postgres:.0} µs"),
            false => format!("{postgres:.0} µs"),
        };
        let [median, least, most] = [rate.median, rate.least, rate.most].map(grouped);
        Ok(format!("{median}/s [{least}..{most}; {costs}]"))
    }
}
