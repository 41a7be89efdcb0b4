//! Measurements in turns: round after round, each window once, so that what the machine does meanwhile meets all of
//! them alike. Ratios are taken within a round.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};

use crate::figure::{Figure, Measured, Target, Unit, grouped};
use crate::stage::{Sample, Stage};
use crate::stats::Spread;

type Measure<'a> = Box<dyn FnMut(&Stage) -> anyhow::Result<Sample> + 'a>;

#[derive(Default)]
pub struct Turns<'a> {
    windows: Vec<(&'static str, Measure<'a>)>,
    samples: BTreeMap<&'static str, Result<Vec<Sample>, String>>,
}

impl<'a> Turns<'a> {
    pub fn add(&mut self, name: &'static str, measure: impl FnMut(&Stage) -> anyhow::Result<Sample> + 'a) {
        self.windows.push((name, Box::new(measure)));
    }

    /// A window that fails is not tried again; its figures say why.
    pub fn run(&mut self, stage: &Stage) {
        for round in 1..=stage.pace.rounds {
            for (name, measure) in &mut self.windows {
                let samples = self.samples.entry(name).or_insert_with(|| Ok(Vec::new()));
                let Ok(done) = samples else { continue };
                match measure(stage) {
                    Ok(sample) => {
                        eprintln!(
                            "round {round} of {}  {name}: {}/s",
                            stage.pace.rounds,
                            grouped(sample.rate)
                        );
                        done.push(sample);
                    }
                    Err(error) => {
                        eprintln!("round {round} of {}  {name}: {error:#}", stage.pace.rounds);
                        *samples = Err(format!("{name}: {error:#}"));
                    }
                }
            }
        }
    }

    fn samples(&self, name: &str) -> anyhow::Result<&[Sample]> {
        let samples = self.samples.get(name).with_context(|| format!("{name} was not measured"))?;
        samples.as_deref().map_err(|error| anyhow!(error.clone()))
    }

    /// What each round gave.
    pub fn each(&self, name: &str, pick: impl Fn(&Sample) -> f64) -> anyhow::Result<Vec<f64>> {
        Ok(self.samples(name)?.iter().map(pick).collect())
    }

    pub fn spread(&self, name: &str, pick: impl Fn(&Sample) -> f64) -> anyhow::Result<Spread> {
        Spread::of(self.each(name, pick)?).context("there was no round")
    }

    /// The rate of one window over the rate of another, with both beside it.
    pub fn ratio(&self, figure: impl Into<String>, name: &str, base: &str, target: Target) -> Figure {
        Figure::new(figure, Unit::Ratio, target, self.ratio_of(name, base))
    }

    fn ratio_of(&self, name: &str, base: &str) -> anyhow::Result<Measured> {
        let rate = |sample: &Sample| sample.rate;
        let ratios = Spread::of_ratios(&self.each(name, rate)?, &self.each(base, rate)?);
        let beside = format!("{} against {}", self.describe(name)?, self.describe(base)?);
        Ok((ratios.context("there was no round")?, beside))
    }

    /// The rate of one window.
    pub fn rate(&self, figure: impl Into<String>, name: &str, target: Target) -> Figure {
        let measured = || Ok((self.spread(name, |sample| sample.rate)?, self.describe(name)?));
        Figure::new(figure, Unit::PerSecond, target, measured())
    }

    /// A rate with its spread and what each answer costs of the processor.
    fn describe(&self, name: &str) -> anyhow::Result<String> {
        let rate = self.spread(name, |sample| sample.rate)?;
        let service = self.spread(name, |sample| sample.service_us)?.median;
        let postgres = self.spread(name, |sample| sample.postgres_us)?.median;
        let costs = match service > 0.0 {
            true => format!("{service:.0} + {postgres:.0} µs"),
            false => format!("{postgres:.0} µs"),
        };
        let [median, least, most] = [rate.median, rate.least, rate.most].map(grouped);
        Ok(format!("{median}/s [{least}..{most}; {costs}]"))
    }
}
